import random

import pytest
from google.protobuf.message import Message
from salon.room.v1.events_pb2 import LogoutReason, MessageSent, RelayAssigned, RelayReleased, StreamAdded, UserLoggedOut
from salon_contracts.errors import NoRelayAvailable, StreamNotFound
from salon_room.core import decisions
from salon_room.core.facts import Append, Reject
from salon_room.core.mutes import mute
from salon_room.core.placement import (
    RelayStart,
    assign_relay,
    is_transport_lost,
    present_relay,
    require_on,
    start_of,
)
from salon_room.core.room_state import RoomState

from .rooms_by_hand import Log, entity

ONE, TWO, THREE = RelayStart("one", "1"), RelayStart("two", "1"), RelayStart("three", "1")


class Lost:
    def __init__(self, *starts: RelayStart) -> None:
        self.starts = set(starts)

    def __call__(self, relay_id: str, epoch: str) -> bool:
        return (relay_id, epoch) in self.starts


LIVING = Lost()


def room_of(*users: str) -> Log:
    log = Log()
    log.opened()
    for user in users:
        log.user_in(user)
    return log


def decided(state: RoomState, user: str, chosen: RelayStart | None, lost: Lost = LIVING) -> list[Append]:
    decision = assign_relay(state, user, f"s-{user}", chosen, lost)
    assert not isinstance(decision, Reject)
    return decision


def place(log: Log, user: str, chosen: RelayStart | None, lost: Lost = LIVING) -> RelayStart:
    """As the shell does it: until nothing is left to decide."""
    for _ in range(3):
        if not (appends := decided(log.fold(), user, chosen, lost)):
            return start_of(log.fold().placements[f"s-{user}"].event)
        assert log.append(appends[0]) is not None
    raise AssertionError(f"{user} is placed again and again")


def published(log: Log, stream: str, user: str, relay: RelayStart) -> int:
    event = StreamAdded(
        stream_id=stream,
        user_id=user,
        session_id=f"s-{user}",
        transport_id=f"s-{user}.send",
        relay_id=relay.relay_id,
        relay_epoch=relay.epoch,
    )
    return log.say(entity("stream", stream), event)


def removed(state: RoomState, lost: Lost) -> list[str]:
    return [append.event.stream_id for append in decisions.lost_streams(state, lost)]  # type: ignore[attr-defined]


def test_each_log_in_has_a_placement_of_its_own_that_names_it() -> None:
    log = room_of("alice", "bob")
    place(log, "alice", ONE)
    place(log, "bob", TWO)
    placements = log.fold().placements
    assert [(key, each.event.user_id, each.event.session_id) for key, each in placements.items()] == [
        ("s-alice", "alice", "s-alice"),
        ("s-bob", "bob", "s-bob"),
    ]


def test_whoever_comes_later_goes_where_the_room_is() -> None:
    log = room_of("alice", "bob", "carol")
    assert place(log, "alice", ONE) == place(log, "bob", TWO) == place(log, "carol", None) == ONE
    assert not decided(log.fold(), "alice", THREE)


def test_an_empty_room_takes_what_was_chosen_and_needs_a_relay() -> None:
    log = room_of("alice")
    refused = assign_relay(log.fold(), "alice", "s-alice", None, LIVING)
    assert isinstance(refused, Reject)
    assert refused.error == NoRelayAvailable()
    assert place(log, "alice", TWO) == TWO


def test_of_two_who_come_at_once_the_later_one_moves_to_the_first() -> None:
    log = room_of("alice", "bob")
    before = log.fold()
    for append in (*decided(before, "alice", ONE), *decided(before, "bob", TWO)):
        assert log.append(append) is not None
    assert place(log, "alice", ONE) == place(log, "bob", TWO) == ONE
    moved = log.facts[-1].body
    assert isinstance(moved, RelayAssigned)
    assert (moved.user_id, moved.replaces_relay_id) == ("bob", "")  # nothing was lost


def test_many_who_come_at_once_end_on_one_relay() -> None:
    for seed in range(50):
        rng = random.Random(seed)
        users = [f"u{number}" for number in range(8)]
        log = room_of(*users)
        unsettled = set(users)
        seen = dict.fromkeys(users, len(log.facts))
        while unsettled:
            user = rng.choice(sorted(unsettled))
            state = log.fold(rng.randint(seen[user], len(log.facts)))
            appends = decided(state, user, rng.choice([ONE, TWO, THREE]))
            if not appends:
                unsettled.discard(user)
            else:
                sequence = log.append(appends[0])  # the view shows it before it decides again
                seen[user] = sequence or len(log.facts)
        relays = {start_of(each.event) for each in log.fold().placements.values()}
        assert len(relays) == 1, seed


def test_the_relay_of_those_who_have_left_is_not_the_rooms() -> None:
    log = room_of("alice", "bob")
    place(log, "alice", ONE)
    for append in decisions.log_out(log.fold(), "alice", "s-alice", LogoutReason.LOGOUT_REASON_LEFT):
        log.append(append)
    assert present_relay(log.fold(), LIVING) is None
    assert place(log, "bob", TWO) == TWO


def test_a_log_out_releases_the_relay_after_the_streams_and_before_the_user() -> None:
    log = room_of("alice")
    relay = place(log, "alice", ONE)
    published(log, "cam", "alice", relay)
    appends = decisions.log_out(log.fold(), "alice", "s-alice", LogoutReason.LOGOUT_REASON_LEFT)
    released = appends[1].event
    assert isinstance(released, RelayReleased)
    assert (released.relay_id, released.relay_epoch, released.session_id) == ("one", "1", "s-alice")
    assert isinstance(appends[2].event, UserLoggedOut)
    for append in appends:
        assert log.append(append) is not None
    assert not log.fold().placements


def test_a_relay_that_is_lost_is_replaced_and_the_event_says_which_start_of_it() -> None:
    log = room_of("alice", "bob")
    place(log, "alice", ONE)
    place(log, "bob", ONE)
    restarted = RelayStart("one", "2")
    lost = Lost(ONE)
    assert place(log, "bob", restarted, lost) == place(log, "alice", TWO, lost) == restarted
    for fact in log.facts[-2:]:
        assert isinstance(fact.body, RelayAssigned)
        assert (fact.body.replaces_relay_id, fact.body.replaces_relay_epoch) == ("one", "1")


def test_a_stream_is_lost_when_its_own_epoch_is() -> None:
    log = room_of("alice", "bob")
    published(log, "cam", "alice", ONE)
    published(log, "screen", "bob", TWO)
    assert removed(log.fold(), LIVING) == []
    assert removed(log.fold(), Lost(TWO)) == ["screen"]
    assert removed(log.fold(), Lost(RelayStart("two", "2"))) == []


def test_what_was_on_a_replaced_relay_is_lost_whatever_the_relay_says_since() -> None:
    """A relay that was silent for too long and comes back: whoever moved away from it has said that it was lost."""
    log = room_of("alice", "bob")
    for user in ("alice", "bob"):
        published(log, f"cam-{user}", user, place(log, user, ONE))
    assert place(log, "alice", TWO, Lost(ONE)) == TWO
    state = log.fold()
    assert removed(state, LIVING) == ["cam-alice", "cam-bob"]
    assert isinstance(mute(state, "cam-bob", "s-bob", ("video",)), Reject)
    assert place(log, "bob", ONE) == TWO


def test_a_relay_that_was_silent_and_came_back_is_taken_again() -> None:
    """It keeps its epoch when its lease ran out and it was cut off from the bus for a while."""
    log = room_of("alice", "bob", "carol")
    for user in ("alice", "bob"):
        published(log, f"cam-{user}", user, place(log, user, ONE))
    opened = len(log.facts)
    place(log, "alice", TWO, Lost(ONE))
    for append in decisions.log_out(log.fold(), "alice", "s-alice", LogoutReason.LOGOUT_REASON_LEFT):
        log.append(append)
    assert place(log, "bob", ONE, Lost(TWO)) == ONE
    assert place(log, "carol", TWO) == ONE
    published(log, "again", "bob", ONE)
    state = log.fold()
    assert removed(state, LIVING) == ["cam-bob"]
    assert is_transport_lost(state, opened, "one", state.placements["s-bob"], LIVING)
    assert not is_transport_lost(state, len(log.facts) + 1, "one", state.placements["s-bob"], LIVING)


def test_who_comes_back_to_a_relay_does_not_end_what_others_have_there_since() -> None:
    log = room_of("alice", "bob", "carol")
    for user in ("alice", "bob"):
        place(log, user, ONE)
    place(log, "alice", TWO, Lost(ONE))
    for append in decisions.log_out(log.fold(), "alice", "s-alice", LogoutReason.LOGOUT_REASON_LEFT):
        log.append(append)
    published(log, "cam", "carol", place(log, "carol", ONE))
    assert place(log, "bob", TWO) == ONE
    assert removed(log.fold(), LIVING) == []


def test_a_newcomer_moves_the_room_away_from_a_silent_relay() -> None:
    log = room_of("bob", "alice")
    published(log, "cam-bob", "bob", place(log, "bob", ONE))
    assert place(log, "alice", TWO, Lost(ONE)) == TWO
    published(log, "cam-alice", "alice", TWO)
    # The silent one is heard again.
    assert removed(log.fold(), LIVING) == ["cam-bob"]
    assert place(log, "bob", ONE) == place(log, "alice", ONE) == TWO
    assert removed(log.fold(), LIVING) == ["cam-bob"]


def test_all_instances_agree_on_what_came_after_a_replacement() -> None:
    """A snapshot has the last event of each subject: that a relay was replaced may stand in none of them."""
    log = room_of("alice", "bob")
    for user in ("alice", "bob"):
        place(log, user, ONE)
    place(log, "alice", TWO, Lost(ONE))
    for append in decisions.log_out(log.fold(), "alice", "s-alice", LogoutReason.LOGOUT_REASON_LEFT):
        log.append(append)
    published(log, "cam", "bob", ONE)
    snapshot = _snapshot(log)
    assert not snapshot.replaced_at
    assert removed(snapshot, LIVING) == removed(log.fold(), LIVING) == []


def test_playing_across_relays_is_refused_in_one_place() -> None:
    placed = RelayAssigned(relay_id="one", relay_epoch="1")
    require_on(placed, StreamAdded(stream_id="cam", relay_id="one"))
    with pytest.raises(StreamNotFound):
        require_on(placed, StreamAdded(stream_id="cam", relay_id="two"))


def test_a_peer_connection_is_lost_with_the_relay_it_was_opened_at() -> None:
    log = room_of("alice")
    place(log, "alice", ONE)
    opened = len(log.facts) + 1
    state = log.fold()
    placement = state.placements["s-alice"]
    assert not is_transport_lost(state, opened, "one", placement, LIVING)
    assert is_transport_lost(state, opened, "one", placement, Lost(ONE))
    assert is_transport_lost(state, opened, "two", placement, LIVING)
    log.say(entity("message", "broadcast"), MessageSent())
    place(log, "alice", RelayStart("one", "2"), Lost(ONE))
    state = log.fold()
    placement = state.placements["s-alice"]
    assert is_transport_lost(state, opened, "one", placement, LIVING)
    assert not is_transport_lost(state, len(log.facts) + 1, "one", placement, LIVING)


def _snapshot(log: Log) -> RoomState:
    last: dict[str, tuple[int, Message]] = {fact.entity.subject: (fact.sequence, fact.body) for fact in log.facts}
    snapshot = Log()
    snapshot.facts = [fact for fact in log.facts if last[fact.entity.subject][0] == fact.sequence]
    return snapshot.fold()


def test_streams_of_an_older_instance_are_lost_with_the_relay_of_a_newer_ones_placement() -> None:
    log = room_of("alice", "bob")
    place(log, "alice", ONE)
    log.say(
        entity("stream", "cam"),
        StreamAdded(stream_id="cam", user_id="bob", session_id="s-bob", transport_id="s-bob.send", relay_id="one"),
    )
    assert removed(log.fold(), LIVING) == []
    assert removed(log.fold(), Lost(ONE)) == ["cam"]


# ---- rooms that began before placement belonged to a participant ----


def old_room() -> Log:
    log = room_of("alice", "bob")
    log.say(entity("placement", None), RelayAssigned(relay_id="one", relay_epoch="1"))
    log.stream("cam", "alice", transport="s-alice.send")
    return log


def test_old_and_new_events_of_one_room_fold_together() -> None:
    log = old_room()
    assert place(log, "bob", TWO) == ONE
    published(log, "screen", "bob", ONE)
    state = log.fold()
    assert removed(state, LIVING) == []
    assert removed(state, Lost(ONE)) == ["cam", "screen"]
    assert state.placement_of("s-alice") is state.room_placement
    assert state.placement_of("s-bob") is state.placements["s-bob"]


def test_whoever_was_placed_with_the_room_keeps_its_peer_connections() -> None:
    log = old_room()
    opened = len(log.facts) + 1
    log.say(entity("message", "broadcast"), MessageSent())
    assert place(log, "alice", TWO) == ONE
    state = log.fold()
    assert not is_transport_lost(state, opened, "one", state.placements["s-alice"], LIVING)


def test_the_relay_of_an_old_room_can_be_lost() -> None:
    log = old_room()
    lost = Lost(ONE)
    assert place(log, "bob", TWO, lost) == TWO
    said = log.facts[-1].body
    assert isinstance(said, RelayAssigned)
    assert (said.replaces_relay_id, said.replaces_relay_epoch) == ("one", "1")
    published(log, "screen", "bob", TWO)
    assert removed(log.fold(), LIVING) == ["cam"]
    assert place(log, "alice", ONE) == TWO


def test_an_instance_of_before_may_go_on_placing_the_room() -> None:
    log = old_room()
    published(log, "screen", "bob", place(log, "bob", ONE))
    log.say(entity("placement", None), RelayAssigned(relay_id="two", relay_epoch="1", replaces_relay_id="one"))
    assert removed(log.fold(), LIVING) == ["cam"]
    assert removed(log.fold(), Lost(ONE)) == ["cam", "screen"]


@pytest.mark.parametrize("old_first", [True, False])
def test_a_snapshot_of_old_and_new_events_is_what_the_whole_log_is(old_first: bool) -> None:
    log = old_room() if old_first else room_of("alice", "bob")
    for user, relay in (("bob", TWO), ("alice", THREE)):
        published(log, f"cam-{user}", user, place(log, user, relay))
    place(log, "bob", THREE, Lost(ONE, TWO))
    whole, state = log.fold(), _snapshot(log)
    assert (state.placements, state.room_placement) == (whole.placements, whole.room_placement)
    assert list(state.placements) == list(whole.placements)
    assert removed(state, LIVING) == removed(whole, LIVING)
