"""Where clients reach the relay: what its candidates and its announcement say.

What is named, in the order of the setting; where `own` stands in it, the addresses of the machine. A machine gets and
loses those while it runs (a laptop in another network, a lease that came after the start), so they are looked up again
and again; peer connections that stand keep what they have.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address
from typing import Final

from salon_kit.log import get_logger

from salon_relay.interfaces import Address, InterfaceAddress, NoInterfaces, interface_addresses

log = get_logger()

OWN: Final = "own"
OWN_MAX: Final = 8
"""Each address is a line in every section of every answer, and a pair with each address of the client to be checked."""
LOOK_S: Final = 5.0
LOOPBACK: Final = IPv4Address("127.0.0.1")
_FAR: Final = {4: (socket.AF_INET, "192.0.2.1"), 6: (socket.AF_INET6, "2001:db8::1")}
GUEST_BRIDGE: Final = re.compile(r"(?:docker|virbr|cni|podman|lxcbr|lxdbr|vmnet|vboxnet)\d+|br-[0-9a-f]{12}")
"""Interfaces to containers and guests of this machine, by the names that their makers give: a guest reaches the other
addresses as well, and nobody else reaches these."""


def own_addresses(bound: Address) -> tuple[Address, ...]:
    """Under which a socket bound to `bound` is reached: that; with a wildcard all addresses of the machine that others
    can use, those towards the default routes first, or loopback if there is no other. Sends nothing."""
    if not bound.is_unspecified:
        return (bound,)
    versions = (4,) if bound.version == 4 else (4, 6)
    preferred = [address for version in versions if (address := towards_default_route(version)) is not None]
    try:
        found = choose(interface_addresses(), preferred, versions)
    except NoInterfaces as error:
        log.warning("interfaces-not-told", err=str(error))
        found = tuple(preferred)
    return found or (LOOPBACK,)


def choose(
    found: Sequence[InterfaceAddress], preferred: Sequence[Address], versions: Iterable[int]
) -> tuple[Address, ...]:
    """At most OWN_MAX of what the interfaces have, `preferred` first."""
    lasting = {_network(each) for each in found if not each.is_temporary and each.is_usable}
    usable = [
        each.address
        for each in found
        if each.address.version in versions
        and _is_reachable(each.address)
        and each.is_running
        and each.is_usable
        and not (each.is_temporary and _network(each) in lasting)
        and (each.address in preferred or not GUEST_BRIDGE.fullmatch(each.interface))
    ]
    # The system prefers temporary addresses when it sends; it is reached at the lasting ones all the same.
    first = [address for address in preferred if address in usable]
    return tuple(dict.fromkeys([*first, *usable]))[:OWN_MAX]


def towards_default_route(version: int) -> Address | None:
    """The address this machine has towards the Internet; None without a route."""
    family, far = _FAR[version]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            return ipaddress.ip_address(str(probe.getsockname()[0]).partition("%")[0])
    except OSError:
        return None


class PublicAddresses:
    """`current` from the start on; `run` as a task keeps it so."""

    def __init__(
        self, names: Sequence[str], bound: Address, *, own: Callable[[Address], tuple[Address, ...]] = own_addresses
    ) -> None:
        """`names`: of the setting. Raises OSError when one has no address. Blocks on the resolver."""
        self._bound = bound
        self._own = own
        self._parts = [None if name == OWN else _resolve(name) for name in names or (OWN,)]
        """None: the machine's own, as they are at the time."""
        self._current = self._look()

    @property
    def current(self) -> tuple[Address, ...]:
        """At least one."""
        return self._current

    def of_other_family(self) -> tuple[Address, ...]:
        """Those that the socket cannot be reached at, whatever the network does."""
        if self._bound.version == 6 and self._bound.is_unspecified:
            return ()
        return tuple(address for address in self._current if address.version != self._bound.version)

    async def run(self, on_change: Callable[[], None]) -> None:
        """Looks again and again until cancelled."""
        if None not in self._parts or not self._bound.is_unspecified:
            return
        while True:
            await asyncio.sleep(LOOK_S)
            found = await asyncio.to_thread(self._look)
            if found != self._current:
                self._current = found
                on_change()

    def _look(self) -> tuple[Address, ...]:
        own = self._own(self._bound) if None in self._parts else ()
        return tuple(dict.fromkeys(address for part in self._parts for address in (own if part is None else part)))


def _resolve(name: str) -> tuple[Address, ...]:
    return tuple(
        ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])
        for _, _, _, _, sockaddr in socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    )


def _is_reachable(address: Address) -> bool:
    """By others, without saying through which interface, which a candidate cannot say."""
    return not (address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified)


def _network(each: InterfaceAddress) -> tuple[str, object]:
    return each.interface, ipaddress.ip_network((each.address, each.prefix_bits), strict=False)
