"""Rate buckets: how often something may happen, counted without a timer."""

from dataclasses import dataclass, field

from salon.room.v1.events_pb2 import MessageKind
from salon_contracts.errors import RateLimited

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    per_s: float
    burst: float
    """How many may come at once after a pause."""
    name: str
    """For the error's sentence."""


BROADCASTS_PER_ROOM = Rate(10, 10, "10 broadcast messages a second in a room")
BROADCASTS_PER_USER = Rate(2, 2, "2 broadcast messages a second from a user")
BARRAGES_PER_USER = Rate(15, 15, "15 barrage messages a second from a user")
BARRAGES_PER_ROOM = Rate(20, 20, "20 barrage messages a second in a room")
COMMANDS_TO_ONE = Rate(200, 200, "200 commands a second to one user in a room")
COMMANDS_TO_MANY_PER_USER = Rate(8, 8, "8 commands a second to many users from a user")
"""Of ten for the room: a cursor that is shared has room, and so have the others."""
COMMANDS_TO_MANY = Rate(10, 10, "10 commands a second to many users in a room")
REQUESTS_PER_CONNECTION = Rate(50, 400, "50 requests a second on a connection")
OFFERS_PER_CONNECTION = Rate(10, 60, "10 offers a second on a connection")
EFFECTS_PER_CONNECTION = Rate(20, 40, "20 changes of effects a second on a connection")


@dataclass(slots=True)
class Bucket:
    rate: Rate
    _tokens: float = field(init=False)
    _refilled_at_ns: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._tokens = self.rate.burst

    def has_one(self, now_ns: int) -> bool:
        self._refill(now_ns)
        return self._tokens >= 1

    def take(self, now_ns: int) -> None:
        """Raises RateLimited when the bucket is empty."""
        if not self.has_one(now_ns):
            raise RateLimited(limit=self.rate.name)
        self._tokens -= 1

    def drain(self, now_ns: int) -> None:
        """Counts one that somebody else let through; the debt is bounded by one burst."""
        self._refill(now_ns)
        self._tokens = max(self._tokens - 1, -self.rate.burst)

    def _refill(self, now_ns: int) -> None:
        if self._refilled_at_ns is not None:
            elapsed_s = max(0, now_ns - self._refilled_at_ns) / NANOSECONDS
            self._tokens = min(self.rate.burst, self._tokens + elapsed_s * self.rate.per_s)
        self._refilled_at_ns = now_ns


def take_all(buckets: list[Bucket], now_ns: int) -> None:
    """Takes one of each or, raising RateLimited, none of any."""
    for bucket in buckets:
        if not bucket.has_one(now_ns):
            raise RateLimited(limit=bucket.rate.name)
    for bucket in buckets:
        bucket.take(now_ns)


@dataclass(slots=True)
class MessageLimits:
    """The buckets of one room session. Every instance that follows the room counts what the others let through, so
    the limit is one of the room, late by the time an event travels."""

    broadcasts: Bucket = field(default_factory=lambda: Bucket(BROADCASTS_PER_ROOM))
    barrages: Bucket = field(default_factory=lambda: Bucket(BARRAGES_PER_ROOM))
    commands_to_one: Bucket = field(default_factory=lambda: Bucket(COMMANDS_TO_ONE))
    commands_to_many: Bucket = field(default_factory=lambda: Bucket(COMMANDS_TO_MANY))

    def of(self, kind: MessageKind.ValueType, recipients: int) -> Bucket:
        match kind:
            case MessageKind.MESSAGE_KIND_BROADCAST:
                return self.broadcasts
            case MessageKind.MESSAGE_KIND_BARRAGE:
                return self.barrages
            case _:
                return self.commands_to_one if recipients == 1 else self.commands_to_many
