"""The addresses of this machine's network interfaces, as Linux tells them over netlink (RFC 3549, rtnetlink(7)).

The standard library has names of interfaces, not their addresses; and which of a machine's IPv6 addresses are temporary
or no longer valid is told by netlink alone.
"""

import ipaddress
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

Address = IPv4Address | IPv6Address

_TIMEOUT_S: Final = 2.0
_RECEIVE_BYTES: Final = 64 * 1024
"""The kernel sends a dump in parts of at most 32 kB."""
_RTM_NEWLINK, _RTM_GETLINK, _RTM_NEWADDR, _RTM_GETADDR = 16, 18, 20, 22
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST_DUMP: Final = 0x1 | 0x300
_HEADER: Final = struct.Struct("=IHHII")
"""Of a message: length, type, flags, sequence, port."""
_LINK: Final = struct.Struct("=BxHiII")
"""Family, hardware type, index, flags, changed flags."""
_ADDRESS: Final = struct.Struct("=BBBBI")
"""Family, prefix length, flags, scope, interface index."""
_ATTRIBUTE: Final = struct.Struct("=HH")
_IFLA_IFNAME, _IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 3, 1, 2, 8
_IFF_RUNNING: Final = 0x40
_IFA_F_TEMPORARY: Final = 0x01
_IFA_F_UNUSABLE: Final = 0x08 | 0x20 | 0x40
"""Duplicate found, deprecated, not yet known to be unique."""


class NoInterfaces(OSError):
    """The kernel does not tell; the process may not ask, for example."""


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    interface: str
    address: Address
    prefix_bits: int
    is_running: bool = True
    """The interface is up and has a carrier."""
    is_usable: bool = True
    """Not deprecated, and known to be unique."""
    is_temporary: bool = False
    """Made up for privacy (RFC 8981): another one replaces it within a day or so."""


def interface_addresses() -> tuple[InterfaceAddress, ...]:
    """All of them, in the kernel's order. Raises NoInterfaces."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.settimeout(_TIMEOUT_S)
            links = b"".join(_dump(kernel, _RTM_GETLINK))
            addresses = b"".join(_dump(kernel, _RTM_GETADDR))
        return tuple(read_addresses(links, addresses))
    except (OSError, ValueError, struct.error) as error:
        raise NoInterfaces(str(error)) from error


def read_addresses(links: bytes, addresses: bytes) -> Iterator[InterfaceAddress]:
    """Of the messages that two dumps consist of. Raises ValueError and struct.error."""
    names: dict[int, tuple[str, bool]] = {}
    for kind, body in _messages(links):
        if kind == _RTM_NEWLINK:
            _, _, index, flags, _ = _LINK.unpack_from(body)
            name = _attributes(body[_LINK.size :]).get(_IFLA_IFNAME, b"").rstrip(b"\0").decode(errors="replace")
            names[index] = name, bool(flags & _IFF_RUNNING)
    for kind, body in _messages(addresses):
        if kind != _RTM_NEWADDR:
            continue
        family, prefix_bits, flags, _, index = _ADDRESS.unpack_from(body)
        attributes = _attributes(body[_ADDRESS.size :])
        # On a point-to-point link IFA_ADDRESS is the other end.
        raw = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
        if raw is None or family not in (socket.AF_INET, socket.AF_INET6):
            continue
        if _IFA_FLAGS in attributes:
            [flags] = struct.unpack("=I", attributes[_IFA_FLAGS])
        name, is_running = names.get(index, ("", False))
        yield InterfaceAddress(
            name,
            ipaddress.ip_address(raw),
            prefix_bits,
            is_running,
            is_usable=not flags & _IFA_F_UNUSABLE,
            # The same bit says of IPv4 that it is a second address of its network.
            is_temporary=family == socket.AF_INET6 and bool(flags & _IFA_F_TEMPORARY),
        )


def _dump(kernel: socket.socket, kind: int) -> Iterator[bytes]:
    body = struct.pack("=Bxxx", socket.AF_UNSPEC)
    kernel.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST_DUMP, kind, 0) + body)
    while True:
        part = kernel.recv(_RECEIVE_BYTES)
        if not part:
            raise ValueError("the dump has no end")
        yield part
        for answer, body in _messages(part):
            if answer == _NLMSG_DONE:
                return
            if answer == _NLMSG_ERROR:
                raise ValueError(f"the kernel refuses with {struct.unpack_from('=i', body)[0]}")


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset < len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            raise ValueError("a netlink message shorter than its header")
        yield kind, data[offset + _HEADER.size : offset + length]
        offset += _aligned(length)


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            raise ValueError("a netlink attribute shorter than its header")
        found[kind & 0x3FFF] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += _aligned(length)
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3
