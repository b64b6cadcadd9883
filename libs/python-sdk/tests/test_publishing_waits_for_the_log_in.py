import asyncio

import pytest
from salon_sdk import EngineError, ErrorCode, LocalStream, PublishState, SalonEngine
from salon_testing.fake_cloud import EventLog, FakeCloud, MakeEngine


async def test_a_stream_published_during_the_log_in_follows_it(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine: SalonEngine = make_engine()
    log = EventLog(engine, "publisher_state_update", "room_state_changed")
    cloud.held["login"] = asyncio.Event()
    login = asyncio.create_task(engine.login_room("room", "04", "alice"))
    await cloud.wait_for("login")

    publication = engine.start_publishing_stream("camera", small_stream)
    assert publication.state is PublishState.PUBLISH_REQUESTING
    assert "publish" not in {each.WhichOneof("body") for each in cloud.received}

    cloud.held["login"].set()
    assert await login
    await publication
    names = [name for name, _ in log.seen]
    assert names == ["room_state_changed", "publisher_state_update", "room_state_changed", "publisher_state_update"]


async def test_a_stream_played_during_the_log_in_follows_it(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine()
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    bob: SalonEngine = make_engine()
    cloud.held["login"] = asyncio.Event()
    login = asyncio.create_task(bob.login_room("room", "04", "bob"))
    await cloud.wait_for("login", 2)
    playing = asyncio.create_task(bob.start_playing_stream("camera"))
    cloud.held["login"].set()
    assert await login
    played = await playing
    assert played.video is not None


async def test_a_failed_log_in_fails_what_waited_for_it(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine: SalonEngine = make_engine()
    cloud.held["login"] = asyncio.Event()
    cloud.refuse("login", 1102018, "token-expired")
    login = asyncio.create_task(engine.login_room("room", "04", "alice"))
    await cloud.wait_for("login")
    publication = engine.start_publishing_stream("camera", small_stream)
    cloud.held["login"].set()
    for waiting in (login, publication):
        with pytest.raises(EngineError) as raised:
            await waiting
        assert raised.value.error_code == 1102018


async def test_outside_a_room_nothing_is_published_or_played(
    make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine: SalonEngine = make_engine()
    with pytest.raises(EngineError) as raised:
        engine.start_publishing_stream("camera", small_stream)
    assert raised.value.error_code == ErrorCode.NOT_IN_ROOM
    with pytest.raises(EngineError) as raised:
        await engine.start_playing_stream("camera")
    assert raised.value.error_code == ErrorCode.NOT_IN_ROOM


async def test_logging_out_ends_a_log_in_under_way(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    engine: SalonEngine = make_engine()
    cloud.held["login"] = asyncio.Event()
    login = asyncio.create_task(engine.login_room("room", "04", "alice"))
    await cloud.wait_for("login")
    await engine.logout_room()
    with pytest.raises(EngineError) as raised:
        await login
    assert raised.value.error_code == ErrorCode.ROOM_NOT_LOGGED_IN
