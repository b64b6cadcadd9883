import itertools
import math

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import (
    EFFECTS_PROBLEM_FULL,
    EFFECTS_STATE_ON,
    EFFECTS_STATE_UNAVAILABLE,
    EffectsInterrupted,
    EffectsProblem,
    EffectsStarted,
    EffectsStopped,
)
from salon.relay.v1.relay_pb2 import EffectsSet as RelayEffectsSet
from salon.room.v1.events_pb2 import EffectsChanged, EffectsTurnedOff, EffectsTurnedOn
from salon.room.v1.signal_pb2 import StreamEffects, StreamEffectsState
from salon_contracts.errors import InvalidField, StreamNotYours
from salon_room.core.effects import EffectsRequest, effects_request_of, set_effects
from salon_room.core.effects_report import EffectsReport
from salon_room.core.facts import Reject
from salon_room.core.notices import OneSession, notices
from salon_room.core.room_state import EffectsState, RoomState

from .rooms_by_hand import APP, ROOM, SESSION, Log, entity

ON = EffectsRequest(True, Beauty(smooth=50, whiten=50, rosy=50, sharpen=50))
STRONGER = EffectsRequest(True, Beauty(smooth=80))
NOTHING = EffectsRequest(True, Beauty())
OFF = EffectsRequest(False, Beauty())


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


def told(log: Log, *events: EffectsState) -> list[str]:
    """What alice is told about each: nothing, or the state, the problem and the version."""
    said = []
    for event in events:
        log.say(entity("effects-state", "cam"), event)
        found = notices(log.facts[-1])
        if not found:
            said.append("")
            continue
        (notice,) = found
        assert (notice.audience, notice.message.sequence) == (OneSession("s-alice"), log.facts[-1].sequence)
        change = notice.message.effects_state_changed
        state = StreamEffectsState.Name(change.state).removeprefix("STREAM_EFFECTS_STATE_")
        said.append(" ".join([state, *([change.problem] if change.problem else []), str(change.version)]))
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
        effects_request_of(StreamEffects(enabled=enabled, **{f"{field}_intensity": value}))
    assert raised.value.field == f"{field}Intensity"
    for fine in (0.0, 100.0):
        effects_request_of(StreamEffects(enabled=enabled, **{f"{field}_intensity": fine}))


def test_the_publisher_is_told_what_a_relay_says_and_about_which_wish() -> None:
    log = published()
    log.effects("cam", "alice", ON)
    assert told(log, started(), interrupted(), interrupted("FULL", 2), started(2), stopped(3)) == [
        "ON 1", "UNAVAILABLE no-worker 1", "UNAVAILABLE full 2", "ON 2", "",
    ]  # fmt: skip


def test_nobody_is_told_of_what_does_not_concern_it() -> None:
    log = published()
    log.say(entity("effects-state", "cam"), started(session_id="s-bob"))
    (notice,) = notices(log.facts[-1])
    assert notice.audience == OneSession("s-bob")


def test_a_reply_says_which_wish_it_answers() -> None:
    reply = EffectsReport.of_reply(RelayEffectsSet(state=EFFECTS_STATE_UNAVAILABLE, problem=EFFECTS_PROBLEM_FULL), 7)
    assert (reply.result().problem, reply.result().version) == ("full", 7)
    assert EffectsReport.of_reply(RelayEffectsSet(state=EFFECTS_STATE_ON), 8).result().version == 8


def test_a_problem_of_a_newer_relay_has_a_name_all_the_same() -> None:
    newer = EffectsInterrupted(session_id="s-alice", problem=99)  # type: ignore[arg-type]
    assert EffectsReport.of_event(newer).problem == "transcoder"
