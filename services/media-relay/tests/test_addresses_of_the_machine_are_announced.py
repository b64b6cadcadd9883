"""Which of a machine's addresses clients are told, and that it is noticed when they change."""

import asyncio
import socket
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from salon_relay import addresses
from salon_relay.addresses import OWN_MAX, PublicAddresses, choose, own_addresses
from salon_relay.interfaces import Address, InterfaceAddress, NoInterfaces, interface_addresses, read_addresses

ANY = ip_address("::")
ANY_IPV4 = ip_address("0.0.0.0")  # noqa: S104
LO = InterfaceAddress("lo", ip_address("127.0.0.1"), 8)
ETH0 = InterfaceAddress("eth0", ip_address("192.0.2.2"), 24)
ETH0_V6 = InterfaceAddress("eth0", ip_address("2001:db8::2"), 64)


def at(interface: str, address: str, prefix_bits: int = 64, **what: bool) -> InterfaceAddress:
    return InterfaceAddress(interface, ip_address(address), prefix_bits, **what)


def chosen(*found: InterfaceAddress, preferred: tuple[str, ...] = (), versions: tuple[int, ...] = (4, 6)) -> list[str]:
    return [str(each) for each in choose(found, [ip_address(each) for each in preferred], versions)]


def test_those_towards_the_default_routes_come_first() -> None:
    wifi, wifi_v6 = at("wlan0", "198.51.100.7", 24), at("wlan0", "2001:db8:1::7")
    found = chosen(LO, ETH0, ETH0_V6, wifi, wifi_v6, preferred=("198.51.100.7", "2001:db8:1::7"))
    assert found == ["198.51.100.7", "2001:db8:1::7", "192.0.2.2", "2001:db8::2"]


@pytest.mark.parametrize(
    "other",
    [
        at("lo", "::1", 128),
        at("eth0", "fe80::1"),
        at("eth0", "169.254.3.4", 16),
        at("eth1", "198.51.100.1", 24, is_running=False),
        at("eth0", "2001:db8:9::1", is_usable=False),
        at("docker0", "172.17.0.1", 16),
        at("br-0a1b2c3d4e5f", "172.18.0.1", 16),
        at("virbr0", "192.168.122.1", 24),
        at("cni0", "10.42.0.1", 24),
        at("eth0", "2001:db8::5555", is_temporary=True),
    ],
    ids=lambda each: f"{each.interface} {each.address}",
)
def test_what_others_cannot_use_is_left_out(other: InterfaceAddress) -> None:
    assert chosen(other, LO, ETH0, ETH0_V6, other) == ["192.0.2.2", "2001:db8::2"]


@pytest.mark.parametrize(
    "other",
    [
        at("lo", "198.51.100.9", 32),
        at("wg0", "10.9.0.1", 24),
        at("br-lan", "192.168.1.1", 24),
        at("br0", "192.168.2.1", 24),
        at("veth7", "10.99.0.1", 24),
        at("eth0", "fd00::2"),
        at("eth1", "2001:db8:2::1234", is_temporary=True),
    ],
    ids=lambda each: f"{each.interface} {each.address}",
)
def test_what_somebody_can_use_is_announced(other: InterfaceAddress) -> None:
    assert chosen(LO, ETH0, other) == ["192.0.2.2", str(other.address)]


def test_a_bridge_that_leads_to_the_world_counts() -> None:
    assert chosen(LO, at("virbr0", "192.0.2.9", 24), preferred=("192.0.2.9",)) == ["192.0.2.9"]


def test_a_lasting_address_is_preferred_to_the_temporary_one_that_the_system_sends_from() -> None:
    temporary = at("eth0", "2001:db8::5555", is_temporary=True)
    assert chosen(temporary, ETH0_V6, preferred=("2001:db8::5555",)) == ["2001:db8::2"]


def test_a_socket_of_ipv4_announces_ipv4_alone() -> None:
    assert chosen(LO, ETH0, ETH0_V6, versions=(4,)) == ["192.0.2.2"]


def test_there_are_never_more_than_a_few() -> None:
    many = [at("eth0", f"198.51.100.{number}", 24) for number in range(1, 100)]
    assert chosen(*many, preferred=("198.51.100.50",)) == [f"198.51.100.{n}" for n in (50, *range(1, OWN_MAX))]


def test_a_machine_without_network_announces_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "interface_addresses", lambda: (LO,))
    monkeypatch.setattr(addresses, "towards_default_route", lambda version: None)
    assert own_addresses(ANY) == own_addresses(ANY_IPV4) == (LO.address,)


def test_without_a_word_from_the_kernel_the_default_routes_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> tuple[InterfaceAddress, ...]:
        raise NoInterfaces("Operation not permitted")

    monkeypatch.setattr(addresses, "interface_addresses", refuse)
    monkeypatch.setattr(addresses, "towards_default_route", {4: ETH0.address, 6: ETH0_V6.address}.get)
    assert own_addresses(ANY) == (ETH0.address, ETH0_V6.address)
    assert own_addresses(ANY_IPV4) == (ETH0.address,)


def test_named_ones_come_in_the_order_of_the_setting_and_once() -> None:
    def own(bound: Address) -> tuple[Address, ...]:
        return (ETH0.address, ETH0_V6.address)

    def of(*names: str) -> list[str]:
        return [str(each) for each in PublicAddresses(names, ANY, own=own).current]

    assert of("127.0.0.1", "own") == ["127.0.0.1", "192.0.2.2", "2001:db8::2"]
    assert of("2001:db8::2", "own") == ["2001:db8::2", "192.0.2.2"]
    assert of("own", "203.0.113.5") == ["192.0.2.2", "2001:db8::2", "203.0.113.5"]
    assert of("203.0.113.5") == ["203.0.113.5"]
    assert of() == ["192.0.2.2", "2001:db8::2"]


async def test_a_change_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "LOOK_S", 0.01)
    found: list[tuple[Address, ...]] = [(LO.address,)]
    public = PublicAddresses(("127.0.0.1", "own"), ANY, own=lambda bound: found[-1])
    changed = asyncio.Event()
    looking = asyncio.create_task(public.run(changed.set))
    found.append((ETH0.address,))
    async with asyncio.timeout(20):
        await changed.wait()
    assert public.current == (LO.address, ETH0.address)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


@pytest.mark.parametrize(
    ("bound", "name", "unfit"),
    [
        ("0.0.0.0", "2001:db8::1", True),  # noqa: S104
        ("::", "2001:db8::1", False),
        ("::", "192.0.2.1", False),
        ("::1", "192.0.2.1", True),
    ],
)
def test_an_address_that_the_socket_is_not_reached_at_is_known(bound: str, name: str, unfit: bool) -> None:
    assert bool(PublicAddresses((name,), ip_address(bound)).of_other_family()) == unfit


def test_the_kernel_tells_of_loopback() -> None:
    assert LO in interface_addresses()


def message(kind: int, body: bytes, *attributes: tuple[int, bytes]) -> bytes:
    for number, value in attributes:
        body += struct.pack("=HH", len(value) + 4, number) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", len(body) + 16, kind, 2, 1, 0) + body


def link(index: int, name: str, flags: int) -> bytes:
    return message(16, struct.pack("=BxHiII", 0, 1, index, flags, 0), (3, name.encode() + b"\0"))


def address(index: int, prefix_bits: int, flags: int, *attributes: tuple[int, bytes]) -> bytes:
    family = socket.AF_INET if any(len(value) == 4 and kind < 3 for kind, value in attributes) else socket.AF_INET6
    return message(20, struct.pack("=BBBBI", family, prefix_bits, flags & 0xFF, 0, index), *attributes)


def test_flags_and_ends_of_links_are_read() -> None:
    mine, theirs = IPv4Address("10.0.0.1").packed, IPv4Address("10.0.0.2").packed
    v6 = IPv6Address("2001:db8::1").packed
    links = link(1, "tun0", 0x1 | 0x40) + link(2, "eth0", 0x1)
    told = (
        address(1, 32, 0, (1, theirs), (2, mine))
        + address(2, 24, 0x01, (1, mine), (2, mine))
        + address(1, 64, 0, (1, v6), (8, struct.pack("=I", 0x301)))
        + address(1, 64, 0x20, (1, v6))
        + message(3, b"\0\0\0\0")
    )
    assert list(read_addresses(links, told)) == [
        at("tun0", "10.0.0.1", 32),
        at("eth0", "10.0.0.1", 24, is_running=False),
        at("tun0", "2001:db8::1", is_temporary=True),
        at("tun0", "2001:db8::1", is_usable=False),
    ]


@pytest.mark.parametrize("cut", [1, 8, 20, 30])
def test_what_is_cut_off_is_an_error_and_no_loop(cut: int) -> None:
    whole = address(1, 64, 0, (1, IPv6Address("2001:db8::1").packed))
    with pytest.raises((ValueError, struct.error)):
        list(read_addresses(b"", whole + bytes(cut)))
