import asyncio

import pytest

from tests.system.conftest import Arrive
from tests.system.rooms import fresh


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_two_people_see_and_hear_each_other(arrive: Arrive, codec: str) -> None:
    room = fresh("room")
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    for person in (alice, bob):
        await person.auto_play()
        assert await person.login(room) == {"ok": True}
    streams = {person.user_id: f"{person.user_id}-camera" for person in (alice, bob)}
    for person in (alice, bob):
        assert await person.publish(streams[person.user_id], None, {"videoCodec": codec})

    for watcher, other in ((alice, bob), (bob, alice)):
        stream = streams[other.user_id]
        frame = await watcher.sees(stream, frames=20)
        # The size that was asked for, although the publisher's bandwidth estimate has only begun to climb.
        assert (frame["width"], frame["height"]) == (640, 480)
        await watcher.hears(stream)
        assert await watcher.codecs_received() == {f"video/{codec}", "audio/opus"}


async def test_the_states_an_app_is_told_come_in_the_documented_order(arrive: Arrive) -> None:
    room = fresh("room")
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    await bob.auto_play()
    for person in (alice, bob):
        await person.login(room)
    stream = fresh("stream")
    await alice.publish(stream)
    await bob.sees(stream)
    told = [event["args"][1] for event in await alice.events("roomStateChanged")]
    assert told == ["LOGINING", "LOGINED"]
    told = [event["args"][1] for event in await alice.events("roomStateUpdate")]
    assert told == ["CONNECTING", "CONNECTED"]
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
    states = [event["args"][0]["state"] for event in await alice.events("publisherStateUpdate")]
    assert states == ["PUBLISH_REQUESTING", "PUBLISHING"]
    states = [event["args"][0]["state"] for event in await bob.events("playerStateUpdate")]
    assert states == ["PLAY_REQUESTING", "PLAYING"]
    added = (await bob.events("roomStreamUpdate"))[0]["args"]
    assert added[0] == room
    assert added[1] == "ADD"
    item = added[2][0]
    assert item["streamID"] == stream
    assert item["user"] == {"userID": alice.user_id, "userName": alice.user_id.title()}
    assert item["urlsFLV"] == ""


async def test_four_people_see_everybody_else(arrive: Arrive) -> None:
    room = fresh("room")
    people = [await arrive(fresh("person")) for _ in range(4)]
    for person in people:
        await person.auto_play()
        assert await person.login(room) == {"ok": True}
    small = {"camera": {"video": {"quality": 1}, "audio": True}}
    for person in people:
        await person.publish(f"{person.user_id}-camera", small, {"videoCodec": "VP8"})
    for person in people:
        for other in people:
            if other is not person:
                await person.sees(f"{other.user_id}-camera", frames=5)
                await person.hears(f"{other.user_id}-camera")

    leaver, *others = people
    await leaver.call("(room) => salon.engine.logoutRoom(room)", room)
    for person in others:
        gone = await person.wait_event("roomStreamUpdate", "args[1] === 'DELETE'")
        assert [item["streamID"] for item in gone[2]] == [f"{leaver.user_id}-camera"]
    survivor = others[0]
    for other in others[1:]:
        await survivor.sees(f"{other.user_id}-camera", frames=5)


async def test_a_newcomer_gets_the_existing_streams_and_users(arrive: Arrive) -> None:
    room = fresh("room")
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    await alice.login(room)
    stream = fresh("stream")
    await alice.publish(stream, None, {"extraInfo": "hello"})
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")

    await bob.login(room, userUpdate=True)
    added = await bob.wait_event("roomStreamUpdate")
    assert added[1] == "ADD"
    assert [(item["streamID"], item["extraInfo"]) for item in added[2]] == [(stream, "hello")]
    users = await bob.wait_event("roomUserUpdate")
    assert users == [room, "ADD", [{"userID": alice.user_id, "userName": alice.user_id.title()}]]
    assert await alice.events("roomUserUpdate") == []


async def test_a_person_may_play_the_own_stream(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    await alice.login(fresh("room"))
    stream = fresh("stream")
    await alice.publish(stream)
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
    assert await alice.events("roomStreamUpdate") == []
    await alice.play(stream)
    await alice.sees(stream)
    await alice.hears(stream)


async def test_stop_and_publish_again_under_the_same_id_is_seen_again(arrive: Arrive) -> None:
    room = fresh("room")
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    await bob.auto_play()
    await asyncio.gather(alice.login(room), bob.login(room))
    stream = fresh("stream")
    for _ in range(3):
        await alice.publish(stream)
        await bob.wait_for("(id) => salon.frames[id]", stream)
        await bob.sees(stream)
        await bob.hears(stream)
        await alice.unpublish(stream)
        await bob.wait_for("(id) => !salon.frames[id]", stream)
    sections = await alice.call("salon.connections[0].localDescription.sdp.match(/^m=/gm).length")
    assert sections == 2, "the offer grew although its sections were free again"


async def test_a_closed_tab_takes_its_streams_along(arrive: Arrive) -> None:
    """Without a word of good-bye the media connection ends, or at the latest the presence lease."""
    room = fresh("room")
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    await bob.auto_play()
    await asyncio.gather(alice.login(room), bob.login(room))
    stream = fresh("stream")
    await alice.publish(stream)
    await bob.wait_for("(id) => salon.frames[id]", stream)
    await bob.sees(stream)
    await alice.page.close()
    gone = await bob.wait_event("roomStreamUpdate", "args[1] === 'DELETE'", deadline_s=45)
    assert [item["streamID"] for item in gone[2]] == [stream]
