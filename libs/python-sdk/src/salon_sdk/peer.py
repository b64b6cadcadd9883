"""A peer connection whose sections can be used again: the only file that touches what is private in aiortc (1.16).

What aiortc 1.16 does and does not, found by trying it:

- Adding transceivers to a connected, bundled RTCPeerConnection and turning them inactive works. So there is one peer
  connection for all that is sent and one for all that is received, not one per stream.
- A sender or receiver starts once: its codec, SSRCs and track are those of the first answer, and a track that ended
  ends it for good. A section is therefore used again with a new sender and receiver on the old transceiver (`renew`).
- Incoming packets are routed by SSRC, and packets of an unknown SSRC by payload type as long as one receiver has it:
  the first packets of a second video go to the first one and spoil it, and no retransmission arrives once there are
  two. `_Router` knows every SSRC of the answer, falls back to the MID extension, and drops the rest. A receiver out of
  use stays registered (and disabled) until its section is used again, so that stragglers have somewhere to go.
- An answer applied while DTLS is still shaking hands can be lost on new transceivers. The caller waits for `connected`
  before it offers again.
- With bundling, only the candidates of the last section count: the relay repeats them in every section.
- Encoders start at 500 kbps, follow REMB between 250 kbps and 1.5 Mbps and are built at the first frame; `_Vp8Encoder`
  and `_H264Encoder` have limits of their own.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.codecs.base import Encoder
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtcdtlstransport import RTCDtlsTransport, RtpReceiver, RtpRouter
from aiortc.rtp import RtpPacket
from aiortc.sdp import SessionDescription
from salon_contracts.errors import InvariantBroken

MediaKind = Literal["audio", "video"]
VideoCodec = Literal["VP8", "H264"]


class SectionUse(Enum):
    FREE = "inactive"
    SEND = "sendonly"
    RECEIVE = "recvonly"


@dataclass(frozen=True, slots=True)
class VideoBitrate:
    start_bps: int = 500_000
    max_bps: int = 1_500_000


class Section:
    """One media section of a peer connection, in use or free."""

    def __init__(self, transceiver: RTCRtpTransceiver) -> None:
        self._transceiver = transceiver
        self.use = SectionUse.FREE
        self._stale = False

    @property
    def kind(self) -> MediaKind:
        return "audio" if self._transceiver.kind == "audio" else "video"

    @property
    def mid(self) -> str:
        """Known once the section has been offered."""
        mid = self._transceiver.mid
        if mid is None:
            raise InvariantBroken("a section without mid")
        return str(mid)

    @property
    def track(self) -> MediaStreamTrack | None:
        """What is received, or None where the answer declined it."""
        if self._transceiver.currentDirection != "recvonly":
            return None
        return self._transceiver.receiver.track


class Peer:
    """One peer connection that offers. Not for concurrent use: one offer at a time.

    `on_lost` is called at most once, when the connection failed or the other side closed it.
    """

    def __init__(self, peer_connection_id: str, on_lost: Callable[[], None]) -> None:
        self.id = peer_connection_id
        self._on_lost = on_lost
        # An empty list: None would mean a public STUN server, and seconds of waiting for it.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._connection.on("connectionstatechange", self._state_changed)
        self._sections: list[Section] = []
        self._settled = asyncio.Event()
        self._ever_connected = False
        self._lost = False

    @property
    def lost(self) -> bool:
        return self._lost

    @property
    def connected(self) -> bool:
        return self._ever_connected and not self._lost

    @property
    def in_use(self) -> bool:
        return any(section.use is not SectionUse.FREE for section in self._sections)

    async def send(self, track: MediaStreamTrack, codec: VideoCodec, bitrate: VideoBitrate) -> Section:
        """A section that will send the track. The track is stopped when the section is released."""
        section = await self._free_section(track.kind)
        section.use = SectionUse.SEND
        transceiver = section._transceiver
        transceiver.direction = SectionUse.SEND.value
        transceiver.sender.replaceTrack(track)
        if section.kind == "video":
            mime_type = f"video/{codec}"
            known = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([one for one in known if one.mimeType in (mime_type, "video/rtx")])
            _set_private(transceiver.sender, "_RTCRtpSender__encoder", _VIDEO_ENCODERS[codec](bitrate))
        return section

    async def receive(self, kind: MediaKind) -> Section:
        """A section that will receive; its `track` is there after `accept`."""
        section = await self._free_section(kind)
        section.use = SectionUse.RECEIVE
        section._transceiver.direction = SectionUse.RECEIVE.value
        section._transceiver.setCodecPreferences([])
        return section

    async def release(self, sections: Sequence[Section]) -> None:
        """Takes sections out of use: the next offer says so, and later ones may use them again."""
        for section in sections:
            if section.use is SectionUse.FREE:
                continue
            transceiver = section._transceiver
            if section.use is SectionUse.SEND:
                await transceiver.sender.stop()
                if transceiver.sender.track is not None:  # it never started
                    transceiver.sender.track.stop()
            transceiver.direction = SectionUse.FREE.value
            section.use = SectionUse.FREE
            section._stale = True

    async def offer(self) -> str:
        """An offer with all sections; until it is accepted another may replace it."""
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Raises ValueError for an answer that cannot be used; the peer is of no use then."""
        try:
            self._router().learn(answer, self._sections)
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        except Exception as error:  # aiortc raises AssertionError, StopIteration, its own kinds, …
            raise ValueError(f"{type(error).__name__}: {error}") from error

    @property
    def ever_connected(self) -> bool:
        return self._ever_connected

    async def wait_connected(self) -> bool:
        """False if the connection was lost instead. The deadline is the caller's."""
        await self._settled.wait()
        return not self._lost

    async def close(self) -> None:
        """Ends the connection; stops the tracks it was sending."""
        self._lost = True  # from here on, no news
        await self._connection.close()
        self._settled.set()
        for transceiver in self._connection.getTransceivers():
            if transceiver.sender.track is not None:
                transceiver.sender.track.stop()

    def mark_lost(self) -> None:
        """The other side said so."""
        if not self._lost:
            self._lost = True
            self._settled.set()
            self._on_lost()

    async def _free_section(self, kind: str) -> Section:
        for section in self._sections:
            if section.kind == kind and section.use is SectionUse.FREE:
                if section._stale:
                    await renew(section._transceiver)
                    section._stale = False
                return section
        section = Section(self._connection.addTransceiver(kind, direction=SectionUse.FREE.value))
        if not self._sections:
            section._transceiver.receiver.transport._rtp_router = _Router()
        self._sections.append(section)
        return section

    def _router(self) -> "_Router":
        router = self._sections[0]._transceiver.receiver.transport._rtp_router
        if not isinstance(router, _Router):
            raise InvariantBroken("aiortc replaced the router of a transport")
        return router

    def _state_changed(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._ever_connected = True
            self._settled.set()
        elif state in ("failed", "closed"):
            self.mark_lost()


async def renew(transceiver: RTCRtpTransceiver) -> None:
    """A new sender and receiver on the transport of the old ones."""
    old: RTCRtpReceiver = transceiver.receiver
    transport: RTCDtlsTransport = old.transport
    await old.stop()
    await transceiver.sender.stop()
    sender = RTCRtpSender(transceiver.kind, transport)
    sender._stream_id = transceiver.sender._stream_id
    receiver = RTCRtpReceiver(transceiver.kind, transport)
    receiver._set_rtcp_ssrc(sender._ssrc)
    _set_private(transceiver, "_RTCRtpTransceiver__sender", sender)
    _set_private(transceiver, "_RTCRtpTransceiver__receiver", receiver)


def _set_private(owner: object, name: str, value: object) -> None:
    if not hasattr(owner, name):
        raise InvariantBroken(f"aiortc has no {name} any more")
    setattr(owner, name, value)


class _Router(RtpRouter):
    """Routes by what the answer says instead of by guessing."""

    def learn(self, answer: str, sections: Sequence[Section]) -> None:
        by_mid = {section._transceiver.mid: section._transceiver.receiver for section in sections}
        for media in SessionDescription.parse(answer).media:
            receiver = by_mid.get(media.rtp.muxId)
            if receiver is not None:
                self.ssrc_table.update({description.ssrc: receiver for description in media.ssrc})

    def route_rtp(self, packet: RtpPacket) -> RtpReceiver | None:
        receiver: RtpReceiver | None = self.ssrc_table.get(packet.ssrc)
        if receiver is None and packet.extensions.mid is not None:
            receiver = self.mid_table.get(packet.extensions.mid)
            if receiver is not None:
                self.ssrc_table[packet.ssrc] = receiver
        return receiver


class _Vp8Encoder(Vp8Encoder):
    def __init__(self, bitrate: VideoBitrate) -> None:
        super().__init__()
        self._max_bps = bitrate.max_bps
        self._Vp8Encoder__target_bitrate = min(bitrate.start_bps, bitrate.max_bps)

    @property
    def target_bitrate(self) -> int:
        target: int = self._Vp8Encoder__target_bitrate
        return target

    @target_bitrate.setter
    def target_bitrate(self, bps: int) -> None:
        self._Vp8Encoder__target_bitrate = _next_target(self.target_bitrate, bps, self._max_bps)


class _H264Encoder(H264Encoder):
    def __init__(self, bitrate: VideoBitrate) -> None:
        super().__init__()
        self._max_bps = bitrate.max_bps
        self._H264Encoder__target_bitrate = min(bitrate.start_bps, bitrate.max_bps)

    @property
    def target_bitrate(self) -> int:
        target: int = self._H264Encoder__target_bitrate
        return target

    @target_bitrate.setter
    def target_bitrate(self, bps: int) -> None:
        self._H264Encoder__target_bitrate = _next_target(self.target_bitrate, bps, self._max_bps)


def _next_target(present_bps: int, wanted_bps: int, max_bps: int) -> int:
    """Down at once, up in steps worth having: every change makes a new encoder, and with it a key frame."""
    wanted_bps = max(_MIN_BPS, min(wanted_bps, max_bps))
    return wanted_bps if wanted_bps < present_bps or wanted_bps >= present_bps * 1.25 else present_bps


_MIN_BPS = 100_000
_VIDEO_ENCODERS: dict[VideoCodec, Callable[[VideoBitrate], Encoder]] = {"VP8": _Vp8Encoder, "H264": _H264Encoder}
