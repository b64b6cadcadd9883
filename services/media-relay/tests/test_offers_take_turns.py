"""Whoever sends many offers waits for themselves: addresses take turns, then users of one address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon_contracts.errors import RateLimited
from salon_relay.peers.offer_queue import (
    WAITING_MAX,
    WAITING_MAX_BYTES,
    WAITING_PER_ADDRESS_MAX,
    WAITING_PER_USER_MAX,
    OfferQueue,
    Turn,
)


def put(queue: OfferQueue[str], address: str, user: str, item: str, size_bytes: int = 1) -> None:
    queue.put(Turn(address, user), item, size_bytes)


def taken(queue: OfferQueue[str]) -> list[str]:
    items = []
    while (item := queue.take()) is not None:
        items.append(item)
    assert len(queue) == 0
    return items


def test_users_of_one_address_take_turns() -> None:
    queue: OfferQueue[str] = OfferQueue()
    for number in range(3):
        put(queue, "a", "mallory", f"m{number}")
    put(queue, "a", "bob", "b0")
    assert taken(queue) == ["m0", "b0", "m1", "m2"]


def test_addresses_take_turns_however_many_users_they_have() -> None:
    queue: OfferQueue[str] = OfferQueue()
    for number in range(20):
        put(queue, "a", f"mallory-{number}", f"m{number}")
    put(queue, "b", "bob", "b0")
    put(queue, "b", "bob", "b1")
    assert taken(queue)[:4] == ["m0", "b0", "m1", "b1"]


def test_one_user_is_bounded_and_others_still_come_in() -> None:
    queue: OfferQueue[str] = OfferQueue()
    for number in range(WAITING_PER_USER_MAX):
        put(queue, "a", "mallory", str(number))
    with pytest.raises(RateLimited, match="one user"):
        put(queue, "a", "mallory", "too many")
    put(queue, "a", "bob", "b0")
    put(queue, "b", "mallory", "elsewhere")


def test_one_address_is_bounded_and_others_still_come_in() -> None:
    queue: OfferQueue[str] = OfferQueue()
    for number in range(WAITING_PER_ADDRESS_MAX):
        put(queue, "a", f"user-{number}", str(number))
    with pytest.raises(RateLimited, match="one address"):
        put(queue, "a", "one more", "too many")
    put(queue, "b", "bob", "b0")


def test_all_together_are_bounded_in_number_and_size() -> None:
    queue: OfferQueue[str] = OfferQueue()
    for number in range(WAITING_MAX):
        put(queue, f"address-{number}", "user", str(number))
    with pytest.raises(RateLimited):
        put(queue, "b", "bob", "too many")
    assert len(taken(queue)) == WAITING_MAX

    put(queue, "a", "mallory", "large", WAITING_MAX_BYTES)
    with pytest.raises(RateLimited):
        put(queue, "b", "bob", "b0")
    assert taken(queue) == ["large"]
    put(queue, "b", "bob", "b0")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("uvw")), max_size=60))
def test_nothing_is_lost_and_each_user_stays_in_order(turns: list[tuple[str, str]]) -> None:
    queue: OfferQueue[tuple[str, str, int]] = OfferQueue()
    accepted = []
    for number, (address, user) in enumerate(turns):
        item = (address, user, number)
        try:
            queue.put(Turn(address, user), item, 1)
            accepted.append(item)
        except RateLimited:
            assert sum(each[:2] == item[:2] for each in accepted) == WAITING_PER_USER_MAX
    given_out = []
    while (taken_item := queue.take()) is not None:
        given_out.append(taken_item)
    assert sorted(given_out, key=lambda each: each[2]) == accepted
    for address, user in set(turns):
        own = [each for each in given_out if each[:2] == (address, user)]
        assert own == sorted(own, key=lambda each: each[2])
