import random

import pytest
from salon.relay.v1.relay_pb2 import TransportClosed
from salon.room.v1.events_pb2 import (
    ClientKind,
    LogoutReason,
    RelayAssigned,
    RoomClosed,
    RoomOpened,
    StreamAdded,
    StreamRemoved,
    UserLoggedIn,
    UserLoggedOut,
)
from salon_contracts.errors import RoomFull, StreamExists, StreamNotYours
from salon_contracts.ids import RoomSessionId
from salon_room.core import decisions
from salon_room.core.decisions import Admission, OlderFirst
from salon_room.core.facts import Append, Reject
from salon_room.core.placement import RelayLost, RelayStart, assign_relay
from salon_room.core.room_state import RoomState

from .rooms_by_hand import APP, ROOM, SESSION, Log, entity


def nothing_lost(relay_id: str, epoch: str) -> bool:
    return False


def everything_lost(relay_id: str, epoch: str) -> bool:
    return True


def assign(state: RoomState, relay_id: str, lost: RelayLost) -> list[Append]:
    decision = assign_relay(state, "alice", "s-alice", RelayStart(relay_id, "e"), lost)
    assert not isinstance(decision, Reject)
    return decision


def event_of(decision: Append | Reject) -> object:
    assert isinstance(decision, Append)
    return decision.event


def login(user_id: str, session_id: str) -> UserLoggedIn:
    return decisions.user_logged_in(user_id, user_id, session_id, 1, ClientKind.CLIENT_KIND_WEBSOCKET)


def test_a_log_in_expects_what_the_fold_has_seen_of_the_user() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    out = log.user_out("alice")
    decision = decisions.log_in(log.fold(), login("alice", "new"))
    assert isinstance(decision, Append)
    assert decision.expected_sequence == out


def test_the_older_log_in_of_a_user_goes_first_with_its_streams() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.stream("cam", "alice")
    decision = decisions.log_in(log.fold(), login("alice", "new"))
    assert decision == OlderFirst("s-alice")
    reason = LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN
    removed, out = (append.event for append in decisions.log_out(log.fold(), "alice", "s-alice", reason))
    assert isinstance(removed, StreamRemoved)
    assert removed.reason == 3
    assert isinstance(out, UserLoggedOut)
    assert out.reason == LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN


def test_a_full_room_takes_nobody_but_its_own() -> None:
    log = Log()
    log.opened(limit=2)
    log.user_in("alice")
    log.user_in("bob")
    refused = decisions.log_in(log.fold(), login("carol", "c"))
    assert isinstance(refused, Reject)
    assert refused.error == RoomFull(limit=2)
    assert decisions.log_in(log.fold(), login("bob", "again")) == OlderFirst("s-bob")


def test_of_those_who_came_at_once_the_stream_says_who_was_too_late() -> None:
    log = Log()
    log.opened(limit=2)
    for user in ("alice", "bob", "carol"):
        log.user_in(user)
    admissions = [decisions.admit(log.fold(), user, f"s-{user}") for user in ("alice", "bob", "carol")]
    assert admissions == [Admission.STAYS, Admission.STAYS, Admission.OVER_LIMIT]


def test_a_log_in_before_the_close_makes_the_close_void() -> None:
    log = Log()
    log.opened(limit=9)
    log.user_in("alice")
    log.closed()
    state = log.fold()
    assert decisions.admit(state, "alice", "s-alice") is Admission.CLOSE_IS_VOID
    (reopen,) = decisions.reopen(state)
    assert log.append(reopen) == 4
    assert decisions.admit(log.fold(), "alice", "s-alice") is Admission.STAYS


def test_a_log_in_after_the_close_is_too_late() -> None:
    log = Log()
    log.opened()
    log.closed()
    log.user_in("alice")
    state = log.fold()
    assert decisions.admit(state, "alice", "s-alice") is Admission.TOO_LATE
    assert not decisions.reopen(state)


def test_a_log_in_that_another_session_overtook_is_too_late() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.user_out("alice")
    closed = log.closed()
    log.append(decisions.open_room(log.fold(), RoomSessionId("rs_2"), 0, "x", 1)[0])
    assert log.last[log.facts[closed - 1].entity.subject] == 5
    log.user_in("bob")
    assert decisions.admit(log.fold(), "bob", "s-bob") is Admission.TOO_LATE


def test_a_replaced_log_in_is_told_so() -> None:
    log = Log()
    log.opened()
    log.user_in("alice", "newer")
    assert decisions.admit(log.fold(), "alice", "older") is Admission.REPLACED


def test_an_empty_room_is_closed_but_not_a_new_one() -> None:
    log = Log()
    opened = log.opened(limit=3)
    assert not decisions.close_if_empty(log.fold())
    log.user_in("alice")
    assert not decisions.close_if_empty(log.fold())
    log.user_out("alice")
    (close,) = decisions.close_if_empty(log.fold())
    assert isinstance(close.event, RoomClosed)
    assert (close.expected_sequence, close.event.max_member_count) == (opened, 3)
    log.append(close)
    assert not decisions.close_if_empty(log.fold())


def test_a_reopened_room_keeps_its_limit() -> None:
    log = Log()
    log.opened(limit=3)
    log.user_in("alice")
    log.user_in("bob")
    log.user_out("bob")
    state = log.fold()
    closed = RoomClosed(room_session_id=SESSION, max_member_count=3, creator_user_id="alice")
    log.say(log.facts[0].entity, closed)
    (reopen,) = decisions.reopen(log.fold())
    assert isinstance(reopen.event, RoomOpened)
    assert (reopen.event.max_member_count, reopen.event.creator_user_id) == (3, "alice")
    assert state.max_member_count == 3


def test_publishing_again_by_the_same_session_is_an_update() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    event = StreamAdded(stream_id="cam", user_id="alice", session_id="s-alice", transport_id="t1")
    first = decisions.publish(log.fold(), event)
    assert isinstance(first, Append)
    assert isinstance(first.event, StreamAdded)
    assert (first.expected_sequence, first.event.is_update) == (0, False)
    sequence = log.append(first)
    again = decisions.publish(log.fold(), event)
    assert isinstance(again, Append)
    assert isinstance(again.event, StreamAdded)
    assert (again.expected_sequence, again.event.is_update) == (sequence, True)


def test_a_stream_of_a_living_session_cannot_be_taken_but_one_left_behind_is_cleared() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.user_in("bob")
    log.stream("cam", "alice")
    event = StreamAdded(stream_id="cam", user_id="bob", session_id="s-bob")
    refused = decisions.publish(log.fold(), event)
    assert isinstance(refused, Reject)
    assert refused.error == StreamExists(stream_id="cam")
    log.user_out("alice")
    assert isinstance(event_of(decisions.publish(log.fold(), event)), StreamRemoved)


def test_only_the_publisher_unpublishes() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.stream("cam", "alice")
    assert isinstance(event_of(decisions.unpublish(log.fold(), "cam", "s-alice")), StreamRemoved)
    refused = decisions.unpublish(log.fold(), "cam", "s-bob")
    assert isinstance(refused, Reject)
    assert refused.error == StreamNotYours(stream_id="cam")


def test_an_offer_may_only_name_own_streams() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.stream("cam", "alice")
    log.stream("theirs", "bob")
    assert decisions.publish_tracks_allowed(log.fold(), "s-alice", "screen", ["cam", "screen"]) is None
    refused = decisions.publish_tracks_allowed(log.fold(), "s-alice", "screen", ["screen", "theirs"])
    assert refused is not None
    assert refused.error == StreamNotYours(stream_id="theirs")


@pytest.mark.parametrize("how", ["session", "transport", "relay", "epoch-before"])
def test_a_stream_whose_ground_is_gone_is_removed(how: str) -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.user_in("bob")
    log.say(entity("placement", None), RelayAssigned(relay_id="relay", relay_epoch="1"))
    log.stream("cam", "alice", transport="s-alice.send")
    log.stream("fine", "bob", transport="s-bob.send")
    assert not decisions.lost_streams(log.fold(), nothing_lost)
    lost = nothing_lost
    if how == "session":
        log.user_out("alice")
    elif how == "transport":
        log.say(entity("transport", "s-alice.send"), TransportClosed(session_id="s-alice"))
    elif how == "relay":
        lost = everything_lost
    else:
        log.say(entity("placement", None), RelayAssigned(relay_id="other", relay_epoch="1"))
    removed = [append.event.stream_id for append in decisions.lost_streams(log.fold(), lost)]  # type: ignore[attr-defined]
    assert removed == (["cam"] if how in ("session", "transport") else ["cam", "fine"])


def test_a_transport_that_closed_before_its_stream_was_said_takes_it_along() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.say(entity("transport", "s-alice.send"), TransportClosed(session_id="s-alice"))
    log.stream("cam", "alice", transport="s-alice.send")
    assert decisions.lost_streams(log.fold(), nothing_lost)


def test_a_relay_is_assigned_once_and_again_only_when_lost() -> None:
    log = Log()
    log.opened()
    log.user_in("alice")
    (first,) = assign(log.fold(), "one", nothing_lost)
    assert first.expected_sequence == 0
    sequence = log.append(first)
    assert not assign(log.fold(), "two", nothing_lost)
    (second,) = assign(log.fold(), "two", everything_lost)
    assert second.expected_sequence == sequence
    assert isinstance(second.event, RelayAssigned)
    assert second.event.replaces_relay_id == "one"


def test_many_instances_deciding_on_stale_folds_leave_no_ghost_and_nobody_stranded() -> None:
    """Log-ins, log-outs and closes by actors whose folds lag behind: in the end, whoever was admitted and did not leave
    is in an open room, and nobody else is in."""
    for seed in range(40):
        rng = random.Random(seed)
        log = Log()
        log.opened()
        actors = [Actor(log, f"u{number}", rng) for number in range(6)]
        for _ in range(150):
            rng.choice(actors).step()
        for _ in range(20):
            for actor in actors:
                actor.finish()
        state = log.fold()
        inside = {actor.user_id for actor in actors if actor.inside}
        assert set(state.members) == inside, seed
        assert state.is_open or not inside, seed


class Actor:
    """One user's instance: does one append at a time on a fold that may be old."""

    def __init__(self, log: Log, user_id: str, rng: random.Random) -> None:
        self.log, self.user_id, self.rng = log, user_id, rng
        self.session = 0
        self.pending = False
        self.inside = False
        self.seen = 0

    @property
    def session_id(self) -> str:
        return f"s-{self.user_id}-{self.session}"

    def view(self) -> RoomState:
        self.seen = self.rng.randint(self.seen, len(self.log.facts))
        return self.log.fold(self.seen)

    def step(self) -> None:
        state = self.view()
        for repair in decisions.repairs(state, nothing_lost)[:1]:
            self.log.append(repair)
            return
        if self.pending:
            self.settle(self.log.fold())
        elif self.inside:
            if self.rng.random() < 0.3:
                self.leave()
        elif not state.is_open:
            if not decisions.close_is_void(state):
                self.log.append(decisions.open_room(state, SESSION, 0, self.user_id, 1)[0])
        else:
            self.session += 1
            match decisions.log_in(state, login(self.user_id, self.session_id)):
                case Append() as append:
                    self.pending = self.log.append(append) is not None
                case OlderFirst(older):
                    reason = LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN
                    for append in decisions.log_out(state, self.user_id, older, reason):
                        self.log.append(append)
                case Reject(error):
                    raise error

    def settle(self, state: RoomState) -> None:
        match decisions.admit(state, self.user_id, self.session_id):
            case Admission.STAYS:
                self.pending, self.inside = False, True
            case Admission.CLOSE_IS_VOID:
                self.log.append(decisions.reopen(state)[0])
            case _:
                self.leave()
                self.pending = False

    def leave(self) -> None:
        state = self.log.fold()
        for append in decisions.log_out(state, self.user_id, self.session_id, LogoutReason.LOGOUT_REASON_LEFT):
            assert self.log.append(append) is not None
        self.inside = False

    def finish(self) -> None:
        state = self.log.fold()
        if self.pending:
            self.settle(state)
        for repair in decisions.repairs(self.log.fold(), nothing_lost)[:1]:
            self.log.append(repair)


def test_the_state_of_a_room_that_was_never_opened() -> None:
    state = RoomState(APP, ROOM, SESSION)
    assert not state.is_open
    assert not decisions.repairs(state, nothing_lost)
