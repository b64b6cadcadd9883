"""What arrives over the peer connections, and which of them cannot go on with it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from salon_contracts.ids import AppId, StreamId

from salon_relay.peers.codec_mismatches import CodecMismatches
from salon_relay.peers.identity import PeerIdentity
from salon_relay.peers.peer import CloseReason, Peer
from salon_relay.peers.peer_table import PeerTable
from salon_relay.registry import Registry

if TYPE_CHECKING:
    from salon_packets._native import Stats


_CODEC_LASTS_NS: Final = 10 * 10**9
"""A track that has become another codec stays that for so long: beauty begins anew with each change."""


class MediaWatch:
    """`look` once a second."""

    def __init__(
        self,
        peers: PeerTable,
        registry: Registry,
        publisher: Callable[[AppId, StreamId], PeerIdentity | None],
        *,
        media_timeout_s: float,
    ) -> None:
        """`media_timeout_s` 0: a publisher's connection may be without media for ever."""
        self._peers = peers
        self._registry = registry
        self._publisher = publisher
        self._media_timeout_s = media_timeout_s
        self._mismatches = CodecMismatches()

    def look(self, stats: "Stats") -> None:
        """Takes note of what codecs arrive. Ends what clients cannot be sent of those, and closes publishers' peer
        connections over which nothing has ever come."""
        now_ns = time.monotonic_ns()
        for source, known in stats["sources"].items():
            track = self._registry.of_source(source)
            if track is None or known["payload_type"] is None:
                continue
            if track.arrives is None or now_ns - track.arrives_since_ns >= _CODEC_LASTS_NS:
                self._registry.arrives(track, known["payload_type"])
        mismatched = self._mismatches.look(stats["sinks"])
        if mismatched:
            for peer in self._peers:
                for stream_id in peer.uses.streams_of(mismatched):
                    self._cannot_show(peer, stream_id)
        if not self._media_timeout_s:
            return
        opened_before_ns = time.monotonic_ns() - round(self._media_timeout_s * 1e9)
        for peer in self._peers:
            if peer.uses.awaits_media(stats["sources"]) and (peer.opened_ns or opened_before_ns) < opened_before_ns:
                peer.close(CloseReason.NO_MEDIA)

    def _cannot_show(self, viewer: Peer, stream_id: StreamId) -> None:
        """The client learns of it by the end of its peer connection, and is refused this one stream when it comes
        again. Where other streams would go too, that is not for the publisher to bring about again and again."""
        publisher = self._publisher(viewer.identity.app_id, stream_id)
        who = None if publisher is None else (publisher.app_id, publisher.user_id)
        is_alone = viewer.uses.played_streams <= {stream_id}
        if is_alone or who is None or self._mismatches.may_cost_connections(who):
            viewer.close(CloseReason.CODEC_MISMATCH)
        else:
            viewer.uses.stop_stream(stream_id)
