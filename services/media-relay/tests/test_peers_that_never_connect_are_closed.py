"""Half-open peer connections are bounded in time and number, and closing is the same from every side."""

from collections.abc import Callable
from typing import Literal

import pytest
from salon_contracts.errors import NoRelayAvailable, OfferUnacceptable, RateLimited, TransportNotFound
from salon_contracts.ids import TransportId
from salon_packets import CommandQueueFull, DtlsReceived, TransportClosed, TransportConnected
from salon_relay.peers.peer import ALLOWED, CloseReason, PeerState
from salon_relay.peers.quotas import Limits
from salon_testing.relay.running import MakeRelay, RunningRelay

ReadOffer = Callable[[str], str]


async def test_set_up_has_a_deadline(make_relay: MakeRelay, read_offer: ReadOffer) -> None:
    async with make_relay(Limits(transports=10, half_open=10, setup_timeout_s=0.05)) as relay:
        relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
        await relay.facts.until(lambda: bool(relay.facts.closed))
        assert relay.facts.closed == {"p": CloseReason.NEVER_CONNECTED}
        assert relay.facts.opened == []
        assert (relay.router.transports, relay.router.half_open, relay.router.registry.streams) == (0, 0, 0)


async def test_half_open_peers_are_bounded(make_relay: MakeRelay, read_offer: ReadOffer) -> None:
    async with make_relay(Limits(transports=10, half_open=2, setup_timeout_s=15)) as relay:
        for name in ("a", "b"):
            relay.negotiate(name, read_offer("obs_whip"), sends=True, single=name)
        with pytest.raises(RateLimited):
            relay.negotiate("c", read_offer("obs_whip"), sends=True, single="c")
        relay.negotiate("a", read_offer("obs_whip"), sends=True, single="a")  # offering again is no new one
        relay.router.close(TransportId("a"))
        relay.negotiate("c", read_offer("obs_whip"), sends=True, single="c")


async def test_transports_are_bounded(make_relay: MakeRelay, read_offer: ReadOffer) -> None:
    async with make_relay(Limits(transports=1, half_open=10, setup_timeout_s=15)) as relay:
        relay.negotiate("a", read_offer("obs_whip"), sends=True, single="a")
        with pytest.raises(NoRelayAvailable):
            relay.negotiate("b", read_offer("obs_whip"), sends=True, single="b")


async def test_draining_relay_takes_nobody_new(relay: RunningRelay, read_offer: ReadOffer) -> None:
    relay.negotiate("a", read_offer("obs_whip"), sends=True, single="a")
    relay.router.draining = True
    relay.negotiate("a", read_offer("obs_whip"), sends=True, single="a")
    with pytest.raises(NoRelayAvailable):
        relay.negotiate("b", read_offer("obs_whip"), sends=True, single="b")


async def test_closing_twice_is_closing_once(relay: RunningRelay, read_offer: ReadOffer) -> None:
    relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
    for _ in range(2):
        relay.router.close(TransportId("p"))
    assert relay.facts.closed == {"p": CloseReason.ORDERED}
    relay.router.close(TransportId("never heard of"))


async def test_close_that_overtakes_its_offer_wins(relay: RunningRelay, read_offer: ReadOffer) -> None:
    relay.router.close(TransportId("p"))
    with pytest.raises(TransportNotFound):
        relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")


async def test_peer_connection_keeps_its_direction(relay: RunningRelay, read_offer: ReadOffer) -> None:
    relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
    with pytest.raises(OfferUnacceptable, match="another log-in or direction"):
        relay.negotiate("p", read_offer("chromium_156_play_two"), [("0", "cam")], sends=False)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("consent-expired", CloseReason.NEVER_CONNECTED), ("internal-error", CloseReason.INTERNAL_ERROR)],
)
async def test_packet_path_gives_a_peer_up(
    relay: RunningRelay,
    read_offer: ReadOffer,
    reason: Literal["consent-expired", "internal-error"],
    expected: CloseReason,
) -> None:
    relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
    relay.packets.on_event(TransportClosed(1, reason))
    assert relay.facts.closed == {"p": expected}
    relay.packets.on_event(TransportClosed(1, "internal-error"))
    relay.packets.on_event(TransportConnected(1, "192.0.2.1:9"))
    relay.packets.on_event(DtlsReceived(1, [b"late"]))


async def test_same_offer_again_gives_the_same_answer(relay: RunningRelay, read_offer: ReadOffer) -> None:
    relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
    offer = read_offer("chromium_156_play_two").replace("VP8", "XYZ")
    first, flowing = relay.negotiate("v", offer, [("0", "cam"), ("1", "cam")], sends=False)
    second, again = relay.negotiate("v", offer, [("0", "cam"), ("1", "cam")], sends=False)
    assert flowing == again
    assert [line for line in first.splitlines() if line[0] != "o"] == [
        line for line in second.splitlines() if line[0] != "o"
    ]
    assert relay.router.registry.sinks == 2


async def test_section_bound_to_another_stream_gets_new_ssrcs(relay: RunningRelay, read_offer: ReadOffer) -> None:
    for name in ("cam", "screen"):
        relay.negotiate(name, read_offer("obs_whip"), sends=True, single=name)
    offer = read_offer("chromium_156_play_two")
    seen: set[str] = set()
    for stream_id in ("cam", "screen", "cam", "screen"):
        answer, flowing = relay.negotiate("v", offer, [("1", stream_id)], sends=False)
        assert flowing == [("1", stream_id, "H264")]
        ssrcs = {line.split(" ")[0] for line in answer.splitlines() if line.startswith("a=ssrc:")}
        assert not ssrcs & seen
        seen |= ssrcs
        assert f"a=msid:{stream_id} video" in answer
    assert relay.router.registry.sinks == 1


async def test_packet_path_that_is_behind_costs_one_peer(
    relay: RunningRelay, read_offer: ReadOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise CommandQueueFull

    with monkeypatch.context() as patched:
        patched.setattr(relay.packets, "add_source", full)
        with pytest.raises(RateLimited):
            relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
    assert relay.facts.closed == {"p": CloseReason.INTERNAL_ERROR}
    assert (relay.router.transports, relay.router.half_open) == (0, 0)

    with monkeypatch.context() as patched:
        patched.setattr(relay.packets, "add_transport", full)
        with pytest.raises(RateLimited):
            relay.negotiate("q", read_offer("obs_whip"), sends=True, single="cam")
    assert (relay.router.transports, relay.router.half_open) == (0, 0)
    relay.negotiate("q", read_offer("obs_whip"), sends=True, single="cam")


def test_states_end_in_closed() -> None:
    assert set(ALLOWED) == set(PeerState)
    assert ALLOWED[PeerState.CLOSED] == frozenset()
