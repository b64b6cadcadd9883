"""The pauses before each try to connect again: by a clock and dice of the test, then over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from salon_sdk import EngineError, ErrorCode, SalonEngine, Timing
from salon_sdk.errors import RATE_LIMITED, TOO_MANY_CONNECTIONS, socket_closed
from salon_sdk.reconnect import ReconnectSchedule, Trouble, trouble_of
from salon_sdk.tasks import TaskOwner
from salon_sdk.wire import Socket, hello
from salon_testing.fake_cloud import FAST, EventLog, FakeCloud, MakeEngine
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

HIGHEST = 0.999999


def pauses_s(schedule: ReconnectSchedule, trouble: Trouble, until_s: float) -> list[float]:
    """Of one client for whom every try fails at once in the same way."""
    found, now_s = list[float](), 0.0
    while now_s < until_s:
        found.append(schedule.next_s(trouble, now_s))
        now_s += found[-1]
    return found


@pytest.mark.parametrize("share", [0.0, 0.5, HIGHEST])
def test_the_first_try_follows_within_a_tenth_of_a_second(share: float) -> None:
    assert ReconnectSchedule(Timing(), lambda: share).next_s(Trouble.UNREACHABLE, 0) < 0.1


def test_pauses_are_at_most_300_ms_or_a_tenth_of_the_time_so_far_or_the_longest() -> None:
    found = pauses_s(ReconnectSchedule(Timing(), lambda: HIGHEST), Trouble.UNREACHABLE, 90)
    assert found[:4] == pytest.approx([0.1, 0.1, 0.2, 0.3], rel=1e-3)
    assert all(pause_s <= min(5, max(0.3, sum(found[:number]) / 10)) for number, pause_s in enumerate(found))
    assert found[-1] == pytest.approx(5, rel=1e-3)


def test_a_client_whose_dice_are_the_quickest_tries_not_even_twice_as_often() -> None:
    quickest, slowest = (
        len(pauses_s(ReconnectSchedule(Timing(), lambda share=share: share), Trouble.UNREACHABLE, 60))  # type: ignore[misc]
        for share in (0.0, HIGHEST)
    )
    assert slowest > 30
    assert quickest < 2 * slowest + 4


def test_a_service_that_has_too_much_is_left_alone_for_seconds() -> None:
    schedule = ReconnectSchedule(Timing(), lambda: 0.0)
    troubles = [Trouble.OVERLOADED, Trouble.UNREACHABLE, Trouble.REFUSED, Trouble.OVERLOADED]
    found = [schedule.next_s(trouble, 0) for trouble in troubles]
    assert all(low <= pause_s <= low * 1.3 for pause_s, low in zip(found, [2, 4, 8, 10], strict=True))


def test_a_service_that_refuses_is_asked_with_growing_pauses_from_the_start() -> None:
    found = pauses_s(ReconnectSchedule(Timing(), lambda: 0.0), Trouble.REFUSED, 3)
    assert all(low <= pause_s <= low * 1.3 for pause_s, low in zip(found, [0.2, 0.4, 0.8, 1.6], strict=False))


def test_each_try_that_nobody_answers_is_waited_for_longer_up_to_the_usual_time() -> None:
    schedule, found = ReconnectSchedule(Timing()), []
    for _ in range(4):
        found.append((schedule.open_timeout_s, schedule.resume_timeout_s))
        schedule.next_s(Trouble.UNANSWERED, 0)
    assert found == [(3, 4), (5, 8), (5, 10), (5, 10)]


@pytest.mark.parametrize(("lasted_s", "at_once"), [(5.1, True), (4.9, False), (0, False)])
def test_only_a_connection_that_lasted_ends_the_trouble(lasted_s: float, at_once: bool) -> None:
    schedule = ReconnectSchedule(Timing(), lambda: HIGHEST)
    schedule.lost(0)
    schedule.next_s(Trouble.OVERLOADED, 0)
    schedule.online(1)
    schedule.lost(1 + lasted_s)
    assert (schedule.next_s(Trouble.UNREACHABLE, 1 + lasted_s) < 0.1) is at_once


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (EngineError(1109001, reason=RATE_LIMITED, retryable=True), Trouble.OVERLOADED),
        (EngineError(1009015, reason=RATE_LIMITED, retryable=True), Trouble.OVERLOADED),
        (socket_closed(TOO_MANY_CONNECTIONS), Trouble.OVERLOADED),
        (socket_closed(), Trouble.UNREACHABLE),
        (EngineError(ErrorCode.NETWORK_BROKEN, retryable=True), Trouble.UNREACHABLE),
        (EngineError(ErrorCode.REQUEST_TIMEOUT, retryable=True), Trouble.UNANSWERED),
        (EngineError(1102013, reason="bus-unavailable", retryable=True), Trouble.REFUSED),
    ],
)
def test_what_went_wrong_decides_what_comes_next(error: EngineError, trouble: Trouble) -> None:
    assert trouble_of(error) is trouble


# ---- over real sockets ----


@contextlib.asynccontextmanager
async def closing_server(code: int) -> AsyncIterator[str]:
    """Accepts every WebSocket and closes it with that code."""

    async def close(socket: ServerConnection) -> None:
        await socket.close(code)

    async with serve(close, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"ws://{host}:{port}"


@contextlib.asynccontextmanager
async def refusing_server(status: int, headers: dict[str, str]) -> AsyncIterator[str]:
    """Answers every handshake with that status."""

    def refuse(connection: ServerConnection, _: Request) -> Response:
        response = connection.respond(status, "Not now.\n")
        response.headers.update(headers)
        return response

    async def never(_: ServerConnection) -> None:
        raise AssertionError("a handshake was let through")

    async with serve(never, "127.0.0.1", 0, process_request=refuse) as server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"ws://{host}:{port}"


async def failure(url: str, open_timeout_s: float = 5) -> EngineError:
    """What a log-in there begins and ends with."""
    tasks = TaskOwner("test")
    try:
        socket = await Socket.open(url, tasks, FAST, None, open_timeout_s)
        try:
            await socket.request(hello())
        finally:
            await socket.close()
    except EngineError as error:
        return error
    finally:
        await tasks.close()
    raise AssertionError("it was answered")


@pytest.mark.parametrize(
    ("code", "trouble"),
    [(4429, Trouble.OVERLOADED), (1013, Trouble.OVERLOADED), (1011, Trouble.UNREACHABLE), (4000, Trouble.UNREACHABLE)],
)
async def test_the_close_code_says_whether_to_come_back_soon(code: int, trouble: Trouble) -> None:
    async with closing_server(code) as url:
        assert trouble_of(await failure(url)) is trouble


@pytest.mark.parametrize(
    ("status", "headers", "trouble"),
    [
        (429, {}, Trouble.OVERLOADED),
        (503, {"Retry-After": "5"}, Trouble.OVERLOADED),
        (503, {}, Trouble.UNREACHABLE),
        (502, {}, Trouble.UNREACHABLE),
    ],
)
async def test_so_does_the_status_of_a_handshake(status: int, headers: dict[str, str], trouble: Trouble) -> None:
    async with refusing_server(status, headers) as url:
        assert trouble_of(await failure(url)) is trouble


async def test_a_server_that_accepts_and_says_nothing_is_told_apart() -> None:
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as silent:
        host, port = silent.sockets[0].getsockname()[:2]
        assert trouble_of(await failure(f"ws://{host}:{port}", open_timeout_s=0.05)) is Trouble.UNANSWERED
        await gone.wait()


async def test_a_resume_that_nobody_answers_is_given_up_and_tried_again(
    cloud: FakeCloud, make_engine: MakeEngine
) -> None:
    alice: SalonEngine = make_engine(replace(FAST, resume_timeout_s=0.05))
    log = EventLog(alice, "room_state_changed")
    await alice.login_room("room", "04", "alice")
    cloud.held["resume"] = asyncio.Event()
    await cloud.drop_socket(cloud.session_of("alice"))
    await cloud.wait_for("resume", 2)
    cloud.held["resume"].set()
    await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECTED")


async def test_a_spare_server_is_tried_without_a_pause(cloud: FakeCloud) -> None:
    async with closing_server(4429) as busy:
        never = replace(FAST, overload_min_s=3_600, overload_max_s=3_600)
        async with SalonEngine(1, [busy, cloud.url], timing=never) as alice:
            assert await alice.login_room("room", "04", "alice")


@pytest.mark.parametrize("code", [1002050, 1002055, 1002056, 1002086])
async def test_who_was_logged_out_for_good_does_not_come_back(
    cloud: FakeCloud, make_engine: MakeEngine, code: int
) -> None:
    alice: SalonEngine = make_engine()
    log = EventLog(alice, "room_state_changed")
    await alice.login_room("room", "04", "alice")
    cloud.refuse("resume", code, "logged-in-elsewhere", retryable=False)
    await cloud.drop_socket(cloud.session_of("alice"))
    _, reason, told, _ = await log.wait("room_state_changed", lambda _, reason, *__: reason not in _ON_THE_WAY)
    assert reason in ("KICKOUT", "RECONNECT_FAILED")
    assert told == code
    assert len(await cloud.wait_for("resume")) == 1


_ON_THE_WAY = ("LOGINING", "LOGINED", "RECONNECTING")
