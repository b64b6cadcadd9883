import pytest
from salon_sdk import EngineError, ErrorCode, SalonEngine, User
from salon_testing.fake_cloud import EventLog, FakeCloud, MakeEngine


async def three(make_engine: MakeEngine) -> tuple[SalonEngine, EventLog, EventLog, EventLog]:
    logs = []
    engines = []
    for user_id in ("alice", "bob", "carol"):
        engine = make_engine()
        logs.append(EventLog(engine, "im_recv_broadcast_message", "im_recv_barrage_message", "im_recv_custom_command"))
        await engine.login_room("room", "04", user_id, user_id.title())
        engines.append(engine)
    return engines[0], logs[0], logs[1], logs[2]


async def test_broadcasts_and_barrages_reach_everybody_else(make_engine: MakeEngine) -> None:
    alice, own, bob, carol = await three(make_engine)
    sent = await alice.send_broadcast_message("room", "hello")
    await alice.send_barrage_message("room", "666")
    for log in (bob, carol):
        room_id, (message,) = await log.wait("im_recv_broadcast_message")
        assert (room_id, message.message, message.from_user) == ("room", "hello", User("alice", "Alice"))
        assert (message.message_id, message.send_time) == (sent.message_id, sent.sent_at_unix_ms)
        _, (barrage,) = await log.wait("im_recv_barrage_message")
        assert barrage.message == "666"
    assert own.seen == []


async def test_a_command_reaches_whom_it_names(make_engine: MakeEngine) -> None:
    alice, _, bob, carol = await three(make_engine)
    await alice.send_custom_command("room", "mute", ["carol"])
    await alice.send_custom_command("room", "all")
    assert await carol.wait("im_recv_custom_command") == ("room", User("alice", "Alice"), "mute")
    assert await bob.wait("im_recv_custom_command") == ("room", User("alice", "Alice"), "all")


async def test_a_refused_message_raises(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    alice, *_ = await three(make_engine)
    cloud.refuse("send_message", 1009015, "rate-limited", retryable=True)
    with pytest.raises(EngineError) as raised:
        await alice.send_broadcast_message("room", "hello")
    assert (raised.value.error_code, raised.value.retryable) == (1009015, True)


@pytest.mark.parametrize(
    ("room_id", "text", "code"),
    [
        ("room", "", ErrorCode.MESSAGE_EMPTY),
        ("room", "é" * 513, ErrorCode.MESSAGE_TOO_LONG),
        ("other", "hello", ErrorCode.MESSAGE_WRONG_ROOM),
    ],
)
async def test_bad_messages_are_not_sent(make_engine: MakeEngine, room_id: str, text: str, code: ErrorCode) -> None:
    alice, *_ = await three(make_engine)
    with pytest.raises(EngineError) as raised:
        await alice.send_broadcast_message(room_id, text)
    assert raised.value.error_code == code
