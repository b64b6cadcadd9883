"""What travels beside an event's body: CloudEvents 1.0 attributes in NATS headers, binary mode.

The body is the bare protobuf message. `salon-node-epoch` and `salon-node-seq` number what one process has said, so that
a reader can tell a lost event from one that never was; they also make the id, which is the JetStream message id: the
same event appended twice is stored once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class Envelope:
    id: str
    """`<node>:<epoch>:<sequence>`"""
    type: str
    """See registry.event_type."""
    source: str
    """`salon/<service>/<node>`"""
    time_unix_ns: int
    node_epoch: str
    node_sequence: int
    cause_id: str | None = None
    """Id of the event or request that led to this one."""
    traceparent: str | None = None
    """W3C Trace Context."""

    def to_headers(self) -> dict[str, str]:
        # RFC 3339 with microseconds: what datetime can say; the last three digits are not worth a formatter of our own.
        time = datetime.fromtimestamp(self.time_unix_ns / 1e9, UTC).isoformat(timespec="microseconds")
        headers = {
            "ce-specversion": "1.0",
            "ce-id": self.id,
            "ce-type": self.type,
            "ce-source": self.source,
            "ce-time": time,
            "content-type": "application/protobuf",
            "salon-node-epoch": self.node_epoch,
            "salon-node-seq": str(self.node_sequence),
        }
        if self.cause_id is not None:
            headers["salon-cause-id"] = self.cause_id
        if self.traceparent is not None:
            headers["traceparent"] = self.traceparent
        return headers

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """Raises KeyError or ValueError when an attribute is missing or malformed."""
        if headers["ce-specversion"] != "1.0":
            raise ValueError(f"CloudEvents version {headers['ce-specversion']!r}")
        return cls(
            id=headers["ce-id"],
            type=headers["ce-type"],
            source=headers["ce-source"],
            time_unix_ns=round(datetime.fromisoformat(headers["ce-time"]).timestamp() * 1e6) * 1000,
            node_epoch=headers["salon-node-epoch"],
            node_sequence=int(headers["salon-node-seq"]),
            cause_id=headers.get("salon-cause-id"),
            traceparent=headers.get("traceparent"),
        )
