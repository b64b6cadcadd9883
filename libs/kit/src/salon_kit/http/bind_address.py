"""What a socket is bound to, one for both IP versions where every address is asked for."""

import errno
import socket
from typing import Final

EVERYWHERE: Final = "::"
"""Every address, IPv6 and IPv4."""
EVERY_IPV4: Final = "0.0.0.0"  # noqa: S104  # where every address was asked for


def socket_for(host: str, kind: socket.SocketKind) -> tuple[socket.socket, str]:
    """A socket for this address, and what to bind it to. EVERYWHERE takes IPv4 whatever the system's default for such
    sockets is, and is every IPv4 address where the kernel has no IPv6. Raises OSError."""
    if ":" not in host:
        return socket.socket(socket.AF_INET, kind), host
    try:
        unbound = socket.socket(socket.AF_INET6, kind)
    except OSError as error:
        if host != EVERYWHERE or error.errno != errno.EAFNOSUPPORT:
            raise
        return socket.socket(socket.AF_INET, kind), EVERY_IPV4
    if host == EVERYWHERE:
        unbound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return unbound, host
