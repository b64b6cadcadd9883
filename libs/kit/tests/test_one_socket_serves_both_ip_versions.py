"""`::` is every address, IPv6 and IPv4; other addresses are themselves alone."""

import errno
import socket

import pytest
from salon_kit.http.bind_address import socket_for
from salon_kit.http.server import HttpServer

from .peers import OK, WHOLE, Peer, app


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("reached_at", ["127.0.0.1", "127.0.0.2", "::1"])
async def test_the_server_answers_at_every_address(reached_at: str) -> None:
    if ":" in reached_at and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    server = HttpServer(app, "::", 0)
    server.start("http under test")
    try:
        peer = await Peer.at(reached_at, server.port)
        await peer.send(WHOLE)
        assert await peer.answer() == OK
        await peer.close()
    finally:
        await server.stop(1.0)


@pytest.mark.parametrize(
    ("kind", "host", "elsewhere"),
    [
        (socket.SOCK_STREAM, "127.0.0.1", "::1"),
        (socket.SOCK_DGRAM, "127.0.0.1", "127.0.0.2"),
        (socket.SOCK_STREAM, "::1", "127.0.0.1"),
    ],
)
def test_one_address_is_that_alone(kind: socket.SocketKind, host: str, elsewhere: str) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    one, address = socket_for(host, kind)
    with one:
        one.bind((address, 0))
        other, address = socket_for(elsewhere, kind)
        with other:
            other.bind((address, one.getsockname()[1]))


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_without_ipv6_in_the_kernel_it_is_every_ipv4_address(
    kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = socket.socket

    def without_ipv6(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return make(family, kind)

    monkeypatch.setattr(socket, "socket", without_ipv6)
    unbound, address = socket_for("::", kind)
    with unbound:
        assert (unbound.family, address) == (socket.AF_INET, "0.0.0.0")  # noqa: S104
    with pytest.raises(OSError, match="not supported"):
        socket_for("2001:db8::1", kind)
