"""From a request at one service over what it asks of another to the events of both, on a real NATS server."""

import asyncio

from salon.token.v1.token_pb2 import TokenVerified, VerifyToken
from salon_contracts.subjects import EVENTS_SUBJECTS, command
from salon_kit.bus import Bus, RequestContext
from salon_kit.events import Events, EventTail, Outbox, StoredEvent
from salon_kit.testing import Gathered, MakeBus
from salon_kit.trace import begin_trace, caused_by, current_cause_id, current_traceparent, new_traceparent

from .entities import everything, logged_in, user

SUBJECT = command("token", "verify-token")


async def appended(events: Events) -> dict[str, StoredEvent]:
    """By the key of the entity."""
    return {str(event.entity.key): event for event in await events.read_after([EVENTS_SUBJECTS], 0)}


async def test_a_request_is_the_cause_of_what_follows_at_every_service(
    bus: Bus, events: Events, make_bus: MakeBus
) -> None:
    other = await make_bus(service="relay", node="relay-1")
    outbox, asked = Outbox(Events(other)), list[RequestContext]()
    sending = asyncio.create_task(outbox.run())

    async def handle(request: VerifyToken, context: RequestContext) -> TokenVerified:
        asked.append(context)
        await asyncio.create_task(Events(other).append(user("answering"), logged_in("b")))
        outbox.put(user("later"), logged_in("c"))
        return TokenVerified()

    async def request_from_outside() -> tuple[str | None, str | None]:
        begin_trace()
        await events.append(user("asking"), logged_in("a"))
        await bus.request(SUBJECT, VerifyToken(), TokenVerified)
        return current_cause_id(), current_traceparent()

    await other.serve(SUBJECT, VerifyToken, handle)
    cause_id, traceparent = await asyncio.create_task(request_from_outside())
    assert await outbox.flush() == 0
    sending.cancel()

    stored = await appended(events)
    assert cause_id is not None
    assert traceparent is not None
    assert stored["asking"].envelope.cause_id == cause_id
    assert {stored[key].envelope.cause_id for key in ("answering", "later")} == {asked[0].request_id}
    assert {event.envelope.traceparent for event in stored.values()} == {traceparent}


async def test_what_is_appended_because_of_an_event_names_that_event(bus: Bus, events: Events) -> None:
    followed = Gathered[StoredEvent]()

    async def follow(event: StoredEvent) -> None:
        followed.add(event)
        if event.entity.key == "first":
            await asyncio.create_task(events.append(user("second"), logged_in("b")))

    tail = EventTail(bus, follow)
    await tail.start()
    await tail.follow(everything())
    trace = new_traceparent()
    with caused_by("request", trace):
        await events.append(user("first"), logged_in("a"))
    first, second = await followed.until(lambda items: len(items) == 2)
    await tail.close()
    assert (first.envelope.cause_id, first.envelope.traceparent) == ("request", trace)
    assert (second.envelope.cause_id, second.envelope.traceparent) == (first.envelope.id, trace)


async def test_an_event_that_nobody_asked_for_names_its_process(events: Events) -> None:
    assert current_cause_id() is None
    await events.append(user("alone"), logged_in("a"))
    stored = (await appended(events))["alone"]
    assert stored.envelope.cause_id == events.identity.own_cause
    assert stored.envelope.traceparent is None
