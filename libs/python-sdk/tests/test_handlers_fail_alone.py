import asyncio

from salon_testing.fake_cloud import WAIT_S, EventLog, MakeEngine


async def test_the_next_handler_and_the_engine_go_on(make_engine: MakeEngine) -> None:
    engine = make_engine()

    def fails(*_: object) -> None:
        raise LookupError("a bug of the app")

    async def fails_later(*_: object) -> None:
        raise LookupError("another bug of the app")

    engine.on("room_state_changed", fails)
    engine.on("room_state_changed", fails_later)
    log = EventLog(engine, "room_state_changed")
    assert await engine.login_room("room", "04", "bob")
    assert log.reasons() == ["LOGINING", "LOGINED"]


async def test_a_handler_may_await_the_engine(make_engine: MakeEngine) -> None:
    engine = make_engine()
    done = asyncio.Event()

    async def leave(_room_id: str, reason: str, *_: object) -> None:
        if reason == "LOGINED":
            await engine.logout_room()
            done.set()

    engine.on("room_state_changed", leave)
    await engine.login_room("room", "04", "bob")
    async with asyncio.timeout(WAIT_S):
        await done.wait()


async def test_handlers_that_were_taken_off_hear_nothing(make_engine: MakeEngine) -> None:
    engine = make_engine()
    heard: list[str] = []

    def one(*_: object) -> None:
        heard.append("one")

    def two(*_: object) -> None:
        heard.append("two")

    for handler in (one, two):
        engine.on("room_state_changed", handler)
        engine.on("room_state_update", handler)
    engine.off("room_state_changed", one)
    engine.off("room_state_update")
    await engine.login_room("room", "04", "bob")
    assert heard == ["two", "two"]
