import itertools
import random

from salon.relay.v1.relay_pb2 import TransportClosed
from salon.room.v1.events_pb2 import RelayAssigned
from salon_room.core.room_state import RoomState

from .rooms_by_hand import APP, ROOM, SESSION, Log, entity


def test_members_and_streams_come_and_go() -> None:
    log = Log()
    log.opened(limit=5)
    log.user_in("alice")
    log.user_in("bob")
    log.stream("cam", "alice")
    log.user_out("bob")
    state = log.fold()
    assert list(state.members) == ["alice"]
    assert list(state.streams) == ["cam"]
    assert (state.is_open, state.max_member_count, state.sequence) == (True, 5, 5)
    assert state.sequence_of(entity("user", "bob")) == 5


def test_what_is_told_twice_or_late_changes_nothing() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.stream("cam", "alice")
    log.stream_gone("cam", "alice")
    log.user_out("alice")
    state = log.fold()
    for fact in log.facts:
        assert not state.apply(fact)
    assert not state.members
    assert not state.streams


def test_a_snapshot_with_a_tail_that_overlaps_it_equals_the_whole_log() -> None:
    rng = random.Random(11)
    for _ in range(200):
        log = Log()
        log.opened()
        for _ in range(40):
            user = rng.choice("abc")
            match rng.randrange(3):
                case 0:
                    log.user_in(user)
                case 1:
                    log.user_out(user)
                case _:
                    log.stream(f"s{user}", user)
        whole = log.fold()
        cut, overlap = rng.randrange(1, 40), rng.randrange(0, 10)
        last_of_each = {fact.entity.subject: fact for fact in log.facts[:cut]}
        state = RoomState(APP, ROOM, SESSION)
        snapshot = sorted(last_of_each.values(), key=lambda each: each.sequence)
        for fact in itertools.chain(snapshot, log.facts[max(0, cut - overlap) :]):
            state.apply(fact)
        assert (state.members, state.streams, state.sequence) == (whole.members, whole.streams, whole.sequence)


def test_a_stream_of_a_session_that_is_gone_is_not_shown_to_newcomers() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.user_out("alice")
    log.stream("late", "alice")
    state = log.fold()
    assert list(state.streams) == ["late"]
    assert not list(state.live_streams())


def test_only_so_many_closed_transports_are_remembered() -> None:
    state = RoomState(APP, ROOM, SESSION)
    for number in range(5000):
        state.transport_closed(f"t{number}")
    assert len(state.closed_transports) == 4096
    assert "t4999" in state.closed_transports
    assert "t0" not in state.closed_transports


def test_transports_are_known_from_their_events() -> None:
    log = Log()
    log.say(entity("placement", None), RelayAssigned(relay_id="relay"))
    log.say(entity("transport", "s-a.send"), TransportClosed(session_id="s-a"))
    state = log.fold()
    assert state.room_placement is not None
    assert list(state.closed_transports) == ["s-a.send"]
