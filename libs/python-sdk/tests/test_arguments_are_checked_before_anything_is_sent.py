import asyncio

import pytest
from salon_sdk import EngineError, ErrorCode, LocalStream, SalonEngine
from salon_testing.fake_cloud import FakeCloud, MakeEngine


@pytest.mark.parametrize(
    ("room_id", "user_id", "user_name", "code"),
    [
        ("", "bob", "", ErrorCode.ROOM_ID_EMPTY),
        ("a%b", "bob", "", ErrorCode.ROOM_ID_ILLEGAL),
        ("r" * 129, "bob", "", ErrorCode.ROOM_ID_TOO_LONG),
        ("room", "", "", ErrorCode.USER_ID_EMPTY),
        ("room", "a/b", "", ErrorCode.USER_ID_ILLEGAL),
        ("room", "u" * 65, "", ErrorCode.USER_ID_TOO_LONG),
        ("room", "bob", "n" * 257, ErrorCode.USER_NAME_TOO_LONG),
    ],
)
async def test_names_of_a_log_in(
    cloud: FakeCloud, make_engine: MakeEngine, room_id: str, user_id: str, user_name: str, code: ErrorCode
) -> None:
    with pytest.raises(EngineError) as raised:
        await make_engine().login_room(room_id, "04", user_id, user_name)
    assert raised.value.error_code == code
    assert cloud.received == []


@pytest.mark.parametrize(
    ("stream_id", "code"),
    [
        ("", ErrorCode.STREAM_ID_EMPTY),
        ("a b", ErrorCode.STREAM_ID_ILLEGAL),
        ("s" * 257, ErrorCode.STREAM_ID_TOO_LONG),
    ],
)
async def test_stream_ids(make_engine: MakeEngine, small_stream: LocalStream, stream_id: str, code: ErrorCode) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "bob")
    with pytest.raises(EngineError) as raised:
        engine.start_publishing_stream(stream_id, small_stream)
    assert raised.value.error_code == code
    with pytest.raises(EngineError) as raised:
        await engine.start_playing_stream(stream_id)
    assert raised.value.error_code == code


@pytest.mark.parametrize("server", ["", "localhost:8080", "ftp://host/ws", []])
async def test_the_server(server: str | list[str]) -> None:
    with pytest.raises(EngineError) as raised:
        SalonEngine(1, server)
    assert raised.value.error_code == ErrorCode.PARAMETER


async def test_the_app_id() -> None:
    with pytest.raises(EngineError) as raised:
        SalonEngine(2**32, "ws://host")
    assert raised.value.error_code == ErrorCode.APP_ID_WRONG


async def test_one_room_at_a_time(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    engine = make_engine()
    cloud.held["login"] = asyncio.Event()
    login = asyncio.create_task(engine.login_room("room", "04", "bob"))
    await cloud.wait_for("login")
    with pytest.raises(EngineError) as raised:
        await engine.login_room("room", "04", "bob")
    assert raised.value.error_code == ErrorCode.LOGIN_IN_PROGRESS
    cloud.held["login"].set()
    await login
    with pytest.raises(EngineError) as raised:
        await engine.login_room("room", "04", "bob")
    assert raised.value.error_code == ErrorCode.LOGGED_IN_ALREADY


async def test_stopping_what_was_not_started_is_false(make_engine: MakeEngine) -> None:
    engine = make_engine()
    assert not engine.stop_publishing_stream("camera")
    assert not engine.stop_playing_stream("camera")
    assert not engine.renew_token("04")


async def test_unknown_events_are_refused(make_engine: MakeEngine) -> None:
    with pytest.raises(ValueError, match="no such event"):
        make_engine().on("roomStateChanged", print)  # type: ignore[arg-type]
