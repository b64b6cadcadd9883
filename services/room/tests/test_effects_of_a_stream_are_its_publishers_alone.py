import itertools
import math

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import EffectsInterrupted, EffectsProblem, EffectsStarted, EffectsStopped
from salon.room.v1.events_pb2 import EffectsChanged, EffectsTurnedOff, EffectsTurnedOn
from salon.room.v1.signal_pb2 import StreamEffects, StreamEffectsState
from salon_contracts.errors import InvalidField, StreamNotYours
from salon_room.core.effects import Wish, set_effects, wish_of
from salon_room.core.effects_told import EffectsTold, Seen
from salon_room.core.facts import Reject
from salon_room.core.notices import OneSession, effects_changed
from salon_room.core.room_state import EffectsState, RoomState

from .rooms_by_hand import APP, ROOM, SESSION, Log, entity

ON = Wish(True, Beauty(smooth=50, whiten=50, rosy=50, sharpen=50))
STRONGER = Wish(True, Beauty(smooth=80))
NOTHING = Wish(True, Beauty())
OFF = Wish(False, Beauty())


def published() -> Log:
    log = Log()
    log.opened()
    log.user_in("alice")
    log.stream("cam", "alice")
    return log


def started(version: int = 1, session_id: str = "s-alice") -> EffectsStarted:
    return EffectsStarted(stream_id="cam", session_id=session_id, version=version)


def interrupted(problem: str = "NO_WORKER", version: int = 1) -> EffectsInterrupted:
    number = EffectsProblem.Value(f"EFFECTS_PROBLEM_{problem}")
    return EffectsInterrupted(stream_id="cam", session_id="s-alice", version=version, problem=number)


def stopped(version: int = 2) -> EffectsStopped:
    return EffectsStopped(stream_id="cam", session_id="s-alice", version=version)


def seen(event: EffectsState) -> Seen:
    found = Seen.of_event(event, "s-alice")
    assert found is not None
    return found


def told(log: Log, *events: EffectsState, knowing: EffectsTold | None = None) -> list[str]:
    """What alice is told about each: nothing, or the state and the problem."""
    knows = knowing or EffectsTold()
    said = []
    for event in events:
        before = log.fold().effects_states.get("cam")
        log.say(entity("effects-state", "cam"), event)
        notice = effects_changed(log.facts[-1], before, log.fold(), knows)
        if notice is None:
            said.append("")
            continue
        assert notice.audience == OneSession("s-alice")
        change = notice.message.effects_state_changed
        state = StreamEffectsState.Name(change.state).removeprefix("STREAM_EFFECTS_STATE_")
        said.append(f"{state} {change.problem}".strip())
    return said


def test_what_is_asked_for_becomes_events_with_who_and_what_and_rising_versions() -> None:
    log = published()
    for wish in (ON, STRONGER, OFF, ON):
        assert log.effects("cam", "alice", wish) is not None
    events = [fact.body for fact in log.facts if fact.entity.kind == "effects"]
    who = {"stream_id": "cam", "user_id": "alice", "session_id": "s-alice"}
    assert events == [
        EffectsTurnedOn(**who, beauty=ON.beauty, version=1),
        EffectsChanged(**who, beauty=STRONGER.beauty, version=2),
        EffectsTurnedOff(**who, version=3),
        EffectsTurnedOn(**who, beauty=ON.beauty, version=4),
    ]


def test_what_is_so_already_is_no_event() -> None:
    log = published()
    assert log.effects("cam", "alice", OFF) is None
    log.effects("cam", "alice", ON)
    assert log.effects("cam", "alice", ON) is None
    log.effects("cam", "alice", OFF)
    assert log.effects("cam", "alice", OFF) is None


def test_all_four_at_nothing_is_said_as_it_was_asked() -> None:
    log = published()
    log.effects("cam", "alice", NOTHING)
    assert isinstance(log.facts[-1].body, EffectsTurnedOn)
    assert log.effects("cam", "alice", NOTHING) is None


@pytest.mark.parametrize("session_id", ["s-bob", "s-older", ""])
def test_only_the_session_that_publishes_may(session_id: str) -> None:
    log = published()
    log.user_in("bob")
    refused = set_effects(log.fold(), "cam", "bob", session_id, ON)
    assert isinstance(refused, Reject)
    assert refused.error == StreamNotYours(stream_id="cam")


def test_a_stream_that_is_gone_has_no_effects_and_has_them_again_when_it_comes_back() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    log.stream_gone("cam", "alice")
    assert not log.fold().has_effects("cam", "s-alice")
    assert isinstance(set_effects(log.fold(), "cam", "alice", "s-alice", ON), Reject)
    log.stream("cam", "alice", transport="another")
    assert log.fold().has_effects("cam", "s-alice")


def test_the_next_session_with_the_stream_id_begins_without_effects_but_with_a_newer_version() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    log.stream_gone("cam", "alice")
    log.user_out("alice")
    log.user_in("bob")
    log.stream("cam", "bob")
    assert log.fold().effects_of("cam", "s-bob") is None
    log.effects("cam", "bob", ON)
    assert log.facts[-1].body == EffectsTurnedOn(
        stream_id="cam", user_id="bob", session_id="s-bob", beauty=ON.beauty, version=2
    )


def test_whoever_was_faster_is_noticed() -> None:
    log = published()
    (slow,) = set_effects(log.fold(), "cam", "alice", "s-alice", ON) or []  # type: ignore[misc]
    log.effects("cam", "alice", STRONGER)
    assert log.append(slow) is None


def test_a_snapshot_holds_effects_and_what_was_said_of_them() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    log.effects("cam", "alice", STRONGER)
    told(log, started(), interrupted("FULL", 2))
    whole = log.fold()
    last_of_each = {fact.entity.subject: fact for fact in log.facts}
    state = RoomState(APP, ROOM, SESSION)
    for fact in itertools.chain(sorted(last_of_each.values(), key=lambda each: each.sequence), log.facts):
        state.apply(fact)
    assert (state.effects, state.effects_states) == (whole.effects, whole.effects_states)
    assert state.effects["cam"].beauty == STRONGER.beauty


@pytest.mark.parametrize("field", ["smooth", "whiten", "rosy", "sharpen"])
@pytest.mark.parametrize("value", [-0.1, 100.1, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("enabled", [True, False])
def test_strengths_are_from_0_to_100(field: str, value: float, enabled: bool) -> None:
    with pytest.raises(InvalidField) as raised:
        wish_of(StreamEffects(enabled=enabled, **{f"{field}_intensity": value}))
    assert raised.value.field == f"{field}Intensity"
    for fine in (0.0, 100.0):
        wish_of(StreamEffects(enabled=enabled, **{f"{field}_intensity": fine}))


def test_an_interruption_and_its_end_are_told_once_each() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    assert told(log, started(), interrupted(), interrupted(), interrupted("FULL"), started(), started()) == [
        "", "UNAVAILABLE no-worker", "", "UNAVAILABLE full", "ON", "",
    ]  # fmt: skip


def test_a_start_that_is_no_recovery_is_not_told() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    assert told(log, started(), stopped(), started(3)) == ["", "", ""]


def test_what_came_before_this_connection_counts_as_told() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    assert told(log, interrupted()) == ["UNAVAILABLE no-worker"]
    assert told(log, interrupted(), started(), knowing=EffectsTold()) == ["", "ON"]


def test_a_notice_never_repeats_a_reply() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    knows = EffectsTold()
    knows.replied("cam", seen(interrupted()))
    assert told(log, interrupted(), started(), knowing=knows) == ["", "ON"]
    knows.replied("cam", seen(started(2)))
    assert told(log, started(2), interrupted("TOO_SLOW", 2), knowing=knows) == ["", "UNAVAILABLE too-slow"]


def test_what_comes_while_a_reply_is_on_its_way_is_left_to_the_reply() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    knows = EffectsTold()
    with knows.asking("cam"):
        assert told(log, interrupted(), knowing=knows) == [""]
    knows.replied("cam", seen(started()))
    assert told(log, started(), knowing=knows) == [""]


def test_what_was_said_about_older_wishes_is_not_told() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    knows = EffectsTold()
    knows.replied("cam", seen(started(5)))
    assert told(log, interrupted(version=4), knowing=knows) == [""]


def test_nothing_is_told_of_effects_that_are_off() -> None:
    log = published()
    assert told(log, interrupted()) == [""]
    log.effects("cam", "alice", ON)
    log.effects("cam", "alice", OFF)
    assert told(log, interrupted("FULL")) == [""]


def test_a_stream_that_is_published_again_tells_its_trouble_again() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    knows = EffectsTold()
    assert told(log, interrupted(), knowing=knows) == ["UNAVAILABLE no-worker"]
    knows.published("cam", None)
    assert told(log, interrupted(), started(), knowing=knows) == ["UNAVAILABLE no-worker", "ON"]


def test_a_problem_of_a_newer_relay_has_a_name_all_the_same() -> None:
    newer = EffectsInterrupted(session_id="s-alice", problem=99)  # type: ignore[arg-type]
    assert seen(newer).problem == "transcoder"
