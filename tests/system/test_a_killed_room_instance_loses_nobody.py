"""Two room instances serve one room; one of them is ended with kill -9."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh


@pytest.fixture
def two_rooms(tmp_path: Path) -> Iterator[Cloud]:
    running = Cloud(tmp_path, presence_ttl_s=9)
    try:
        yield running.start(rooms=2)
    finally:
        running.stop()


async def test_users_of_a_killed_instance_come_back_through_the_other(arrive: Arrive, two_rooms: Cloud) -> None:
    room, stream = fresh("room"), fresh("stream")
    alice = await arrive(fresh("alice"), at=two_rooms, room=0)
    bob = await arrive(fresh("bob"), at=two_rooms, room=1)
    await bob.auto_play()
    await alice.login(room, userUpdate=True)
    await bob.login(room, userUpdate=True)
    await alice.publish(stream, None, {"videoCodec": "VP8"})
    await bob.wait_for("(id) => salon.frames[id]", stream)
    await bob.sees(stream)

    two_rooms.rooms[0].kill()
    await alice.wait_event("roomStateChanged", "args[1] === 'RECONNECTING' && args[2] === 1000017")
    await alice.wait_event("roomStateChanged", "args[1] === 'RECONNECTED'")
    await bob.sees(stream)
    await bob.call("(room) => salon.engine.sendBroadcastMessage(room, 'still here?')", room)
    told = await alice.wait_event("IMRecvBroadcastMessage")
    assert told[1][0]["message"] == "still here?"
    # Nobody noticed: no DELETE of the user or of the stream at the other side.
    deletes = (
        "salon.events.filter(({name, args}) => /^room(User|Stream)Update$/.test(name) && args[1] === 'DELETE').length"
    )
    assert await bob.call(deletes) == 0


async def test_a_user_that_does_not_come_back_is_logged_out_exactly_once(arrive: Arrive, two_rooms: Cloud) -> None:
    room, stream = fresh("room"), fresh("stream")
    alice = await arrive(fresh("alice"), at=two_rooms, room=0)
    bob = await arrive(fresh("bob"), at=two_rooms, room=1)
    await alice.login(room)
    await bob.login(room, userUpdate=True)
    await alice.publish(stream, {"camera": {"video": False, "audio": True}})
    await bob.wait_event("roomStreamUpdate", "args[1] === 'ADD'")
    two_rooms.rooms[0].kill()
    await alice.page.close()
    await bob.wait_event("roomUserUpdate", "args[1] === 'DELETE'", deadline_s=40)
    two_rooms.add_room()  # a third pair of hands that could do it twice
    await bob.page.wait_for_timeout(3000)
    deleted = [event["args"][2] for event in await bob.events("roomUserUpdate") if event["args"][1] == "DELETE"]
    assert deleted == [[{"userID": alice.user_id, "userName": alice.user_id.title()}]]
    gone = [event["args"][2] for event in await bob.events("roomStreamUpdate") if event["args"][1] == "DELETE"]
    assert [[item["streamID"] for item in items] for items in gone] == [[stream]]


async def test_a_call_survives_ten_seconds_without_nats(arrive: Arrive, two_rooms: Cloud) -> None:
    room, stream = fresh("room"), fresh("stream")
    alice = await arrive(fresh("alice"), at=two_rooms, room=0)
    bob = await arrive(fresh("bob"), at=two_rooms, room=1)
    await bob.auto_play()
    await alice.login(room, userUpdate=True)
    await bob.login(room, userUpdate=True)
    await alice.publish(stream, None, {"videoCodec": "VP8"})
    await bob.wait_for("(id) => salon.frames[id]", stream)
    await bob.sees(stream)

    two_rooms.nats.kill()
    await bob.sees(stream, frames=60)
    await bob.page.wait_for_timeout(10_000)
    two_rooms.restart_nats()
    await bob.sees(stream)
    # Messages go again as soon as the bus is back.
    send = "(room) => salon.engine.sendBroadcastMessage(room, 'back').then((r) => r.errorCode === 0, () => false)"
    await bob.wait_for(send, room, deadline_s=30)
    await alice.wait_event("IMRecvBroadcastMessage")
    deletes = (
        "salon.events.filter(({name, args}) => /^room(User|Stream)Update$/.test(name) && args[1] === 'DELETE').length"
    )
    assert await bob.call(deletes) == 0
    await bob.sees(stream)
