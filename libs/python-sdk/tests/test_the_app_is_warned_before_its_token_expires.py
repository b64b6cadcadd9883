import time
from dataclasses import replace

from salon_testing.fake_cloud import FAST, EventLog, FakeCloud, MakeEngine


async def test_once_and_in_time(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    cloud.token_expires_at_unix_s = int(time.time()) + 31
    engine = make_engine(replace(FAST, token_warning_s=30.9))
    log = EventLog(engine, "token_will_expire")
    await engine.login_room("room", "04old", "bob")
    assert await log.wait("token_will_expire") == ("room",)


async def test_a_new_token_is_used_when_one_is_needed_again(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    engine = make_engine()
    log = EventLog(engine, "room_state_changed")
    await engine.login_room("room", "04old", "bob")
    assert not engine.renew_token("03")
    assert not engine.renew_token("04new", "other")
    assert engine.renew_token("04new")
    session = cloud.session_of("bob")
    cloud.forget(session)
    await cloud.drop_socket(session)
    await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECTED")
    assert [each.login.token for each in await cloud.wait_for("login", 2)] == ["04old", "04new"]
