from salon.room.v1 import signal_pb2 as pb
from salon_sdk import SalonEngine, User
from salon_sdk.wire import FRAME_MAX_BYTES
from salon_testing.fake_cloud import EventLog, FakeCloud, MakeEngine


async def _people(make_engine: MakeEngine, count: int) -> list[User]:
    for number in range(count):
        await make_engine().login_room("room", "04", f"user{number}", f"User {number}")
    return [User(f"user{number}", f"User {number}") for number in range(count)]


async def test_the_app_is_told_of_everybody_at_once_and_once(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    people = await _people(make_engine, 5)
    cloud.page_items = 2
    engine: SalonEngine = make_engine()
    log = EventLog(engine, "room_state_changed", "room_user_update")
    await engine.login_room("room", "04", "bob", user_update=True)
    assert [(name, *arguments[1:2]) for name, arguments in log.seen] == [
        ("room_state_changed", "LOGINING"),
        ("room_state_changed", "LOGINED"),
        ("room_user_update", "ADD"),
    ]
    assert log.of("room_user_update") == [("room", "ADD", people)]


async def test_a_log_in_that_lost_its_last_page_is_made_again(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    people = await _people(make_engine, 3)
    cloud.page_items, cloud.pages_cut_off = 1, 1
    engine: SalonEngine = make_engine()
    log = EventLog(engine, "room_user_update")
    await engine.login_room("room", "04", "bob", user_update=True)
    assert log.of("room_user_update") == [("room", "ADD", people)]
    assert sum(message.login.user_id == "bob" for message in cloud.received if message.HasField("login")) == 2
    assert not any(message.HasField("resume") for message in cloud.received)


async def test_a_frame_as_long_as_the_protocol_allows_is_taken(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    engine: SalonEngine = make_engine()
    log = EventLog(engine, "room_user_update")
    await engine.login_room("room", "04", "bob", user_update=True)
    many = [pb.User(user_id=f"user{number:05}", user_name="x" * 200) for number in range(FRAME_MAX_BYTES // 260)]
    changed = pb.UsersChanged(update_type=pb.UPDATE_TYPE_ADD, users=many)
    await cloud.tell(cloud.session_of("bob"), pb.ServerMessage(users_changed=changed))
    await log.wait("room_user_update", lambda _, update, users: (update, len(users)) == ("ADD", len(many)))


async def test_what_a_resume_repeats_of_users_is_told_once(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    engine: SalonEngine = make_engine()
    log = EventLog(engine, "room_user_update")
    await engine.login_room("room", "04", "bob", user_update=True)
    ann, eve = pb.User(user_id="ann"), pb.User(user_id="eve")
    for kind, user in ((1, ann), (1, ann), (2, eve), (2, ann), (2, ann), (1, eve)):
        changed = pb.UsersChanged(update_type=pb.UpdateType.ValueType(kind), users=[user])
        await cloud.tell(cloud.session_of("bob"), pb.ServerMessage(users_changed=changed))
    await log.wait("room_user_update", lambda _, update, users: (update, users) == ("ADD", [User("eve", "")]))
    assert [(update, users[0].user_id) for _, update, users in log.of("room_user_update")] == [
        ("ADD", "ann"),
        ("DELETE", "ann"),
        ("ADD", "eve"),
    ]
