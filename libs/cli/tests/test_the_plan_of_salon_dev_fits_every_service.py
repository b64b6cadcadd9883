import socket
from pathlib import Path

import pytest
from salon_cli.dev.cloud import MODULES
from salon_cli.dev.plan import Plan, PlanImpossible
from salon_cli.dev.state import DevState
from salon_kit.testing import free_port

PORTS = ("NATS", "HTTP", "TOKEN_HEALTH", "RELAY_HEALTH", "EFFECTS_HEALTH", "ROOM_HEALTH")


def free_ports() -> dict[str, str]:
    return {f"SALON_{name}_PORT": str(free_port()) for name in (*PORTS, "MEDIA")}


@pytest.mark.parametrize("service", sorted(MODULES))
def test_every_service_has_the_bus_and_a_health_port_of_its_own(tmp_path: Path, service: str) -> None:
    plan = Plan.from_environment({})
    environment = plan.environment(service, DevState.load(tmp_path), None)
    assert environment["SALON_NATS_URL"] == "nats://127.0.0.1:4222"
    assert environment[f"SALON_{service.upper()}_HEALTH_HOST"] == "127.0.0.1"
    expected = {"token": "9101", "room": "9102", "relay": "9103", "effects": "9104"}
    assert environment[f"SALON_{service.upper()}_HEALTH_PORT"] == expected[service]


def test_what_is_set_by_hand_for_a_service_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALON_EFFECTS_THREADS", "3")
    environment = Plan.from_environment({}).environment("effects", DevState.load(tmp_path), None)
    assert environment["SALON_EFFECTS_THREADS"] == "3"


@pytest.mark.parametrize(("host", "named"), [(None, ""), ("192.0.2.10", "192.0.2.10"), ("2001:db8::1", "2001:db8::1")])
def test_the_demo_page_has_an_app_of_its_own_and_its_servers_name(tmp_path: Path, host: str | None, named: str) -> None:
    state = DevState.load(tmp_path)
    plan = Plan.from_environment({} if host is None else {"SALON_PUBLIC_HOST": host})
    environment = plan.environment("room", state, None)
    assert environment["SALON_ROOM_DEMO_APP_ID"] == str(state.page_app_id) != str(state.app_id)
    assert environment["SALON_ROOM_DEMO_HOSTS"] == named
    again = DevState.load(tmp_path)
    assert (again.page_app_id, again.page_server_secret) == (state.page_app_id, state.page_server_secret)
    assert state.page_server_secret != state.server_secret


@pytest.mark.parametrize(
    ("environment", "http_host", "media_addresses"),
    [
        ({}, "127.0.0.1", "127.0.0.1,own"),
        ({"SALON_PUBLIC_HOST": "192.0.2.10"}, "::", "192.0.2.10,own"),
        ({"SALON_PUBLIC_HOST": "2001:db8::1"}, "::", "2001:db8::1,own"),
        ({"SALON_PUBLIC_HOST": "localhost"}, "::", "localhost,own"),
    ],
)
def test_media_is_reached_at_every_address_and_pages_where_they_were_asked_for(
    tmp_path: Path, environment: dict[str, str], http_host: str, media_addresses: str
) -> None:
    plan, state = Plan.from_environment(environment), DevState.load(tmp_path)
    relay, room = (plan.environment(service, state, None) for service in ("relay", "room"))
    assert room["SALON_ROOM_HOST"] == http_host
    assert (relay["SALON_RELAY_BIND_HOST"], relay["SALON_RELAY_PUBLIC_ADDRESSES"]) == ("::", media_addresses)


def test_where_media_is_reached_can_be_set(tmp_path: Path) -> None:
    told = {"SALON_RELAY_BIND_HOST": "127.0.0.1", "SALON_RELAY_PUBLIC_ADDRESSES": "192.0.2.7"}
    relay = Plan.from_environment(told).environment("relay", DevState.load(tmp_path), None)
    assert told.items() <= relay.items()


@pytest.mark.parametrize("public_host", [None, "127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("name", "kind"), [("MEDIA", socket.SOCK_DGRAM), ("HTTP", socket.SOCK_STREAM)], ids=["media", "http"]
)
def test_a_port_that_somebody_has_at_one_address_is_named(
    name: str, kind: socket.SocketKind, public_host: str | None
) -> None:
    settings = free_ports() | ({} if public_host is None else {"SALON_PUBLIC_HOST": public_host})
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        settings[f"SALON_{name}_PORT"] = str(holder.getsockname()[1])
        with pytest.raises(PlanImpossible, match=f"SALON_{name}_PORT"):
            Plan.from_environment(settings).check_ports()


@pytest.mark.parametrize("name", PORTS)
def test_a_port_that_is_taken_is_named(name: str) -> None:
    settings = free_ports()
    Plan.from_environment(settings).check_ports()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        settings[f"SALON_{name}_PORT"] = str(holder.getsockname()[1])
        with pytest.raises(PlanImpossible, match=f"SALON_{name}_PORT"):
            Plan.from_environment(settings).check_ports()


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1"])
def test_what_is_no_port_is_named(port: str) -> None:
    with pytest.raises(PlanImpossible, match="SALON_EFFECTS_HEALTH_PORT"):
        Plan.from_environment({"SALON_EFFECTS_HEALTH_PORT": port})
