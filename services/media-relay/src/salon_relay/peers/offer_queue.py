"""Who has to wait until offers are read, and who is next. Pure.

Addresses take turns, and users of one address among themselves; each user's offers stay in their order. So whoever
sends many, or large ones, waits for themselves.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from salon_contracts.errors import RateLimited

Item = TypeVar("Item")

WAITING_MAX: Final = 256
WAITING_MAX_BYTES: Final = 16 * 1024 * 1024
"""Of which one offer takes 256 KiB at most, and a browser's first some 6."""
WAITING_PER_USER_MAX: Final = 8
"""A user has two peer connections with an SDK, and an offer at a time on each."""
WAITING_PER_ADDRESS_MAX: Final = 128
"""Thirty people of an office that come at the same moment bring sixty."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is to be."""

    address: str
    """What has no address is an address of its own: give something unique then."""
    user: str


class OfferQueue(Generic[Item]):
    def __init__(self) -> None:
        self._waiting: OrderedDict[str, OrderedDict[str, deque[tuple[Item, int]]]] = OrderedDict()
        """By address and user, each in the order of their next turns."""
        self._count = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._count

    def put(self, turn: Turn, item: Item, size_bytes: int) -> None:
        """Raises RateLimited when there are too many already."""
        users = self._waiting.get(turn.address, OrderedDict())
        own = users.get(turn.user, deque())
        if len(own) >= WAITING_PER_USER_MAX:
            raise RateLimited(limit=f"{WAITING_PER_USER_MAX} offers of one user that wait to be read")
        if sum(map(len, users.values())) >= WAITING_PER_ADDRESS_MAX:
            raise RateLimited(limit=f"{WAITING_PER_ADDRESS_MAX} offers from one address that wait to be read")
        if self._count >= WAITING_MAX or self._bytes + size_bytes > WAITING_MAX_BYTES:
            raise RateLimited(limit=f"{WAITING_MAX} offers that wait to be read")
        own.append((item, size_bytes))
        users[turn.user] = own
        self._waiting[turn.address] = users
        self._count += 1
        self._bytes += size_bytes

    def take(self) -> Item | None:
        """The next one; None when nobody waits."""
        if not self._waiting:
            return None
        address, users = self._waiting.popitem(last=False)
        user, own = users.popitem(last=False)
        item, size_bytes = own.popleft()
        if own:
            users[user] = own
        if users:
            self._waiting[address] = users
        self._count -= 1
        self._bytes -= size_bytes
        return item
