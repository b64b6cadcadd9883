"""What a logged-in client can ask for: the table of verbs, and how each is carried out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from salon.room.v1.events_pb2 import LogoutReason
from salon.room.v1.signal_pb2 import (
    Answer,
    ClosePeerConnection,
    Done,
    EffectsSet,
    Logout,
    MuteStream,
    Offer,
    Play,
    Publish,
    SetEffects,
    StopPlay,
    Unpublish,
)

from salon_room.core import event_bytes
from salon_room.core.connection.serial_queue import QueueName
from salon_room.core.connection.verb import LOGOUT, Verb
from salon_room.core.effects import effects_request_of
from salon_room.core.limits import EFFECTS_PER_CONNECTION, OFFERS_PER_CONNECTION
from salon_room.core.signal_json import check_answer
from salon_room.error_codes import Asked
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant
from salon_room.quotas import Quotas
from salon_room.signaling.messages import Messages
from salon_room.streams.effects import Effects
from salon_room.streams.peer_connections import PeerConnections
from salon_room.streams.plays import Plays
from salon_room.streams.publications import Publications


class Requests:
    """Each handler raises the SalonError to answer with."""

    def __init__(
        self,
        quotas: Quotas,
        logouts: Logouts,
        publications: Publications,
        plays: Plays,
        peer_connections: PeerConnections,
        effects: Effects,
        messages: Messages,
    ) -> None:
        self._quotas = quotas
        self._logouts = logouts
        self._publications = publications
        self._plays = plays
        self._peer_connections = peer_connections
        self._effects = effects
        self.verbs: Mapping[str, Verb[Participant]] = {
            "publish": Verb(self._publish, Asked.PUBLISH, rate=OFFERS_PER_CONNECTION),
            "unpublish": Verb(self._unpublish, Asked.PUBLISH, rate=OFFERS_PER_CONNECTION),
            "mute_stream": Verb(self._mute_stream, Asked.PUBLISH),
            "set_effects": Verb(self._set_effects, Asked.EFFECTS, queue=QueueName.EFFECTS, rate=EFFECTS_PER_CONNECTION),
            "play": Verb(self._play, Asked.PLAY, rate=OFFERS_PER_CONNECTION),
            "stop_play": Verb(self._stop_play, Asked.PLAY, rate=OFFERS_PER_CONNECTION),
            "close_peer_connection": Verb(self._close_peer_connection),
            "send_message": Verb(messages.send, Asked.MESSAGE, queue=QueueName.MESSAGES),
            LOGOUT: Verb(self._log_out),
        }
        """By the names of their fields in ClientMessage."""

    async def _publish(self, who: Participant, publish: Publish) -> Answer:
        size_bytes = event_bytes.of_publish(publish.stream_id, who.user_name, publish.extra_info)
        effects = None
        if publish.HasField("effects"):
            has_effects = who.view.state.has_effects(publish.stream_id, who.session_id)
            size_bytes += event_bytes.of_effects(has_effects=has_effects)
        with self._offer(who, publish.offer, size_bytes):
            if publish.HasField("effects"):
                effects = effects_request_of(publish.effects)
            sdp = await self._publications.publish(
                who, publish.stream_id, publish.extra_info, publish.offer, effects, publish.muted_kinds
            )
            return Answer(sdp=check_answer(sdp))

    async def _mute_stream(self, who: Participant, mute: MuteStream) -> Done:
        await self._publications.mute(who, mute.stream_id, mute.muted_kinds)
        return Done()

    async def _unpublish(self, who: Participant, unpublish: Unpublish) -> Done | Answer:
        if not unpublish.HasField("offer"):
            await self._publications.unpublish(who, unpublish.stream_id, None)
            return Done()
        with self._offer(who, unpublish.offer):
            return _answer(await self._publications.unpublish(who, unpublish.stream_id, unpublish.offer))

    async def _play(self, who: Participant, play: Play) -> Answer:
        with self._offer(who, play.offer):
            return Answer(sdp=check_answer(await self._plays.play(who, play.stream_id, play.offer)))

    async def _stop_play(self, who: Participant, stop: StopPlay) -> Done | Answer:
        if not stop.HasField("offer"):
            await self._plays.stop(who, stop.stream_id, None)
            return Done()
        with self._offer(who, stop.offer):
            return _answer(await self._plays.stop(who, stop.stream_id, stop.offer))

    async def _close_peer_connection(self, who: Participant, close: ClosePeerConnection) -> Done:
        await self._publications.remove_from(who, close.peer_connection_id)
        await self._peer_connections.close(who, close.peer_connection_id)
        return Done()

    async def _set_effects(self, who: Participant, request: SetEffects) -> EffectsSet:
        return await self._effects.set(who, request.stream_id, request.effects)

    async def _log_out(self, who: Participant, _: Logout) -> Done:
        await self._logouts.log_out(who, LogoutReason.LOGOUT_REASON_LEFT)
        return Done()

    @contextmanager
    def _offer(self, who: Participant, offer: Offer, size_bytes: int = 0) -> Iterator[None]:
        """While it is under way. Raises RateLimited or QuotaExceeded before anything is done."""
        with self._quotas.offer(who.app_id, who.user_id, who.address):
            if offer.peer_connection_id in who.transports:
                self._quotas.events(who.app_id, who.user_id, size_bytes)
            else:
                who.check_transport(offer.peer_connection_id)
                self._quotas.peer_connection(who.app_id, who.user_id, size_bytes + event_bytes.of_peer_connection())
            yield


def _answer(sdp: str | None) -> Done | Answer:
    return Done() if sdp is None else Answer(sdp=check_answer(sdp))
