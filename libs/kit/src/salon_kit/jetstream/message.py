"""How JetStream writes a stored message, its place in the stream, and what it says instead of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nats.aio.msg import Msg

from salon_kit.clock import NANOSECONDS


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as it stands in a stream."""

    subject: str
    sequence: int
    headers: Mapping[str, str]
    data: bytes
    stored_at_unix_ns: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the reply subject of a delivered message says."""

    stream_sequence: int
    consumer_sequence: int
    stored_at_unix_ns: int
    pending: int
    """Messages of this consumer still to come, at the time of delivery."""


def delivery(message: Msg) -> Delivery:
    """Raises ValueError for what is not a delivery."""
    tokens = message.reply.split(".")
    if len(tokens) < 9 or tokens[:2] != ["$JS", "ACK"]:
        raise ValueError(f"not a delivery: {message.reply!r}")
    # $JS.ACK.<stream>.<consumer>.… or, with a domain, $JS.ACK.<domain>.<account>.<stream>.<consumer>.….<random>
    first = 4 if len(tokens) == 9 else 6
    _delivered, stream, consumer, stored, pending = (int(token) for token in tokens[first : first + 5])
    return Delivery(stream, consumer, stored, pending)


def raw_message(message: Msg) -> RawMessage:
    """A delivered message. Raises ValueError for what is not one."""
    at = delivery(message)
    return RawMessage(message.subject, at.stream_sequence, message.headers or {}, message.data, at.stored_at_unix_ns)


def status_of(message: Msg) -> str | None:
    """The status code of a control message (`100`, `404`, `408`, `409`…); None for a real one."""
    if message.data or message.headers is None or message.reply.startswith("$JS.ACK."):
        return None
    return message.headers.get("Status")


def nanoseconds(seconds: float) -> int:
    return round(seconds * NANOSECONDS)


def read_headers(block: bytes) -> dict[str, str]:
    headers = {}
    for line in block.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.decode("ascii", "replace")] = value.strip().decode("utf-8", "replace")
    return headers


def rfc3339_ns(text: str) -> int:
    whole, dot, fraction = text.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * NANOSECONDS + (int(fraction.ljust(9, "0")[:9]) if dot else 0)
