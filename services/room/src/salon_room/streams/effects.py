"""Effects of streams: the publisher's request becomes an event first, then an order to the stream's relay.

A request that the relay cannot fulfil stays: the relay tries again by itself, and when the stream is published again,
at another relay or over another peer connection, it is ordered there.
"""

import asyncio
from dataclasses import replace

from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1 import relay_pb2
from salon.room.v1.signal_pb2 import EffectsSet, ServerMessage, StreamEffects
from salon_contracts.beauty import is_nothing
from salon_contracts.errors import (
    NotLoggedIn,
    QuotaExceeded,
    RelayLost,
    RequestTimedOut,
    SalonError,
    StreamNotFound,
    StreamNotYours,
)
from salon_contracts.ids import StreamId, parse_stream_id
from salon_kit.log import get_logger

from salon_room.background import Spawn
from salon_room.core import effects as decisions
from salon_room.core import event_bytes
from salon_room.core.effects import EffectsRequest
from salon_room.core.effects_report import OFF, UNAVAILABLE, EffectsReport, problem_name
from salon_room.core.facts import Append, Reject
from salon_room.core.notices import Notice, OneSession
from salon_room.core.room_state import StreamEffects as WantedEffects
from salon_room.core.signal_json import encode
from salon_room.members.participant import Participant
from salon_room.quotas import Quotas
from salon_room.streams.relays import Relays

log = get_logger()

AGAIN_AFTER_S = (1.0, 2.0, 4.0, 8.0)
"""When an order is repeated that the relay has not answered."""
NO_VIDEO = problem_name(relay_pb2.EFFECTS_PROBLEM_NO_VIDEO)
FULL = problem_name(relay_pb2.EFFECTS_PROBLEM_FULL)
TURN_OFF = EffectsRequest(enabled=False, beauty=Beauty())


class Effects:
    def __init__(self, relays: Relays, spawn: Spawn, quotas: Quotas) -> None:
        self._relays = relays
        self._spawn = spawn
        self._quotas = quotas
        self._ordering_again: set[tuple[str, StreamId]] = set()
        """(session, stream)"""

    async def set(self, who: Participant, stream_id: str, asked: StreamEffects) -> EffectsSet:
        """What the viewers get then. Raises InvalidField, StreamNotYours, NotLoggedIn, RateLimited, QuotaExceeded, or
        what the relay refuses."""
        stream = parse_stream_id(stream_id)
        request = decisions.effects_request_of(asked)
        if request.enabled:  # turning off is never refused: it takes what turning on has left it
            has_effects = who.view.state.has_effects(stream, who.session_id)
            self._quotas.effects(who.app_id, who.user_id, event_bytes.of_effects(has_effects=has_effects))
        return (await self._set(who, stream, request)).result()

    async def _set(self, who: Participant, stream: StreamId, request: EffectsRequest) -> EffectsReport:
        view = who.view
        if not view.state.has_stream(stream, who.session_id):  # perhaps not yet: it was published at another instance
            await view.catch_up(view.state.entity("stream", stream))
        await self._decide(who, stream, request)
        wanted = view.state.effects_of(stream, who.session_id)
        if wanted is None:
            if request.enabled:
                raise StreamNotYours(stream_id=stream)  # any more
            return EffectsReport(OFF, version=_version(who, stream))  # there never were any: the relay knows of nothing
        try:
            return await self._order(who, stream, wanted)
        except (RelayLost, RequestTimedOut) as error:
            self._spawn("order-effects-again", self._order_again(who, stream))
            return self._unanswered(who, stream, wanted, error)

    async def begin(self, who: Participant, stream: StreamId, request: EffectsRequest | None) -> None:
        """A relay has the stream, perhaps another one than before: the request that came along is recorded, and
        whatever is wanted ordered, without waiting for what comes of it."""
        if request is not None:
            try:
                await self._decide(who, stream, request)
            except StreamNotYours:
                return  # its peer connection was lost in this moment: it will be published again
            except QuotaExceeded:  # the stream goes on without
                _send(who, stream, EffectsReport(UNAVAILABLE, FULL, _version(who, stream)))
        wanted = who.view.state.effects_of(stream, who.session_id)
        if wanted is not None:
            self._spawn("order-effects", self._order_quietly(who, stream, wanted))

    async def end(self, who: Participant, stream: StreamId, *, order: bool) -> None:
        """The publisher takes the stream back, and its effects with it; they do not begin with the next one of that id.
        `order`: the relay would not notice by itself."""
        state = who.view.state
        wanted = state.effects_of(stream, who.session_id)
        if wanted is None or not wanted.enabled:
            return
        await self._decide(who, stream, TURN_OFF)
        wanted = state.effects_of(stream, who.session_id)
        if order and wanted is not None:
            self._spawn("order-effects", self._order_quietly(who, stream, wanted))

    async def _decide(self, who: Participant, stream: StreamId, request: EffectsRequest) -> None:
        def decide() -> list[Append] | Reject:
            if not who.is_in:
                return Reject(NotLoggedIn())
            if request.enabled and not who.view.state.has_effects(stream, who.session_id):
                try:
                    self._quotas.another_stream_with_effects(who.view.state.effects_count(who.session_id))
                except QuotaExceeded as error:
                    return Reject(error)
            return decisions.set_effects(who.view.state, stream, who.user_id, who.session_id, request)

        await who.view.carry_out(decide)

    # ---- orders ----

    async def _order(self, who: Participant, stream: StreamId, wanted: WantedEffects) -> EffectsReport:
        """Raises RelayLost, RequestTimedOut, or what the relay refuses."""
        present = who.view.state.streams.get(stream)
        if present is None or present.event.session_id != who.session_id:
            raise StreamNotYours(stream_id=stream)
        key = who.view.key
        order = relay_pb2.SetEffects(
            app_id=key.app_id,
            room_id=key.room_id,
            room_session_id=key.room_session_id,
            stream_id=stream,
            user_id=who.user_id,
            session_id=who.session_id,
            enabled=_is_something(wanted),
            beauty=wanted.beauty,
            version=wanted.version,
        )
        try:
            reply = await self._relays.set_effects(present.event.relay_id, order)
        except StreamNotFound:  # lost there, and the event that says so is on its way
            state, problem = (UNAVAILABLE, NO_VIDEO) if order.enabled else (OFF, "")
            return EffectsReport(state, problem, wanted.version)
        return EffectsReport.of_reply(reply, wanted.version)

    async def _order_quietly(self, who: Participant, stream: StreamId, wanted: WantedEffects) -> None:
        """For when nobody waits for a reply: what the viewers get is sent."""
        states = who.view.state.effects_states
        before = states.get(stream)
        try:
            report = await self._order(who, stream, wanted)
            if states.get(stream) is before:  # else an event has come meanwhile, which may be newer
                _send(who, stream, report)
        except (RelayLost, RequestTimedOut) as error:
            if _is_something(wanted):
                _send(who, stream, self._unanswered(who, stream, wanted, error))
            await self._order_again(who, stream)
        except SalonError as error:
            log.warning("effects-refused", stream_id=stream, err_code=error.code)

    async def _order_again(self, who: Participant, stream: StreamId) -> None:
        """What is wanted then, until the relay answers."""
        name = (who.session_id, stream)
        if name in self._ordering_again:
            return
        self._ordering_again.add(name)
        try:
            await self._order_until_answered(who, stream)
        finally:
            self._ordering_again.discard(name)

    async def _order_until_answered(self, who: Participant, stream: StreamId) -> None:
        for pause_s in AGAIN_AFTER_S:
            await asyncio.sleep(pause_s)
            wanted = who.view.state.effects_of(stream, who.session_id)
            if wanted is None or not who.is_attached:
                return
            try:
                _send(who, stream, await self._order(who, stream, wanted))
            except (RelayLost, RequestTimedOut):
                continue
            except SalonError as error:
                log.warning("effects-refused", stream_id=stream, err_code=error.code)
            return
        log.warning("effects-not-ordered", stream_id=stream)  # until the stream is published again

    def _unanswered(
        self, who: Participant, stream: StreamId, wanted: WantedEffects, error: SalonError
    ) -> EffectsReport:
        """What the viewers get if the relay does not say: a lost one sends nothing, of another one the last event
        counts. Turning off has failed then."""
        if not _is_something(wanted):
            raise error
        reported = None if isinstance(error, RelayLost) else _reported(who, stream)
        return replace(reported or EffectsReport(UNAVAILABLE, NO_VIDEO), version=wanted.version)


def _reported(who: Participant, stream: StreamId) -> EffectsReport | None:
    """What the relay said last while effects were asked for."""
    event = who.view.state.effects_states.get(stream)
    if event is None or isinstance(event, relay_pb2.EffectsStopped) or event.session_id != who.session_id:
        return None
    return EffectsReport.of_event(event)


def _version(who: Participant, stream: StreamId) -> int:
    """Of the last request for a stream of that name, whoever's it was."""
    last = who.view.state.effects.get(stream)
    return 0 if last is None else last.version


def _send(who: Participant, stream: StreamId, report: EffectsReport) -> None:
    """From no event of its own, so it has no sequence."""
    message = ServerMessage(effects_state_changed=report.change(stream))
    who.send(Notice(OneSession(who.session_id), message), encode(message))


def _is_something(wanted: WantedEffects) -> bool:
    """All four 0 is on for the app, and nothing to do for a relay."""
    return wanted.enabled and not is_nothing(wanted.beauty)
