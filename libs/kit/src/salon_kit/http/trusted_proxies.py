"""Whose word is taken for where a request comes from.

A proxy says it in `X-Forwarded-For`, to whose end each one adds the address that it saw. Anybody can send that header,
so it counts only from a peer that the operator has named, and only as far as the named ones go.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Self

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
App = Callable[..., Awaitable[None]]

HOPS_MAX = 16
"""Proxies one behind the other; what stands further left is not looked at."""
HEADER_MAX_BYTES = 2048
"""Of the header's end that are looked at: more than so many addresses take."""
SECURE = {"http": "https", "ws": "wss"}


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of addresses and networks, separated by commas. Raises ValueError."""
        return cls(tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()))

    def trusts(self, host: str) -> bool:
        if not self.networks:
            return False
        address = _address(host)
        return address is not None and any(address in network for network in self.networks)

    def client_of(self, peer: str, forwarded_for: Iterable[bytes]) -> str:
        """The nearest address that is not a trusted proxy's: `peer` itself, or what the trusted ones have seen.
        `forwarded_for`: the values of that header, in their order."""
        client = peer
        if not self.trusts(peer):
            return client
        end = b",".join(forwarded_for)[-HEADER_MAX_BYTES:]
        for hop in reversed(end.split(b",")[-HOPS_MAX:]):
            address = _address(_without_port(hop.strip(b' \t"').decode("latin-1")))
            if address is None:  # a proxy that hides it, or is the wrong one to trust
                return client
            client = str(address)
            if not self.trusts(client):
                return client
        return client


NONE = TrustedProxies()
"""Nobody's word counts."""


class ForwardedClients:
    """An ASGI app to which `scope["client"]` and `scope["scheme"]` are those of the client, not of a trusted proxy."""

    def __init__(self, app: App, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        peer = scope.get("client")
        if peer is not None and self._proxies.trusts(peer[0]):
            client = self._proxies.client_of(peer[0], _values(scope, b"x-forwarded-for"))
            if client != peer[0]:
                scope["client"] = (client, 0)
            protocols = _values(scope, b"x-forwarded-proto")
            if protocols and protocols[-1].rpartition(b",")[2].strip().lower() in (b"https", b"wss"):
                scope["scheme"] = SECURE.get(scope["scheme"], scope["scheme"])
        await self._app(scope, receive, send)


def _values(scope: MutableMapping[str, Any], name: bytes) -> list[bytes]:
    return [value for each, value in scope["headers"] if each == name]


def _address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
