"""The pure part of the quotas: nobody gets more than its own, nobody pays for another, memory is bounded."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon_contracts.errors import QuotaExceeded, RateLimited
from salon_room.core.limits import NANOSECONDS, Rate
from salon_room.core.quotas import Counts, Place, Rates, hold_each, take_each

S = NANOSECONDS


def rates(per_s: float = 2, burst: float = 4, keys_max: int = 100) -> Rates:
    return Rates(Rate(per_s, burst, f"{per_s} a second"), keys_max)


def granted(of: Rates, key: object, tries: int, now_ns: int, cost: float = 1) -> int:
    count = 0
    for _ in range(tries):
        try:
            of.take(key, cost, now_ns)
        except RateLimited:
            continue
        count += 1
    return count


def test_a_burst_then_the_rate() -> None:
    offers = rates()
    assert granted(offers, "ann", 10, 0) == 4
    assert granted(offers, "ann", 10, S) == 2
    assert granted(offers, "ann", 10, 100 * S) == 4


def test_another_key_is_not_touched() -> None:
    offers = rates()
    granted(offers, "ann", 1000, 0)
    assert granted(offers, "bob", 10, 0) == 4


def test_bytes_are_taken_by_their_number_and_a_large_one_waits_for_a_full_bucket() -> None:
    spent = rates(per_s=100, burst=1000)
    assert granted(spent, "ann", 10, 0, cost=300) == 3
    assert granted(spent, "ann", 1, 2 * S, cost=300) == 1
    assert granted(spent, "ann", 1, 5 * S, cost=5000) == 0
    assert granted(spent, "ann", 2, 20 * S, cost=5000) == 1


def test_no_rate_is_no_limit_and_no_memory() -> None:
    free = rates(per_s=0)
    assert granted(free, "ann", 1000, 0) == 1000
    assert len(free) == 0


def test_all_of_several_or_none() -> None:
    user, address = rates(burst=10), rates(burst=1)
    take_each([(user, "ann", 1), (address, "here", 1)], 0)
    for _ in range(50):
        with pytest.raises(RateLimited):
            take_each([(user, "ann", 1), (address, "here", 1)], 0)
    assert granted(user, "ann", 20, 0) == 9


def test_what_is_paid_is_forgotten() -> None:
    offers = rates(per_s=10, keys_max=1000)
    for second in range(50):
        for number in range(100):
            offers.take((second, number), 1, second * S)
    assert len(offers) <= 512


def test_strangers_by_the_thousand_do_not_forgive_a_big_spender() -> None:
    """Whoever wants a debt forgotten has to bring more keys than fit that owe more."""
    offers = rates(per_s=0.01, burst=50, keys_max=100)
    assert granted(offers, "spender", 1000, 0) == 50
    for number in range(20_000):
        offers.take(number, 1, number)
        assert len(offers) <= 100
    assert granted(offers, "spender", 1000, 20_000) == 0


@given(
    per_s=st.floats(0.5, 50),
    burst=st.integers(1, 50),
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3 * S), st.floats(0.1, 20)), max_size=200),
)
def test_nobody_is_ever_granted_more_than_burst_and_rate(
    per_s: float, burst: int, steps: list[tuple[str, int, float]]
) -> None:
    of = rates(per_s, burst)
    now_ns = 0
    spent: Counter[str] = Counter()
    for key, pause_ns, cost in steps:
        now_ns += pause_ns
        if granted(of, key, 1, now_ns, min(cost, burst)):
            spent[key] += min(cost, burst)  # type: ignore[assignment]
        assert spent[key] <= (burst + per_s * now_ns / S) * 1.000001


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=100))
def test_places_are_counted_exactly(steps: list[tuple[str, bool]]) -> None:
    of_user, of_app = Counts(3, "3 of a user"), Counts(5, "5 of an app")
    held: list[tuple[str, Place]] = []
    for user, release in steps:
        if release and held:
            _, place = held.pop(0)
            place.release()
            place.release()  # once, however often it is called
        elif not release:
            mine = sum(owner == user for owner, _ in held)
            if mine >= 3 or len(held) >= 5:
                with pytest.raises(QuotaExceeded):
                    hold_each([(of_user, user), (of_app, "app")])
            else:
                held.append((user, hold_each([(of_user, user), (of_app, "app")])))
        assert of_app.held("app") == len(held)
    for _, place in held:
        place.release()
    assert (len(of_user), len(of_app)) == (0, 0)


def test_a_place_is_released_by_its_block_whatever_happens() -> None:
    under_way = Counts(1, "one under way", RateLimited)

    def fail() -> None:
        with hold_each([(under_way, "ann")]):
            with pytest.raises(RateLimited, match="one under way"):
                hold_each([(under_way, "ann")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(under_way) == 0


def test_a_limit_of_none_counts_and_refuses_nobody() -> None:
    free = Counts(0, "any")
    places = [hold_each([(free, "ann")]) for _ in range(1000)]
    assert free.held("ann") == 1000
    for place in places:
        place.release()
