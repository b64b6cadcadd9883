"""How many connections one address, and all together, may have at a server."""

from collections import Counter
from dataclasses import dataclass, field

from salon_kit.http.client_address import address_group
from salon_kit.http.trusted_proxies import NONE, TrustedProxies


@dataclass(slots=True)
class ConnectionLimits:
    max_per_address: int = 0
    """That have not become something with limits of its own, such as a WebSocket; 0: any number."""
    max_total: int = 0
    """Of any kind; 0: any number."""
    proxies: TrustedProxies = NONE
    """Many clients come from each of their addresses: those count in the total only."""
    _by_address: Counter[str] = field(default_factory=Counter)
    _total: int = 0

    def enter(self, host: str) -> "Place | None":
        """Takes a place, to be left with `Place.leave`; None when there is none."""
        if self.max_total and self._total >= self.max_total:
            return None
        address = None if self.proxies.trusts(host) else address_group(host)
        if address is not None:
            if self.max_per_address and self._by_address[address] >= self.max_per_address:
                return None
            self._by_address[address] += 1
        self._total += 1
        return Place(self, address)

    def _leave_address(self, address: str) -> None:
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]

    def _leave_total(self) -> None:
        self._total -= 1


class Place:
    """One connection's."""

    def __init__(self, limits: ConnectionLimits, address: str | None) -> None:
        self._limits: ConnectionLimits | None = limits
        self._address = address

    @property
    def address(self) -> str | None:
        """Whose it counts as; None: nobody's in particular."""
        return self._address

    def no_longer_of_address(self) -> None:
        """It has become something with limits of its own."""
        if self._limits is not None and self._address is not None:
            self._limits._leave_address(self._address)
            self._address = None

    def leave(self) -> None:
        """The connection is gone. May be called again."""
        self.no_longer_of_address()
        if self._limits is not None:
            self._limits._leave_total()
            self._limits = None
