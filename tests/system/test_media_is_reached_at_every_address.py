"""`salon dev` on a machine with a network: the relay is announced and answers at loopback and at the machine's own
addresses, IPv4 and IPv6, from the address that was asked. A network namespace is the machine where one can be made."""

import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest
from salon_relay.addresses import own_addresses

from tests.system.test_salon_dev_runs_the_whole_cloud import SALON, environment, read_banner, running

IPV4, IPV6 = "198.51.100.7", "2001:db8::7"


@dataclass(frozen=True)
class Machine:
    """Where commands run, and what addresses others reach it at."""

    prefix: tuple[str, ...]
    addresses: tuple[str, ...]

    def ipv6(self) -> str:
        found = [address for address in self.addresses if ":" in address]
        if not found:
            pytest.skip("this machine has no IPv6 address that others could use")
        return found[0]

    def doctor(self, settings: dict[str, str], **more: str) -> list[dict[str, Any]]:
        command = [*self.prefix, SALON, "doctor", "--json"]
        done = subprocess.run(command, env=settings | more, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        checks: list[dict[str, Any]] = json.loads(done.stdout)["checks"]
        return checks


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    name = f"salon-test-{secrets.token_hex(4)}"
    if os.geteuid() == 0 and shutil.which("ip") is not None and _make(name):
        yield Machine(("ip", "netns", "exec", name), (IPV4, IPV6))
        _ip("netns", "delete", name)
        return
    own = tuple(str(address) for address in own_addresses(IPv6Address("::")) if not address.is_loopback)
    if not own:
        pytest.skip("no network namespace can be made, and there is no address but loopback")
    yield Machine((), own)


def _make(name: str) -> bool:
    if not _ip("netns", "add", name):
        return False
    commands = (
        "link set lo up",
        "link add outside type veth peer name wire",
        f"address add {IPV4}/24 dev outside",
        f"address add {IPV6}/64 dev outside nodad",
        "link set wire up",
        "link set outside up",
    )
    if all(_ip("-n", name, *command.split()) for command in commands):
        return True
    _ip("netns", "delete", name)
    return False


def _ip(*arguments: str) -> bool:
    return subprocess.run(["ip", *arguments], capture_output=True, timeout=30, check=False).returncode == 0


def answering(checks: list[dict[str, Any]]) -> set[str]:
    """Addresses of relays that answered STUN there; the doctor takes answers of the address alone that it asked."""
    return {check["detail"].split()[1] for check in checks if "answers STUN" in check["detail"]}


def test_media_is_at_loopback_and_every_own_address_and_pages_at_loopback_alone(
    machine: Machine, tmp_path: Path
) -> None:
    settings = environment(tmp_path, SALON_RELAY_BIND_HOST="")
    with running(settings, machine.prefix) as process:
        read_banner(process)
        assert answering(machine.doctor(settings)) == {"127.0.0.1", *machine.addresses}
        for address in machine.addresses:
            assert not _listens(machine, address, settings["SALON_HTTP_PORT"])
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_with_a_public_host_of_ipv6_pages_and_media_are_there_and_at_ipv4(machine: Machine, tmp_path: Path) -> None:
    host = machine.ipv6()
    settings = environment(tmp_path, SALON_PUBLIC_HOST=host, SALON_RELAY_BIND_HOST="")
    with running(settings, machine.prefix) as process:
        url = f"https://[{host}]:{settings['SALON_HTTP_PORT']}"
        assert url in read_banner(process)
        assert answering(machine.doctor(settings, SALON_ROOM_URL=url)) == set(machine.addresses)
        for address in ("127.0.0.1", *machine.addresses):
            assert _listens(machine, address, settings["SALON_HTTP_PORT"])
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)"


def _listens(machine: Machine, address: str, port: str) -> bool:
    command = [*machine.prefix, "python3", "-c", CONNECT, address, port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0 or "ConnectionRefusedError" in done.stderr, done.stderr
    return done.returncode == 0
