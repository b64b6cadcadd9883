import random

import pytest
from salon.relay.v1.relay_pb2 import RelayAnnouncement
from salon_contracts.errors import AlreadyLoggedIn, InvariantBroken, NotLoggedIn, RateLimited, RequestMalformed
from salon_room.core.connection.state import ALLOWED, ConnectionMachine, ConnectionState
from salon_room.core.limits import Bucket, Rate, take_all
from salon_room.core.placement import choose

SECOND = 1_000_000_000


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(Rate(2, 2, "two"))
    bucket.take(0)
    bucket.take(0)
    with pytest.raises(RateLimited):
        bucket.take(0)
    bucket.take(SECOND // 2)
    with pytest.raises(RateLimited):
        bucket.take(SECOND // 2)
    bucket.take(100 * SECOND)
    bucket.take(100 * SECOND)
    with pytest.raises(RateLimited):
        bucket.take(100 * SECOND)


def test_what_others_let_through_counts_up_to_one_burst() -> None:
    bucket = Bucket(Rate(10, 10, "ten"))
    for _ in range(1000):
        bucket.drain(0)
    assert not bucket.has_one(SECOND)
    assert bucket.has_one(SECOND + SECOND // 5)


def test_of_several_buckets_all_give_or_none() -> None:
    room, user = Bucket(Rate(10, 10, "room")), Bucket(Rate(1, 1, "user"))
    take_all([user, room], 0)
    for _ in range(20):
        with pytest.raises(RateLimited, match="user"):
            take_all([user, room], 0)
    for _ in range(9):
        room.take(0)


def test_the_less_loaded_of_two_is_chosen_and_draining_ones_never() -> None:
    def relay(name: str, load: int, *, draining: bool = False, region: str = "") -> RelayAnnouncement:
        return RelayAnnouncement(
            relay_id=name, capacity_packets_per_s=100, packets_per_s=load, draining=draining, region=region
        )

    rng = random.Random(5)
    assert choose([], "", rng) is None
    assert choose([relay("a", 0, draining=True)], "", rng) is None
    busy, idle, leaving = relay("busy", 90), relay("idle", 1), relay("leaving", 0, draining=True)
    for _ in range(50):
        chosen = choose([busy, idle, leaving], "", rng)
        assert chosen is not None
        assert chosen.relay_id == "idle"
    spread = {getattr(choose([relay(str(n), n) for n in range(10)], "", rng), "relay_id", "") for _ in range(300)}
    assert len(spread) > 5
    assert "9" not in spread
    near = choose([relay("far", 0), relay("near", 50, region="eu")], "eu", rng)
    assert near is not None
    assert near.relay_id == "near"


def test_a_session_only_goes_where_it_may() -> None:
    for state, allowed in ALLOWED.items():
        for other in ConnectionState:
            machine = ConnectionMachine()
            machine.state = state
            if other in allowed:
                machine.enter(other)
            else:
                with pytest.raises(InvariantBroken):
                    machine.enter(other)


def test_requests_need_the_right_state() -> None:
    machine = ConnectionMachine()
    with pytest.raises(RequestMalformed):
        machine.require_login_allowed()
    with pytest.raises(RequestMalformed):
        machine.require_logged_in()
    machine.enter(ConnectionState.GREETED)
    with pytest.raises(RequestMalformed):
        machine.require_hello_allowed()
    with pytest.raises(NotLoggedIn):
        machine.require_logged_in()
    machine.enter(ConnectionState.LOGGING_IN)
    with pytest.raises(AlreadyLoggedIn):
        machine.require_login_allowed()
    assert machine.close()
    assert not machine.close()
