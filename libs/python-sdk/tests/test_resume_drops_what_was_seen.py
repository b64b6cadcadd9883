import asyncio
from dataclasses import replace

import pytest
from salon_sdk import EngineError, ErrorCode, SalonEngine
from salon_testing.fake_cloud import FAST, EventLog, FakeCloud, MakeEngine


async def texts(log: EventLog, count: int) -> list[str]:
    await log.wait("im_recv_broadcast_message", lambda *_: len(log.of("im_recv_broadcast_message")) >= count)
    return [arguments[1][0].message for arguments in log.of("im_recv_broadcast_message")]


async def test_what_was_missed_comes_once_and_in_order(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    alice: SalonEngine = make_engine()
    bob: SalonEngine = make_engine()
    log = EventLog(bob, "room_state_changed", "im_recv_broadcast_message")
    await alice.login_room("room", "04", "alice")
    await bob.login_room("room", "04", "bob")
    await alice.send_broadcast_message("room", "one")
    await alice.send_broadcast_message("room", "two")
    assert await texts(log, 2) == ["one", "two"]

    cloud.repeat_on_resume = 10
    await cloud.drop_socket(cloud.session_of("bob"))
    await alice.send_broadcast_message("room", "three")
    await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECTED")
    await alice.send_broadcast_message("room", "four")
    assert await texts(log, 4) == ["one", "two", "three", "four"]

    (resumed,) = await cloud.wait_for("resume")
    assert resumed.resume.session_id == cloud.session_of("bob").id
    assert resumed.resume.last_sequence == cloud.session_of("bob").told[1].sequence
    assert resumed.resume.resume_key == "key"


async def test_a_message_whose_answer_was_lost_is_sent_again_and_arrives_once(
    cloud: FakeCloud, make_engine: MakeEngine
) -> None:
    alice: SalonEngine = make_engine()
    bob: SalonEngine = make_engine()
    log = EventLog(bob, "im_recv_broadcast_message")
    await alice.login_room("room", "04", "alice")
    await bob.login_room("room", "04", "bob")
    for text in ("one", "two", "three"):
        cloud.silent.add("send_message")
        sent = await alice.send_broadcast_message("room", text)
        assert sent.message_id > 0
    assert await texts(log, 3) == ["one", "two", "three"]
    numbers = [each.send_message.message_number for each in await cloud.wait_for("send_message", 6)]
    assert numbers == [1, 1, 2, 2, 3, 3]


async def test_a_message_that_may_have_been_stored_for_an_old_log_in_is_not_repeated(
    cloud: FakeCloud, make_engine: MakeEngine
) -> None:
    alice: SalonEngine = make_engine()
    await alice.login_room("room", "04", "alice")
    cloud.silent.add("send_message")
    cloud.refuse("resume", 1102001, "session-gone")
    with pytest.raises(EngineError) as raised:
        await alice.send_broadcast_message("room", "perhaps")
    assert raised.value.error_code == ErrorCode.SOCKET_CLOSED
    assert len(await cloud.wait_for("send_message")) == 1


@pytest.mark.parametrize("ended_by", ["time", "server", "app"])
async def test_a_message_that_waits_for_the_connection_fails_when_the_log_in_ends(
    cloud: FakeCloud, make_engine: MakeEngine, ended_by: str
) -> None:
    alice: SalonEngine = make_engine(replace(FAST, retry_window_s=0.2 if ended_by == "time" else 60))
    log = EventLog(alice, "room_state_changed")
    await alice.login_room("room", "04", "alice")
    if ended_by == "server":
        cloud.held["resume"] = asyncio.Event()
        cloud.refuse("resume", 1002055, "kicked")
        await cloud.drop_socket(cloud.session_of("alice"))
    else:
        await cloud.stop_listening()
    await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECTING")
    waiting = asyncio.ensure_future(alice.send_broadcast_message("room", "too late"))
    await asyncio.sleep(0)
    if ended_by == "server":
        cloud.held["resume"].set()
    elif ended_by == "app":
        await alice.logout_room()
    with pytest.raises(EngineError):
        await asyncio.wait_for(waiting, 10)
