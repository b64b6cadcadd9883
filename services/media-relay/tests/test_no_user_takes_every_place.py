"""Peer connections and tracks are bounded by user, address and app, and others get in while somebody is at a limit."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon_contracts.errors import QuotaExceeded, RateLimited, SalonError
from salon_contracts.ids import AppId, TransportId, UserId
from salon_packets import DtlsReceived, TransportConnected
from salon_relay.config import RelaySettings, limits_of
from salon_relay.peers.peer import CloseReason
from salon_relay.peers.quotas import Limits, Owner, Quotas
from salon_testing.relay.running import MakeRelay, RunningRelay

ReadOffer = Callable[[str], str]

DEFAULTS = limits_of(RelaySettings())
ROOMY = Limits(transports=2000, half_open=2000, setup_timeout_s=15.0)


def refusals(relay: RunningRelay, offer: str, count: int, *, first: int = 0, **whose: str | int) -> list[str]:
    """The codes of `count` new publishers."""
    codes = []
    for number in range(first, first + count):
        name = f"{'-'.join(map(str, whose.values()))}-{number}"
        try:
            relay.negotiate(name, offer, sends=True, single=name, **whose)  # type: ignore[arg-type]
            codes.append("")
        except SalonError as error:
            codes.append(error.code)
    return codes


async def test_500_unfinished_offers_of_one_user_leave_room_for_everybody(
    make_relay: MakeRelay, read_offer: ReadOffer
) -> None:
    offer = read_offer("obs_whip")
    async with make_relay(DEFAULTS) as relay:
        for number in range(50):
            codes = refusals(relay, offer, 10, first=10 * number, user_id="mallory", address="192.0.2.1")
            assert codes.count("rate-limited") == (2 if number == 0 else 10)
            relay.negotiate(f"b{number}", offer, sends=True, single=f"b{number}", user_id=f"bob-{number}")
        assert relay.router.half_open == 8 + 50


async def test_many_users_of_one_address_leave_room_for_other_addresses(
    make_relay: MakeRelay, read_offer: ReadOffer
) -> None:
    async with make_relay(DEFAULTS) as relay:
        codes = [
            code
            for number in range(30)
            for code in refusals(relay, read_offer("obs_whip"), 8, user_id=f"m{number}", address="2001:db8::/64")
        ]
        assert codes == [""] * 128 + ["rate-limited"] * 112
        assert refusals(relay, read_offer("obs_whip"), 2, user_id="bob", address="192.0.2.2") == ["", ""]
        assert refusals(relay, read_offer("obs_whip"), 2, user_id="ann") == ["", ""]  # whose address is not known


async def test_one_app_leaves_room_for_others(make_relay: MakeRelay, read_offer: ReadOffer) -> None:
    limits = replace(DEFAULTS, half_open=20, half_open_per_app=16)
    async with make_relay(limits) as relay:
        codes = [code for n in range(3) for code in refusals(relay, read_offer("obs_whip"), 8, user_id=f"m{n}")]
        assert codes == [""] * 16 + ["rate-limited"] * 8
        assert refusals(relay, read_offer("obs_whip"), 2, app_id=2) == ["", ""]


async def test_office_of_thirty_and_its_reloads_come_in(make_relay: MakeRelay, read_offer: ReadOffer) -> None:
    offer = read_offer("obs_whip")
    async with make_relay(DEFAULTS) as relay:
        for load in range(2):
            for number in range(30):
                for end in ("send", "receive"):
                    name = f"{load}-{number}-{end}"
                    relay.negotiate(name, offer, sends=True, single=name, user_id=f"user-{number}", address="192.0.2.1")


async def test_unfinished_ones_that_end_make_room(make_relay: MakeRelay, read_offer: ReadOffer) -> None:
    async with make_relay(replace(ROOMY, half_open_per_user=2)) as relay:
        assert refusals(relay, read_offer("obs_whip"), 3, user_id="u") == ["", "", "rate-limited"]
        relay.router.close(TransportId("u-0"))
        relay.negotiate("again", read_offer("obs_whip"), sends=True, single="again", user_id="u")


@pytest.mark.parametrize("limits", [replace(ROOMY, transports_per_user=2), replace(ROOMY, transports_per_app=2)])
async def test_standing_ones_are_a_quota(make_relay: MakeRelay, read_offer: ReadOffer, limits: Limits) -> None:
    async with make_relay(limits) as relay:
        assert refusals(relay, read_offer("obs_whip"), 3, user_id="u") == ["", "", "quota-exceeded"]
        relay.negotiate("u-0", read_offer("obs_whip"), sends=True, single="u-0", user_id="u")  # no new one
        assert refusals(relay, read_offer("obs_whip"), 1, user_id="u", app_id=2) == [""]


async def test_tracks_of_one_user_are_counted_over_all_peer_connections(
    make_relay: MakeRelay, read_offer: ReadOffer
) -> None:
    async with make_relay(replace(ROOMY, sources_per_user=5)) as relay:
        offer = read_offer("chromium_156_publish_vp8")
        relay.negotiate("a", offer, [("0", "a"), ("1", "a")], sends=True)
        relay.negotiate("b", offer, [("0", "b"), ("1", "b")], sends=True)
        with pytest.raises(QuotaExceeded, match="5 tracks"):
            relay.negotiate("c", offer, [("0", "c"), ("1", "c")], sends=True)
        assert (relay.router.transports, relay.router.registry.sources) == (2, 4)
        relay.negotiate("c", offer, [("0", "c")], sends=True)
        relay.negotiate("b", offer, [("0", "b"), ("1", "b")], sends=True)  # the same again
        with pytest.raises(QuotaExceeded):
            relay.negotiate("c", offer, [("0", "c"), ("1", "c")], sends=True)
        assert relay.router.registry.sources == 5
        relay.negotiate("d", offer, [("0", "d"), ("1", "d")], sends=True, user_id="bob")
        relay.router.close(TransportId("a"))
        relay.negotiate("c", offer, [("0", "c"), ("1", "c")], sends=True)


async def test_viewers_without_a_user_are_not_one_user(make_relay: MakeRelay, read_offer: ReadOffer) -> None:
    async with make_relay(replace(ROOMY, transports_per_user=1, half_open_per_user=1)) as relay:
        relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam", user_id="ann")
        offer = read_offer("chromium_156_play_two")
        for number in range(3):
            relay.negotiate(f"v{number}", offer, [("0", "cam")], sends=False, user_id="")


async def test_repeated_offers_do_not_keep_a_peer_half_open(make_relay: MakeRelay, read_offer: ReadOffer) -> None:
    """Neither offers, nor ICE, nor the beginnings of a handshake."""
    garbage = [bytes([22, 254, 253]) + bytes(10), b"\x16" * 1200, b""]
    async with make_relay(replace(ROOMY, setup_timeout_s=0.2)) as relay:
        relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
        for _ in range(3):
            relay.packets.on_event(TransportConnected(1, "192.0.2.1:9"))
            relay.packets.on_event(DtlsReceived(1, garbage))
            relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
        await relay.facts.until(lambda: bool(relay.facts.closed))
        assert relay.facts.closed == {"p": CloseReason.NEVER_CONNECTED}
        assert (relay.router.transports, relay.router.half_open) == (0, 0)


def test_defaults_are_ordered() -> None:
    assert DEFAULTS.half_open_per_user < DEFAULTS.half_open_per_address < DEFAULTS.half_open_per_app
    assert DEFAULTS.half_open_per_app == 400 < DEFAULTS.half_open
    assert limits_of(RelaySettings(half_open_per_app=7)).half_open_per_app == 7
    assert limits_of(RelaySettings(max_half_open=1)).half_open_per_app == 1


OWNERS = [
    Owner(AppId(app), UserId(user), address) for app in (1, 2) for user in ("", "u", "v") for address in ("", "x")
]


@given(st.lists(st.tuples(st.sampled_from(OWNERS), st.integers(0, 2)), max_size=50))
def test_nothing_is_left_of_who_has_gone(peers: list[tuple[Owner, int]]) -> None:
    quotas = Quotas(ROOMY)
    for owner, _ in peers:
        quotas.check(owner)
        quotas.begin(owner)
    assert quotas.half_open == quotas.transports == len(peers)
    for owner, fate in peers:
        if fate:
            quotas.connected(owner)
        quotas.end(owner, was_connected=bool(fate))
    assert (quotas.half_open, quotas.transports) == (0, 0)
    assert not quotas._transports
    assert not quotas._half_open


def test_refusal_says_the_limit() -> None:
    quotas = Quotas(replace(ROOMY, half_open_per_address=1))
    owner = Owner(AppId(1), UserId("u"), "192.0.2.1")
    quotas.begin(owner)
    with pytest.raises(RateLimited, match="1 peer connections from this address"):
        quotas.check(owner)
