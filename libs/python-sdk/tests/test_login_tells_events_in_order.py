import json

from salon_sdk import LocalStream, SalonEngine, User
from salon_testing.fake_cloud import EventLog, FakeCloud, MakeEngine


async def test_the_app_hears_logining_logined_who_is_there_and_what_is_there(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine()
    await alice.login_room("room", "04", "alice", "Alice")
    await alice.start_publishing_stream("camera", small_stream, extra_info="front")

    bob: SalonEngine = make_engine()
    log = EventLog(bob, "room_state_changed", "room_user_update", "room_stream_update")
    assert await bob.login_room("room", "04", "bob", user_update=True) is True

    await log.wait("room_stream_update")
    names = [(name, *arguments[1:2]) for name, arguments in log.seen]
    assert names == [
        ("room_state_changed", "LOGINING"),
        ("room_state_changed", "LOGINED"),
        ("room_user_update", "ADD"),
        ("room_stream_update", "ADD"),
    ]
    _, _, code, extended_data = log.of("room_state_changed")[1]
    assert (code, json.loads(str(extended_data))) == (0, {"room_session_id": "room-session"})
    assert log.of("room_user_update")[0] == ("room", "ADD", [User("alice", "Alice")])
    (stream,) = log.of("room_stream_update")[0][2]
    assert (stream.stream_id, stream.user.user_id, stream.extra_info) == ("camera", "alice", "front")
    assert stream.kinds == ("audio", "video")


async def test_hello_goes_before_login_with_what_the_app_asked_for(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    engine: SalonEngine = make_engine()
    await engine.login_room("room", "04token", "bob", "Bob", user_update=True, max_member_count=5)
    hello, login = cloud.received[:2]
    assert list(hello.hello.protocol_versions) == [1]
    assert (login.login.app_id, login.login.room_id, login.login.token) == (1, "room", "04token")
    assert (login.login.user_id, login.login.user_name) == ("bob", "Bob")
    assert (login.login.user_update, login.login.max_member_count) == (True, 5)


async def test_the_old_state_event_is_told_beside_the_new_one(make_engine: MakeEngine) -> None:
    engine: SalonEngine = make_engine()
    log = EventLog(engine, "room_state_update")
    await engine.login_room("room", "04", "bob")
    await engine.logout_room()
    await log.wait("room_state_update", lambda _, state, *__: state == "DISCONNECTED")
    assert [arguments[1] for arguments in log.of("room_state_update")] == ["CONNECTING", "CONNECTED", "DISCONNECTED"]


async def test_those_who_are_there_hear_of_those_who_come_and_go(make_engine: MakeEngine) -> None:
    alice: SalonEngine = make_engine()
    bob: SalonEngine = make_engine()
    log = EventLog(alice, "room_user_update")
    await alice.login_room("room", "04", "alice", user_update=True)
    await bob.login_room("room", "04", "bob", "Bob")
    await log.wait("room_user_update", lambda _, update, users: (update, users) == ("ADD", [User("bob", "Bob")]))
    await bob.logout_room()
    await log.wait("room_user_update", lambda _, update, users: (update, users) == ("DELETE", [User("bob", "Bob")]))
