import asyncio
import random
from collections import Counter

from salon.room.v1.events_pb2 import RoomClosed, RoomOpened, UserLoggedIn, UserLoggedOut
from salon_kit.events import StoredEvent

from .client import Client
from .conftest import Cloud


async def test_many_log_ins_and_log_outs_at_once_on_two_instances(cloud: Cloud) -> None:
    """Rooms empty and fill all the time. In the end the fold of the events is the truth of the clients."""
    instances = [await cloud.start_room(view_linger_s=0.2), await cloud.start_room(view_linger_s=0.2)]
    rng = random.Random(4)
    staying: dict[str, Client] = {}

    async def live(number: int) -> None:
        for _ in range(12):
            client = await cloud.connect(instances[number % 2])
            reply = await client.log_in("r", f"u{number}")
            assert "loggedIn" in reply, reply
            await asyncio.sleep(rng.random() * 0.03)
            assert "done" in await client.log_out()
            await client.close()
        if number % 3 == 0:
            staying[f"u{number}"] = await cloud.join(instances[number % 2], "r", f"u{number}")

    await asyncio.gather(*(live(number) for number in range(9)))
    history = await cloud.history("r")
    room, members = _fold(history)
    assert isinstance(room, RoomOpened)
    assert members == {(user, room.room_session_id) for user in staying}
    for client in staying.values():
        assert client.logged_in["roomSessionId"] == room.room_session_id
    # Everybody who stays hears everybody else: they are in the same room.
    speaker = next(iter(staying.values()))
    await speaker.say("anybody there?")
    for client in staying.values():
        if client is not speaker:
            await client.until_texts("anybody there?")
            known = {user["userId"] for user in client.logged_in.get("users", [])}
            for change, user in client.users():
                known = known | {user} if change == "ADD" else known - {user}
            assert known == set(staying) - {client.user_id}
    for client in staying.values():
        await client.log_out()
    room, members = _fold(await cloud.history("r"))
    assert isinstance(room, RoomClosed)
    assert not members
    _check_pairs(await cloud.history("r"))


async def test_an_empty_room_is_closed_once_and_opened_anew(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    for instance in (one, two, one):
        client = await cloud.join(instance, "r", "alice", maxMemberCount=3)
        await client.log_out()
    rooms = [event.message for event in await cloud.history("r") if event.entity.kind == "room"]
    assert [type(message).__name__ for message in rooms] == ["RoomOpened", "RoomClosed"] * 3
    assert len({message.room_session_id for message in rooms if isinstance(message, RoomOpened)}) == 3


def _fold(history: list[StoredEvent]) -> tuple[object, set[tuple[str, str]]]:
    room: object = None
    members: set[tuple[str, str]] = set()
    for event in history:
        match event.message:
            case RoomOpened() | RoomClosed():
                room = event.message
            case UserLoggedIn(user_id=user_id):
                members.add((user_id, str(event.entity.room_session_id)))
            case UserLoggedOut(user_id=user_id):
                members.discard((user_id, str(event.entity.room_session_id)))
    return room, members


def _check_pairs(history: list[StoredEvent]) -> None:
    """Each log-in is ended exactly once in each room session it tried."""
    ins, outs = (
        Counter(
            (event.entity.room_session_id, event.message.session_id)
            for event in history
            if isinstance(event.message, kind)
        )
        for kind in (UserLoggedIn, UserLoggedOut)
    )
    assert ins == outs
    assert set(ins.values()) == {1}
