import json

import pytest
from salon_sdk import EngineError, LocalStream, SalonEngine
from salon_testing.fake_cloud import EventLog, FakeCloud, MakeEngine


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1102016, "token-malformed"),
        (1102018, "token-expired"),
        (1102020, "token-forged"),
        (1102020, "token-user-mismatch"),
        (1002034, "room-full"),
    ],
)
async def test_a_refused_log_in_raises_and_tells_its_code(
    cloud: FakeCloud, make_engine: MakeEngine, code: int, reason: str
) -> None:
    engine: SalonEngine = make_engine()
    log = EventLog(engine, "room_state_changed")
    cloud.refuse("login", code, reason)
    with pytest.raises(EngineError) as raised:
        await engine.login_room("room", "04", "bob")
    assert raised.value.error_code == code
    assert json.loads(raised.value.extended_data) == {"reason": reason, "message": "Refused by the test."}
    _, state, told, extended_data = await log.wait("room_state_changed", lambda _, state, *__: state == "LOGIN_FAILED")
    assert (state, told, extended_data) == ("LOGIN_FAILED", code, raised.value.extended_data)


async def test_a_refused_log_in_is_not_tried_again_by_itself_but_can_be_by_the_app(
    cloud: FakeCloud, make_engine: MakeEngine
) -> None:
    engine: SalonEngine = make_engine()
    cloud.refuse("login", 1102018, "token-expired")
    with pytest.raises(EngineError):
        await engine.login_room("room", "04old", "bob")
    assert await engine.login_room("room", "04new", "bob")
    logins = await cloud.wait_for("login", 2)
    assert [each.login.token for each in logins] == ["04old", "04new"]


async def test_what_the_service_calls_retryable_is_tried_again(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    engine: SalonEngine = make_engine()
    cloud.refuse("login", 1102013, "bus-unavailable", retryable=True, times=2)
    assert await engine.login_room("room", "04", "bob")
    assert len(await cloud.wait_for("login", 3)) == 3


async def test_a_token_that_forbids_publishing_fails_the_stream_only(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine: SalonEngine = make_engine()
    log = EventLog(engine, "publisher_state_update")
    await engine.login_room("room", "04", "bob")
    cloud.refuse("publish", 1103019, "token-privilege-missing")
    with pytest.raises(EngineError) as raised:
        await engine.start_publishing_stream("camera", small_stream)
    assert raised.value.error_code == 1103019
    (update,) = await log.wait("publisher_state_update", lambda update: update.state.value == "NO_PUBLISH")
    assert update.error_code == 1103019
    await engine.start_publishing_stream("camera", small_stream)
