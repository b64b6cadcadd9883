"""A call between two browsers that something was taken away from, as older ones are: all that an app does most."""

import pytest

from tests.system.conftest import Arrive
from tests.system.older_browsers import REMOVALS
from tests.system.rooms import fresh

UNAVAILABLE = 1103075  # where the machine is too busy to beautify
LISTEN = """() => {
    const name = 'remoteCameraStatusUpdate';
    salon.engine.on(name, (...args) => salon.events.push({ name, args }));
}"""


@pytest.mark.parametrize("without", REMOVALS)
async def test_a_call_without(arrive: Arrive, without: str) -> None:
    room, camera, screen = fresh("room"), fresh("camera"), fresh("screen")
    alice, bob = await arrive(fresh("alice"), without=without), await arrive(fresh("bob"), without=without)
    await bob.call(LISTEN)
    for person in (alice, bob):
        assert await person.login(room) == {"ok": True}
    assert await alice.publish(camera, option={"videoCodec": "H264"})
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
    await bob.play(camera)
    await bob.sees(camera)
    await bob.hears(camera)

    for enable in (True, False):
        outcome = await alice.call("([id, on]) => salon.beauty(id, on)", [camera, enable])
        assert outcome["ok"], outcome
        assert outcome["errorCode"] in (0, UNAVAILABLE)
    await alice.call("(id) => salon.engine.mutePublishStreamVideo(salon.local[id], true)", camera)
    assert await bob.wait_event("remoteCameraStatusUpdate") == [camera, "MUTE"]

    # The other way round, in the sections of a stream that was stopped.
    await alice.unpublish(camera)
    await bob.wait_event("roomStreamUpdate", "args[1] === 'DELETE'")
    assert await alice.publish(screen, option={"videoCodec": "VP8"})
    await alice.wait_event("publisherStateUpdate", f"args[0].streamID === {screen!r} && args[0].state === 'PUBLISHING'")
    await bob.play(screen)
    await bob.sees(screen)
    await bob.hears(screen)
