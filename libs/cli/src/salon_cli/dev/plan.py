"""What `salon dev` is to start, from the environment: addresses, ports, settings of each service."""

import errno
import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from salon_kit.http.bind_address import EVERYWHERE, socket_for

from salon_cli.dev.disk import events_max_bytes
from salon_cli.dev.state import DevState

LOOPBACK = "127.0.0.1"
OWN_ADDRESSES = "own"
"""As the relay calls those of the machine that it runs on."""


class PlanImpossible(Exception):
    """Why the cloud cannot be started as asked, in one sentence with what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    public_host: str | None
    """What other machines call this one; None: this machine only."""
    http_port: int
    media_host: str
    """What the media socket is bound to: every address, since Firefox and what is built on libnice reach no loopback
    one. It answers nobody without the password of a peer connection, which only the room service gives."""
    media_addresses: str
    """As the relay's setting names them, the preferred one first."""
    media_port: int
    nats_port: int
    token_health_port: int
    relay_health_port: int
    effects_health_port: int
    room_health_port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Plan":
        public_host = environment.get("SALON_PUBLIC_HOST") or None
        plan = cls(
            public_host=public_host,
            http_port=_port(environment, "SALON_HTTP_PORT", 8443 if public_host else 8080),
            media_host=environment.get("SALON_RELAY_BIND_HOST") or EVERYWHERE,
            media_addresses=environment.get("SALON_RELAY_PUBLIC_ADDRESSES")
            or f"{public_host or LOOPBACK},{OWN_ADDRESSES}",
            media_port=_port(environment, "SALON_MEDIA_PORT", 7882),
            nats_port=_port(environment, "SALON_NATS_PORT", 4222),
            token_health_port=_port(environment, "SALON_TOKEN_HEALTH_PORT", 9101),
            relay_health_port=_port(environment, "SALON_RELAY_HEALTH_PORT", 9103),
            effects_health_port=_port(environment, "SALON_EFFECTS_HEALTH_PORT", 9104),
            room_health_port=_port(environment, "SALON_ROOM_HEALTH_PORT", 9102),
        )
        if public_host is not None:
            _check_host(public_host)
        return plan

    @property
    def http_host(self) -> str:
        """This machine only, unless serving others is what was asked for."""
        return LOOPBACK if self.public_host is None else EVERYWHERE

    @property
    def url(self) -> str:
        """What a person opens."""
        if self.public_host is None:
            return f"http://localhost:{self.http_port}/"
        host = f"[{self.public_host}]" if ":" in self.public_host else self.public_host
        return f"https://{host}:{self.http_port}/"

    def check_ports(self) -> None:
        """Raises PlanImpossible when a port is taken: better here, by name, than as some service's traceback."""
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        wanted = [
            (self.nats_port, LOOPBACK, stream, "NATS", "SALON_NATS_PORT"),
            (self.http_port, self.http_host, stream, "the room service", "SALON_HTTP_PORT"),
            (self.media_port, self.media_host, datagram, "media", "SALON_MEDIA_PORT"),
            (self.token_health_port, LOOPBACK, stream, "the token service's health", "SALON_TOKEN_HEALTH_PORT"),
            (self.relay_health_port, LOOPBACK, stream, "the relay's health", "SALON_RELAY_HEALTH_PORT"),
            (self.effects_health_port, LOOPBACK, stream, "the effects service's health", "SALON_EFFECTS_HEALTH_PORT"),
            (self.room_health_port, LOOPBACK, stream, "the room service's health", "SALON_ROOM_HEALTH_PORT"),
        ]
        for port, host, kind, purpose, variable in wanted:
            try:
                _try_to_bind(host, port, kind)
            except OSError as problem:
                protocol = "UDP" if kind == datagram else "TCP"
                if problem.errno != errno.EADDRINUSE:
                    raise PlanImpossible(f"{protocol} port {port} for {purpose}: {problem.strerror}.") from None
                raise PlanImpossible(
                    f"{protocol} port {port} for {purpose} is taken; stop what uses it or set {variable} to another."
                ) from None

    def environment(self, service: str, state: DevState, certificate: tuple[Path, Path] | None) -> dict[str, str]:
        """The whole environment of one service's process."""
        settings = {
            "SALON_NATS_URL": f"nats://{LOOPBACK}:{self.nats_port}",
            "SALON_NATS_USER": service,
            "SALON_NATS_PASSWORD": state.service_passwords[service],
            "SALON_NATS_EVENTS_MAX_BYTES": os.environ.get("SALON_NATS_EVENTS_MAX_BYTES")
            or str(events_max_bytes(state.folder / "nats")),
        }
        match service:
            case "token":
                settings |= {
                    "SALON_TOKEN_MASTER_KEY": state.master_key,
                    "SALON_TOKEN_HEALTH_HOST": LOOPBACK,
                    "SALON_TOKEN_HEALTH_PORT": str(self.token_health_port),
                }
            case "relay":
                settings |= {
                    "SALON_RELAY_BIND_HOST": self.media_host,
                    "SALON_RELAY_PORT": str(self.media_port),
                    "SALON_RELAY_PUBLIC_ADDRESSES": self.media_addresses,
                    "SALON_RELAY_HEALTH_HOST": LOOPBACK,
                    "SALON_RELAY_HEALTH_PORT": str(self.relay_health_port),
                }
            case "effects":
                settings |= {
                    "SALON_EFFECTS_HEALTH_HOST": LOOPBACK,
                    "SALON_EFFECTS_HEALTH_PORT": str(self.effects_health_port),
                }
            case "room":
                settings |= {
                    "SALON_ROOM_HOST": self.http_host,
                    "SALON_ROOM_PORT": str(self.http_port),
                    "SALON_ROOM_HEALTH_HOST": LOOPBACK,
                    "SALON_ROOM_HEALTH_PORT": str(self.room_health_port),
                    "SALON_ROOM_DEMO_APP_ID": str(state.page_app_id),
                    "SALON_ROOM_DEMO_HOSTS": self.public_host or "",
                }
                if certificate is not None:
                    settings |= {
                        "SALON_ROOM_TLS_CERT": str(certificate[0]),
                        "SALON_ROOM_TLS_KEY": str(certificate[1]),
                    }
        # What the person set for a service by hand stays in force, except where it would contradict the plan.
        return {**os.environ, **settings, "PYTHONUNBUFFERED": "1"}


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise PlanImpossible(f"{name} is {text!r}; it must be a port number from 1 to 65535.")
    return int(text)


def _check_host(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        if address.version == 6 and not _has_ipv6():
            raise PlanImpossible(f"SALON_PUBLIC_HOST is {host}, and this machine's kernel has no IPv6.")
        return
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        raise PlanImpossible(
            f"SALON_PUBLIC_HOST is {host!r}, which is neither an address nor a name this machine can resolve."
        ) from None


def _has_ipv6() -> bool:
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def _try_to_bind(host: str, port: int, kind: socket.SocketKind) -> None:
    probe, address = socket_for(host, kind)
    with probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT of the last run is no obstacle
        probe.bind((address, port))
