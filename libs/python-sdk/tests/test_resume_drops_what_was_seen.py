from salon_sdk import SalonEngine
from salon_sdk.testing import EventLog, FakeCloud, MakeEngine


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
