"""A bug in the effects of one stream ends these alone: the stream goes on, and so do all others."""

from collections.abc import Callable, Sequence

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.errors import InvariantBroken, SalonError, StreamNotFound
from salon_relay.effects.core.controller import EffectsController
from salon_relay.effects.core.inputs import Input
from salon_relay.effects.core.outputs import Output
from salon_relay.effects.core.phase import Phase
from salon_relay.effects.core.request import Problem
from salon_testing.relay.running import RunningRelay

ReadOffer = Callable[[str], str]
BEAUTY = Beauty(smooth=50)


def publish(relay: RunningRelay, read_offer: ReadOffer, transport_id: str, stream_id: str) -> None:
    offer = read_offer("chromium_156_publish_vp8")
    relay.negotiate(transport_id, offer, [("0", stream_id), ("1", stream_id)], sends=True)


async def test_bug_is_answered_and_forgotten(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(relay, read_offer, "p1", "cam")
    publish(relay, read_offer, "p2", "screen")
    assert await relay.set_effects("screen", BEAUTY) is Problem.FULL
    with monkeypatch.context() as broken:

        def apply(self: EffectsController, happened: Input, now_ns: int) -> Sequence[Output]:
            raise InvariantBroken("a bug")

        broken.setattr(EffectsController, "apply", apply)
        with pytest.raises(SalonError) as raised:
            await relay.set_effects("cam", BEAUTY)
        assert raised.value.code == "internal"
    assert relay.router.registry.streams == 2
    assert await relay.set_effects("cam", BEAUTY) is Problem.FULL
    assert await relay.set_effects("screen", None) == "off"


async def test_stream_that_ends_takes_its_effects_along(relay: RunningRelay, read_offer: ReadOffer) -> None:
    publish(relay, read_offer, "p1", "cam")
    assert await relay.set_effects("cam", BEAUTY) is Problem.FULL
    relay.router.close_all()
    await relay.facts.until(lambda: relay.facts.effects == [("cam", "full"), ("cam", "stopped")])
    assert relay.phase("cam") is Phase.OFF
    with pytest.raises(StreamNotFound):
        await relay.set_effects("cam", BEAUTY)


async def test_offer_that_replaces_a_section_keeps_the_effects(relay: RunningRelay, read_offer: ReadOffer) -> None:
    publish(relay, read_offer, "p1", "cam")
    assert await relay.set_effects("cam", BEAUTY) is Problem.FULL
    publish(relay, read_offer, "p2", "cam")
    assert await relay.set_effects("cam", BEAUTY, version=0) is Problem.FULL
    assert relay.facts.effects == [("cam", "full")]
