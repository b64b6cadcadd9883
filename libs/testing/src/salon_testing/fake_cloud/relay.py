"""The fake cloud's media side."""

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from salon.room.v1 import signal_pb2 as pb
from salon_sdk.media import LocalStream, PlayedStream
from salon_sdk.peer import MediaKind, renew
from salon_sdk.tasks import TaskOwner

KINDS: tuple[MediaKind, ...] = ("audio", "video")


class PublishedStream:
    """A stream as the relay has it: what came in last, and a source for those who play it."""

    def __init__(self, info: pb.Stream, session_id: str) -> None:
        self.info = info
        self.session_id = session_id
        self.received = PlayedStream(info.stream_id)
        tracks = {kind: self.received.track(kind) for kind in KINDS if kind in info.kinds}
        self.source = LocalStream(tracks.get("audio"), tracks.get("video"))


class FakeRelay:
    """The media side of one peer connection, as answerer."""

    def __init__(self, streams: dict[str, PublishedStream], tasks: TaskOwner) -> None:
        self.offers: list[pb.Offer] = []
        self._streams = streams
        self._tasks = tasks
        self._bound: dict[str, str] = {}
        self._stale: set[str] = set()
        config = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._connection = RTCPeerConnection(config)

    async def negotiate(self, offer: pb.Offer, *, client_sends: bool) -> str:
        self.offers.append(offer)
        bound = {track.mid: track.stream_id for track in offer.tracks}
        transceivers = {transceiver.mid: transceiver for transceiver in self._connection.getTransceivers()}
        for mid in self._stale & bound.keys():
            await renew(transceivers[mid])
        self._stale = (self._stale | self._bound.keys()) - bound.keys()
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp=offer.sdp, type="offer"))
        for transceiver in self._connection.getTransceivers():
            stream_id = bound.get(transceiver.mid or "")
            is_new = stream_id != self._bound.get(transceiver.mid or "")
            transceiver.direction = self._direction(stream_id, transceiver.kind, client_sends)
            if not is_new or stream_id is None or transceiver.direction == "inactive":
                continue
            stream = self._streams[stream_id]
            if client_sends:
                work = stream.received.pump(transceiver.receiver.track)
                self._tasks.spawn(work, name=f"receive-{stream_id}-{transceiver.kind}")
            else:
                taps = {track.kind: track for track in stream.source.taps()}
                transceiver.sender.replaceTrack(taps[transceiver.kind])
        self._bound = bound
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return str(self._connection.localDescription.sdp)

    async def close(self) -> None:
        await self._connection.close()

    def _direction(self, stream_id: str | None, kind: str, client_sends: bool) -> str:
        stream = self._streams.get(stream_id) if stream_id is not None else None
        if stream is None or kind not in stream.info.kinds:
            return "inactive"
        return "recvonly" if client_sends else "sendonly"
