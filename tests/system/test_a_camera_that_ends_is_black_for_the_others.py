"""A camera that is unplugged, taken or forbidden during a call."""

from tests.system.conftest import Arrive
from tests.system.rooms import fresh

LISTEN = """() => {
    for (const name of ['deviceError', 'remoteCameraStatusUpdate', 'remoteMicStatusUpdate'])
        salon.engine.on(name, (...args) => salon.events.push({ name, args }));
}"""

# What a browser does when the device goes.
END = """([streamID, kind]) => {
    const [track] = salon.local[streamID].getTracks().filter((each) => each.kind === kind);
    track.stop();
    track.dispatchEvent(new Event('ended'));
}"""

REPAIR = """async (streamID) => {
    const [camera] = await salon.engine.getCameras();
    await salon.engine.useVideoDevice(salon.local[streamID], camera.deviceID);
}"""

BLACK_Y = 30  # 16 is black; the fake camera's green is far above


async def test_a_camera_that_ends_is_black_for_the_others(arrive: Arrive) -> None:
    room, stream = fresh("room"), fresh("stream")
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    for person in (alice, bob):
        assert await person.login(room) == {"ok": True}
    for person in (alice, bob):
        await person.call(LISTEN)
    assert await alice.publish(stream)
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
    await bob.play(stream)
    await bob.sees(stream)
    assert (await bob.call("(id) => salon.look(id)", stream))["y"] > BLACK_Y

    await alice.call(END, [stream, "video"])
    code, _ = await alice.wait_event("deviceError")
    assert code == 1106010
    await bob.wait_for(f"(id) => salon.look(id).y < {BLACK_Y}", stream)
    await bob.hears(stream)
    assert await bob.wait_event("remoteCameraStatusUpdate") == [stream, "MUTE"]

    # Who comes later sees black too, instead of waiting for a picture.
    carol = await arrive(fresh("carol"))
    await carol.call(LISTEN)
    assert await carol.login(room) == {"ok": True}
    await carol.play(stream)
    await carol.sees(stream, frames=2)
    assert (await carol.call("(id) => salon.look(id)", stream))["y"] < BLACK_Y
    assert await carol.wait_event("remoteCameraStatusUpdate") == [stream, "MUTE"]
    assert await carol.events("remoteMicStatusUpdate") == []

    # The app repairs it with a camera that lives.
    await alice.call(REPAIR, stream)
    await bob.wait_for(f"(id) => salon.look(id).y > {BLACK_Y}", stream)
    assert await bob.wait_event("remoteCameraStatusUpdate", "args[1] === 'OPEN'") == [stream, "OPEN"]
    await alice.call(END, [stream, "video"])
    await bob.wait_for(f"(id) => salon.look(id).y < {BLACK_Y}", stream)

    await alice.call(END, [stream, "audio"])
    await alice.wait_event("deviceError", "args[0] === 1106009")
    assert await carol.wait_event("remoteMicStatusUpdate") == [stream, "MUTE"]
    # Nothing of it lives: it is not published again.
    await alice.call("(id) => salon.engine.stopPublishingStream(id)", stream)
    assert await alice.call("(id) => salon.engine.startPublishingStream(id, salon.local[id])", stream) is False
    await alice.wait_event("publisherStateUpdate", "args[0].errorCode === 1103041")
