"""Publishing: which local streams go out over the one sending peer connection."""

from collections.abc import Callable

from aiortc import MediaStreamTrack
from salon.room.v1.signal_pb2 import (
    ClientMessage,
    EffectsStateChanged,
    MuteStream,
    Offer,
    Publish,
    StreamEffects,
    Unpublish,
)

from salon_sdk.beauty import BeautyEffectError, PublishedBeauty
from salon_sdk.errors import EngineError, ErrorCode
from salon_sdk.events import PublisherStateUpdate
from salon_sdk.media import LocalStream
from salon_sdk.negotiation import Codes, Negotiator, Order, RoomLink
from salon_sdk.peer import Peer, Section, VideoCodec
from salon_sdk.states import Phase, PublishState
from salon_sdk.tasks import TaskOwner
from salon_sdk.timing import Timing

_CODES = Codes(
    set_remote_sdp=ErrorCode.PUBLISH_SET_REMOTE_SDP,
    connection_closed=ErrorCode.PUBLISH_CONNECTION_CLOSED,
    ice_failed=ErrorCode.PUBLISH_ICE_FAILED,
    retry_timeout=ErrorCode.PUBLISH_RETRY_TIMEOUT,
    stopped=ErrorCode.NOT_PUBLISHING,
)
_NAMES = {
    Phase.IDLE: PublishState.NO_PUBLISH,
    Phase.REQUESTING: PublishState.PUBLISH_REQUESTING,
    Phase.ACTIVE: PublishState.PUBLISHING,
}


class Publication(Order):
    """A stream on its way out. Awaiting it waits until it is published; EngineError if that failed for good."""

    def __init__(self, stream_id: str, stream: LocalStream, video_codec: VideoCodec, extra_info: str) -> None:
        super().__init__(stream_id)
        self.stream = stream
        self.video_codec: VideoCodec = video_codec
        self.extra_info = extra_info
        self.beauty = PublishedBeauty(stream_id, stream.effects)

    @property
    def state(self) -> PublishState:
        return _NAMES[self.machine.state]


class Publisher:
    def __init__(
        self,
        room: RoomLink,
        tasks: TaskOwner,
        timing: Timing,
        on_update: Callable[[PublisherStateUpdate], None],
        on_beauty_error: Callable[[BeautyEffectError], None],
    ) -> None:
        self._room = room
        self._on_update = on_update
        self._on_beauty_error = on_beauty_error
        self._negotiator: Negotiator[Publication] = Negotiator("send", room, self, _CODES, tasks, timing)

    def start(self, publication: Publication) -> None:
        if publication.stream_id in self._negotiator.orders:
            problem = f"Stream {publication.stream_id!r} is being published already."
            raise EngineError.because(ErrorCode.PUBLISHING_ALREADY, problem)
        self._negotiator.add(publication)

    def stop(self, stream_id: str) -> bool:
        if stream_id not in self._negotiator.orders:
            return False
        self._negotiator.remove(stream_id)
        return True

    def stop_all_of(self, stream: LocalStream) -> None:
        for publication in list(self._negotiator.orders.values()):
            if publication.stream is stream:
                self._negotiator.remove(publication.stream_id)

    def publication(self, stream_id: str) -> Publication:
        """Raises EngineError if it is not being published."""
        if stream_id not in self._negotiator.orders:
            raise EngineError.because(ErrorCode.NOT_PUBLISHING, f"Stream {stream_id!r} is not being published.")
        return self._negotiator.orders[stream_id]

    def publications_of(self, stream: LocalStream) -> list[Publication]:
        return [each for each in self._negotiator.orders.values() if each.stream is stream]

    async def set_effects(self, publication: Publication, effects: StreamEffects) -> bool:
        """False: the viewers get the original for now. Raises EngineError."""
        publication.beauty.wanted = effects
        if not publication.sections:
            return True  # it goes along when its turn comes
        return await publication.beauty.send(self._room, self._on_beauty_error)

    async def tell_muted(self, publication: Publication) -> None:
        """Raises EngineError. What is not published at this moment goes along when its turn comes."""
        while publication.sections:
            muted_kinds = sorted(publication.stream.muted_kinds)
            message = ClientMessage(mute_stream=MuteStream(stream_id=publication.stream_id, muted_kinds=muted_kinds))
            try:
                await self._room.request(message)
            except EngineError as error:
                if error.error_code == ErrorCode.SOCKET_CLOSED:
                    continue  # on the next connection: saying it twice is saying it once
                if error.error_code != ErrorCode.NOT_PUBLISHING:
                    raise
            return

    def effects_changed(self, changed: EffectsStateChanged) -> None:
        publication = self._negotiator.orders.get(changed.stream_id)
        if publication is not None:
            publication.beauty.changed(changed, self._on_beauty_error)

    def peer_lost(self, peer_connection_id: str) -> None:
        self._negotiator.peer_lost(peer_connection_id)

    def session_lost(self) -> None:
        self._negotiator.session_lost()

    async def close(self, error: EngineError | None) -> None:
        await self._negotiator.close(error)

    # ---- what the negotiator asks ----

    async def bind(self, order: Publication, peer: Peer) -> list[Section]:
        tracks: list[MediaStreamTrack] = order.stream.taps()
        return [await peer.send(track, order.video_codec, order.stream.video_bitrate) for track in tracks]

    def start_message(self, order: Publication, offer: Offer) -> ClientMessage:
        publish = Publish(
            stream_id=order.stream_id,
            extra_info=order.extra_info,
            offer=offer,
            muted_kinds=sorted(order.stream.muted_kinds),
        )
        order.beauty.publishing()
        if order.beauty.wanted is not None:
            publish.effects.CopyFrom(order.beauty.wanted)
        return ClientMessage(publish=publish)

    def stop_message(self, stream_id: str, offer: Offer) -> ClientMessage:
        return ClientMessage(unpublish=Unpublish(stream_id=stream_id, offer=offer))

    def changed(self, order: Publication, error: EngineError | None) -> None:
        if order.machine.state is Phase.IDLE:
            order.beauty.end()
        code, extended_data = (error.error_code, error.extended_data) if error is not None else (0, "")
        self._on_update(PublisherStateUpdate(order.stream_id, order.state, code, extended_data))
