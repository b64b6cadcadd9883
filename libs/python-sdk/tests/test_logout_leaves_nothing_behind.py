import asyncio

from salon.room.v1 import signal_pb2 as pb
from salon_sdk import ErrorCode, LocalStream, SalonEngine
from salon_testing.fake_cloud import EventLog, FakeCloud, MakeEngine


async def settled_tasks() -> set[str]:
    """What still runs once everything that was about to end has ended."""
    for _ in range(5):
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_no_task_is_left_and_the_streams_are_gone_for_the_others(
    make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    async with FakeCloud() as cloud:
        before = await settled_tasks()
        alice = SalonEngine(1, cloud.url)
        log = EventLog(alice, "room_state_changed", "publisher_state_update")
        await alice.login_room("room", "04", "alice")
        await alice.start_publishing_stream("camera", small_stream)
        await alice.start_playing_stream("camera")
        await alice.logout_room()
        await log.wait("room_state_changed", lambda _, reason, *__: reason == "LOGOUT")
        assert cloud.streams == {}
        assert cloud.sessions == {}
        assert await settled_tasks() <= before
        assert log.seen[-1][1][1] == "LOGOUT"


async def test_a_crashing_app_leaves_nothing_behind_either(small_stream: LocalStream) -> None:
    async with FakeCloud() as cloud:
        before = await settled_tasks()

        async def app() -> None:
            async with SalonEngine(1, cloud.url) as engine:
                await engine.login_room("room", "04", "alice")
                engine.start_publishing_stream("camera", small_stream)
                raise LookupError

        outcome = await asyncio.gather(app(), return_exceptions=True)
        assert isinstance(outcome[0], LookupError)
        assert await settled_tasks() <= before


async def test_one_can_log_in_again(cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream) -> None:
    alice: SalonEngine = make_engine()
    for _ in range(3):
        await alice.login_room("room", "04", "alice")
        await alice.start_publishing_stream("camera", small_stream)
        await alice.logout_room("room")
    assert len(await cloud.wait_for("logout", 3)) == 3


async def test_logging_out_of_nothing_is_told(make_engine: MakeEngine) -> None:
    alice: SalonEngine = make_engine()
    log = EventLog(alice, "room_state_changed")
    await alice.logout_room()
    _, reason, code, _ = await log.wait("room_state_changed")
    assert (reason, code) == ("LOGOUT_FAILED", ErrorCode.ROOM_NOT_LOGGED_IN)


async def test_being_kicked_out_ends_everything(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine()
    log = EventLog(alice, "room_state_changed", "publisher_state_update")
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    logged_out = pb.LoggedOut(code=1002050, reason="duplicate-login")
    await cloud.tell(cloud.session_of("alice"), pb.ServerMessage(logged_out=logged_out))
    _, _, code, _ = await log.wait("room_state_changed", lambda _, reason, *__: reason == "KICKOUT")
    assert code == ErrorCode.KICKED_BY_OTHER_LOGIN
    await log.wait("publisher_state_update", lambda update: update.error_code == ErrorCode.KICKED_BY_OTHER_LOGIN)
    assert len(await cloud.wait_for("login")) == 1
    await alice.login_room("room", "04", "alice")
