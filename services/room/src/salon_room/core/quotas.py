"""How much of something one user, one address or one app may have: rates and counts by key, in bounded memory.

offers = Rates(Rate(10, 60, "10 offers a second from a user"))
take_each([(offers, user, 1), (offers_of_address, address, 1)], now_ns)     # all of them or, raising, none
place = hold_each([(under_way, user), (under_way_of_address, address)])     # all of them or, raising, none
place.release()                                                             # once, however often it is called
"""

from collections.abc import Hashable, Sequence
from heapq import nsmallest
from types import TracebackType
from typing import Self

from salon_contracts.errors import QuotaExceeded, RateLimited

from salon_room.core.limits import NANOSECONDS, Rate

KEYS_MAX = 8192
"""Keys with a debt that one `Rates` remembers: about 3 MB."""
SWEEP_FROM = 256
FORGOTTEN_SHARE = 8
"""When all keys that fit owe something, this part of them is forgotten: one eighth."""


class Rates:
    """A token bucket for each key. A rate of 0 a second is no limit.

    Of a key only the moment is kept at which its bucket is full again. A key whose bucket is full needs no memory. When
    more keys than `keys_max` owe something, those that owe least are forgotten: whoever wants a debt forgiven has to
    bring `keys_max` others that owe more.
    """

    def __init__(self, rate: Rate, keys_max: int = KEYS_MAX) -> None:
        self.rate = rate
        self._keys_max = keys_max
        self._full_at_ns: dict[Hashable, int] = {}
        self._sweep_at = min(SWEEP_FROM, keys_max)
        self._burst_ns = 0 if rate.per_s <= 0 else self._refill_ns(rate.burst)

    def __len__(self) -> int:
        return len(self._full_at_ns)

    def has(self, key: Hashable, cost: float, now_ns: int) -> bool:
        if self.rate.per_s <= 0:
            return True
        return self._owed_ns(key, now_ns) + self._refill_ns(cost) <= self._burst_ns

    def check(self, key: Hashable, cost: float, now_ns: int) -> None:
        """Raises RateLimited. What costs more than a whole burst is let through when the bucket is full."""
        if not self.has(key, cost, now_ns):
            raise RateLimited(limit=self.rate.name)

    def take(self, key: Hashable, cost: float, now_ns: int) -> None:
        """Raises RateLimited, and nothing is taken then."""
        self.check(key, cost, now_ns)
        if self.rate.per_s <= 0:
            return
        if key not in self._full_at_ns and len(self._full_at_ns) >= self._sweep_at:
            self._sweep(now_ns)
        self._full_at_ns[key] = now_ns + self._owed_ns(key, now_ns) + self._refill_ns(cost)

    def _owed_ns(self, key: Hashable, now_ns: int) -> int:
        return max(0, self._full_at_ns.get(key, now_ns) - now_ns)

    def _refill_ns(self, cost: float) -> int:
        return round(min(cost, self.rate.burst) * NANOSECONDS / self.rate.per_s)

    def _sweep(self, now_ns: int) -> None:
        """At most one pass for as many new keys as are in memory then, or for an eighth of `keys_max`."""
        owing = {key: full_at_ns for key, full_at_ns in self._full_at_ns.items() if full_at_ns > now_ns}
        spare = max(1, self._keys_max // FORGOTTEN_SHARE)
        if len(owing) > self._keys_max - spare:
            for key in nsmallest(len(owing) - self._keys_max + spare, owing, key=owing.__getitem__):
                del owing[key]
        self._full_at_ns = owing
        self._sweep_at = min(self._keys_max, max(SWEEP_FROM, 2 * len(owing)))


class Counts:
    """How many of something each key has at this moment. A limit of 0 is none.

    `error` is what too many of it are: what is over by itself in a moment is worth trying again (RateLimited)."""

    def __init__(self, limit: int, name: str, error: type[QuotaExceeded] | type[RateLimited] = QuotaExceeded) -> None:
        self.limit = limit
        self.name = name
        self._error = error
        self._held: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def held(self, key: Hashable) -> int:
        return self._held.get(key, 0)

    def check(self, key: Hashable) -> None:
        """Raises `error` if the key has all that it may have."""
        if 0 < self.limit <= self.held(key):
            raise self._error(limit=self.name)

    def add(self, key: Hashable) -> None:
        self._held[key] = self.held(key) + 1

    def remove(self, key: Hashable) -> None:
        left = self._held[key] - 1
        if left:
            self._held[key] = left
        else:
            del self._held[key]


class Place:
    """What somebody has of one or several counts, until it is released."""

    def __init__(self, holds: Sequence[tuple[Counts, Hashable]]) -> None:
        self._holds = holds

    def release(self) -> None:
        holds, self._holds = self._holds, ()
        for counts, key in holds:
            counts.remove(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def take_each(wanted: Sequence[tuple[Rates, Hashable, float]], now_ns: int) -> None:
    """Raises RateLimited, and nothing is taken then. No two with the same `Rates` and key."""
    for rates, key, cost in wanted:
        rates.check(key, cost, now_ns)
    for rates, key, cost in wanted:
        rates.take(key, cost, now_ns)


def hold_each(wanted: Sequence[tuple[Counts, Hashable]]) -> Place:
    """Raises the error of the first that is full, and nothing is held then."""
    for counts, key in wanted:
        counts.check(key)
    for counts, key in wanted:
        counts.add(key)
    return Place(tuple(wanted))
