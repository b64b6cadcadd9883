"""What the environment says, and what is assumed where it says nothing."""

from ipaddress import ip_address

import pytest
from pydantic import ValidationError
from salon_relay.config import RelaySettings, default_route_address, relay_id, resolve_public_addresses


def settings(**values: object) -> RelaySettings:
    return RelaySettings(**values)  # type: ignore[arg-type]


def test_defaults() -> None:
    assert (settings().port, settings().bind_host, settings().lease_ttl_s) == (7882, "0.0.0.0", 2)  # noqa: S104


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALON_RELAY_PUBLIC_ADDRESSES", " 192.0.2.1, 2001:db8::1,,192.0.2.1")
    monkeypatch.setenv("SALON_RELAY_ID", "relay-7")
    read = settings()
    assert resolve_public_addresses(read) == (ip_address("192.0.2.1"), ip_address("2001:db8::1"))
    assert relay_id(read, "node") == "relay-7"


def test_names_are_resolved() -> None:
    assert ip_address("127.0.0.1") in resolve_public_addresses(settings(public_addresses="localhost"))
    with pytest.raises(OSError, match=r".+"):
        resolve_public_addresses(settings(public_addresses="no-such-host.invalid"))


def test_bound_address_is_the_public_one() -> None:
    assert resolve_public_addresses(settings(bind_host="127.0.0.1")) == (ip_address("127.0.0.1"),)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_wildcard_means_the_default_route(host: str) -> None:
    [found] = resolve_public_addresses(settings(bind_host=host))
    assert not found.is_unspecified
    assert found == default_route_address(ip_address(host).version)


def test_node_name_becomes_a_key() -> None:
    assert relay_id(settings(), "relay-host=2Eexample") == "relay-host-2Eexample"


@pytest.mark.parametrize("values", [{"id": "a b"}, {"port": 70000}, {"lease_ttl_s": 0}, {"setup_timeout_s": 0}])
def test_bad_values_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)
