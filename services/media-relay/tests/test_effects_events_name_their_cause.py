"""What a request does to the effects of a stream names that request."""

import asyncio
from collections.abc import Callable

from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.ids import TransportId
from salon_kit.trace import caused_by
from salon_relay.effects.core.request import Problem
from salon_testing.relay.running import RunningRelay


async def test_effects_that_end_with_an_order_name_it(relay: RunningRelay, read_offer: Callable[[str], str]) -> None:
    offer = read_offer("chromium_156_publish_vp8")
    relay.negotiate("p", offer, [("0", "cam"), ("1", "cam")], sends=True)
    assert await relay.set_effects("cam", Beauty(smooth=50)) is Problem.FULL
    with caused_by("close"):
        relay.router.close(TransportId("p"))
    await relay.facts.until(lambda: "stopped" in relay.facts.causes)
    assert relay.facts.causes["stopped"] == "close"


async def test_first_fact_after_a_request_names_it(relay: RunningRelay, read_offer: Callable[[str], str]) -> None:
    with caused_by("offer"):
        relay.negotiate("p", read_offer("chromium_156_publish_vp8"), [("0", "cam"), ("1", "cam")], sends=True)
    with caused_by("request"):
        asked = asyncio.create_task(relay.set_effects("cam", Beauty(smooth=50)))
    assert await asked is Problem.FULL
    assert relay.facts.causes["full"] == "request"
