import asyncio
import time

import pytest
from salon.token.v1.token_pb2 import ListApps, TokenVerified, VerifyToken
from salon_contracts.errors import (
    BusUnavailable,
    InvariantBroken,
    NobodyServes,
    RateLimited,
    RequestMalformed,
    RequestTimedOut,
    SalonError,
    TokenExpired,
)
from salon_contracts.subjects import query
from salon_kit.bus import Bus, RequestContext
from salon_kit.testing import Gathered, MakeBus
from salon_kit.trace import current_traceparent, new_traceparent, set_cause
from structlog.testing import capture_logs

SUBJECT = query("token", "verify-token")


async def test_the_answer_comes_back(bus: Bus, make_bus: MakeBus) -> None:
    async def handler(request: VerifyToken, context: RequestContext) -> TokenVerified:
        assert context.subject == SUBJECT
        assert context.request_id
        assert context.deadline_ns > time.monotonic_ns()
        return TokenVerified(user_id=request.user_id)

    await bus.serve(SUBJECT, VerifyToken, handler, queue="token")
    asker = await make_bus()
    answer = await asker.request(SUBJECT, VerifyToken(user_id="alice"), TokenVerified)
    assert answer.user_id == "alice"


async def test_an_empty_message_is_an_answer(bus: Bus) -> None:
    async def handler(request: ListApps, context: RequestContext) -> ListApps:
        return request

    await bus.serve(query("token", "list-apps"), ListApps, handler)
    assert await bus.request(query("token", "list-apps"), ListApps(), ListApps) == ListApps()


async def test_an_error_of_the_tree_travels_with_its_fields(bus: Bus) -> None:
    async def handler(request: VerifyToken, context: RequestContext) -> TokenVerified:
        raise TokenExpired(ago_s=12)

    await bus.serve(SUBJECT, VerifyToken, handler)
    with pytest.raises(TokenExpired) as caught:
        await bus.request(SUBJECT, VerifyToken(), TokenVerified)
    assert caught.value == TokenExpired(ago_s=12)


async def test_a_bug_travels_as_internal_and_without_details(bus: Bus) -> None:
    async def handler(request: VerifyToken, context: RequestContext) -> TokenVerified:
        raise KeyError("what nobody may see")

    await bus.serve(SUBJECT, VerifyToken, handler)
    with capture_logs() as lines, pytest.raises(SalonError) as caught:
        await bus.request(SUBJECT, VerifyToken(), TokenVerified)
    assert caught.value.code == "internal"
    assert "nobody" not in str(caught.value)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["handler-failed"]


async def test_an_answer_that_is_too_large_is_a_bug_and_told_at_once(bus: Bus) -> None:
    async def handler(request: VerifyToken, context: RequestContext) -> TokenVerified:
        return TokenVerified(user_id="x" * 2_000_000)

    await bus.serve(SUBJECT, VerifyToken, handler)
    with pytest.raises(SalonError) as caught:
        await bus.request(SUBJECT, VerifyToken(), TokenVerified, timeout_s=10.0)
    assert caught.value.code == "internal"
    with pytest.raises(InvariantBroken):
        await bus.request(SUBJECT, VerifyToken(token="x" * 2_000_000), TokenVerified)


async def test_what_cannot_be_parsed_is_refused(bus: Bus) -> None:
    async def handler(request: VerifyToken, context: RequestContext) -> TokenVerified:
        raise AssertionError("must not be called")

    await bus.serve(SUBJECT, VerifyToken, handler)
    for garbage in (b"\xff\xff\xff", b"\x0a\x05ab", b"\x80"):
        answer = await bus.connection.roundtrip(SUBJECT, garbage, timeout_s=2.0)
        assert answer.headers == {"salon-failure": RequestMalformed.code}


async def test_nonsense_in_headers_harms_nothing(bus: Bus) -> None:
    async def handler(request: VerifyToken, context: RequestContext) -> TokenVerified:
        assert context.traceparent is None
        return TokenVerified(user_id="ok")

    await bus.serve(SUBJECT, VerifyToken, handler)
    headers = {"salon-timeout-ms": "-7e9", "traceparent": "00-zz", "salon-request-id": ""}
    answer = await bus.connection.roundtrip(SUBJECT, b"", headers=headers, timeout_s=2.0)
    assert TokenVerified.FromString(answer.data).user_id == "ok"


async def test_nobody_serves_is_known_at_once(bus: Bus) -> None:
    with pytest.raises(NobodyServes):  # after the time it would be RequestTimedOut
        await bus.request("salon.cmd.v1.relay.gone.negotiate", VerifyToken(), TokenVerified, timeout_s=30.0)


async def test_silence_ends_at_the_deadline_and_cancels_the_handler(bus: Bus) -> None:
    cancelled = asyncio.Event()

    async def handler(request: VerifyToken, context: RequestContext) -> TokenVerified:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    await bus.serve(SUBJECT, VerifyToken, handler)
    with pytest.raises(RequestTimedOut) as caught:
        await bus.request(SUBJECT, VerifyToken(), TokenVerified, timeout_s=0.1)
    assert caught.value.deadline_s == 0.1
    await asyncio.wait_for(cancelled.wait(), 5.0)


async def test_no_more_handlers_run_than_allowed_and_no_more_wait(bus: Bus) -> None:
    release = asyncio.Event()
    running: Gathered[int] = Gathered()

    async def handler(request: VerifyToken, context: RequestContext) -> TokenVerified:
        running.add(1)
        await release.wait()
        return TokenVerified()

    serving = await bus.serve(SUBJECT, VerifyToken, handler, max_in_flight=2, max_waiting=3)
    asks = [asyncio.create_task(bus.request(SUBJECT, VerifyToken(), TokenVerified, 10.0)) for _ in range(8)]
    refused = 0
    for finished in asyncio.as_completed(asks):
        try:
            await finished
        except RateLimited:
            refused += 1
        if refused == 3:
            break
    assert len(running.items) == 2
    assert serving.in_flight == 5
    release.set()
    results = await asyncio.gather(*asks, return_exceptions=True)
    assert sum(isinstance(result, RateLimited) for result in results) == 3
    assert len(running.items) == 5


async def test_a_queue_group_shares_and_a_stopped_one_finishes_its_work(bus: Bus, make_bus: MakeBus) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow(request: VerifyToken, context: RequestContext) -> TokenVerified:
        begun.set()
        await release.wait()
        return TokenVerified(user_id="slow")

    async def quick(request: VerifyToken, context: RequestContext) -> TokenVerified:
        return TokenVerified(user_id="quick")

    other = await make_bus()
    serving = await bus.serve(SUBJECT, VerifyToken, slow, queue="token")
    ask = asyncio.create_task(other.request(SUBJECT, VerifyToken(), TokenVerified, 10.0))
    await asyncio.wait_for(begun.wait(), 5.0)
    await other.serve(SUBJECT, VerifyToken, quick, queue="token")
    stopping = asyncio.create_task(serving.stop(10.0))
    await asyncio.wait_for(serving.quiet.wait(), 5.0)  # once the first has left, all go to the other one
    answers = [await other.request(SUBJECT, VerifyToken(), TokenVerified) for _ in range(20)]
    assert {answer.user_id for answer in answers} == {"quick"}
    assert not ask.done()
    release.set()
    assert (await ask).user_id == "slow"
    await stopping


async def test_the_trace_is_passed_on(bus: Bus) -> None:
    seen: list[str | None] = []

    async def inner(request: VerifyToken, context: RequestContext) -> TokenVerified:
        seen.append(context.traceparent)
        return TokenVerified()

    async def outer(request: VerifyToken, context: RequestContext) -> TokenVerified:
        seen.append(current_traceparent())
        return await bus.request(query("token", "inner"), request, TokenVerified)

    await bus.serve(query("token", "inner"), VerifyToken, inner)
    await bus.serve(query("token", "outer"), VerifyToken, outer)
    trace = new_traceparent()
    set_cause("test", trace)
    await bus.request(query("token", "outer"), VerifyToken(), TokenVerified)
    assert seen == [trace, trace]


async def test_a_closed_bus_is_unavailable(make_bus: MakeBus) -> None:
    bus = await make_bus()
    await bus.close()
    await bus.close()
    assert not bus.connected
    with pytest.raises(BusUnavailable):
        await bus.request(SUBJECT, VerifyToken(), TokenVerified, timeout_s=0.05)
