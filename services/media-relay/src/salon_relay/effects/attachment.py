"""A transcoder's place in the packet path: its link, the local consumer that feeds it, the source that comes back."""

from collections.abc import Callable, Iterator

from salon_contracts.transcoder_link import (
    BEAUTIFIED_SSRC,
    CLOCK_RATE_HZ,
    COLOR_SPACE_ID,
    ORIENTATION_ID,
    ORIGINAL_SSRC,
    PAYLOAD_TYPE,
)
from salon_media.extensions import COLOR_SPACE, VIDEO_ORIENTATION
from salon_packets import Codec, CommandQueueFull, SinkConfig, SourceConfig, TransportClosed, TransportEvent

from salon_relay.packets import Packets
from salon_relay.registry import Track


class Attachment:
    """There from the start; `remove` it. Raises CommandQueueFull and OSError with nothing left behind."""

    def __init__(
        self, packets: Packets, ids: Iterator[int], track: Track, link_fd: int, *, on_lost: Callable[[], None]
    ) -> None:
        """`on_lost`: the transcoder's end of the link is gone, and everything of it in the packet path."""
        self.transport = next(ids)
        self.consumer = next(ids)
        self.source = next(ids)
        self._packets = packets
        self._on_lost = on_lost
        codec = Codec(track.name, PAYLOAD_TYPE, CLOCK_RATE_HZ)
        extensions = {VIDEO_ORIENTATION: ORIENTATION_ID, COLOR_SPACE: COLOR_SPACE_ID}
        packets.add_local_transport(self.transport, self._on_event, link_fd)
        try:
            packets.add_source(
                self.transport,
                self.source,
                SourceConfig(
                    kind="video",
                    mid="0",
                    codecs=[codec],
                    ssrcs=[(BEAUTIFIED_SSRC, None)],
                    extensions=extensions,
                    nack=False,
                    transport_cc=False,
                    remb=False,
                ),
            )
            packets.add_sink(
                self.transport,
                self.consumer,
                track.source,
                SinkConfig(
                    kind="video",
                    mid="0",
                    codec=codec,
                    ssrc=ORIGINAL_SSRC,
                    rtx_ssrc=None,
                    cname=track.cname,
                    extensions=extensions,
                    nack=False,
                    transport_cc=False,
                    mixed_extensions=True,
                ),
            )
        except CommandQueueFull:
            self.remove()
            raise

    def remove(self) -> None:
        """With the transcoder's source, which sends its viewers back to the publisher's packets."""
        self._packets.remove_transport(self.transport)

    def _on_event(self, event: TransportEvent) -> None:
        if isinstance(event, TransportClosed):
            self._on_lost()
