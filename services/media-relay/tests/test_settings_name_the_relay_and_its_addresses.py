"""What the environment says, and what is assumed where it says nothing."""

from ipaddress import ip_address

import pytest
from pydantic import ValidationError
from salon_relay.addresses import PublicAddresses
from salon_relay.config import RelaySettings, relay_id


def settings(**values: object) -> RelaySettings:
    return RelaySettings(**values)  # type: ignore[arg-type]


def public_addresses(read: RelaySettings) -> tuple[object, ...]:
    return PublicAddresses(read.public_addresses, ip_address(read.bind_host)).current


def test_defaults() -> None:
    assert (settings().port, settings().bind_host, settings().lease_ttl_s) == (7882, "::", 2)


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALON_RELAY_PUBLIC_ADDRESSES", " 192.0.2.1, 2001:db8::1,,192.0.2.1")
    monkeypatch.setenv("SALON_RELAY_ID", "relay-7")
    read = settings()
    assert public_addresses(read) == (ip_address("192.0.2.1"), ip_address("2001:db8::1"))
    assert relay_id(read, "node") == "relay-7"


def test_names_are_resolved() -> None:
    assert ip_address("127.0.0.1") in public_addresses(settings(public_addresses="localhost"))
    with pytest.raises(OSError, match=r".+"):
        public_addresses(settings(public_addresses="no-such-host.invalid"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "192.0.2.7"])
@pytest.mark.parametrize("named", ["", "own"])
def test_bound_address_is_the_public_one(host: str, named: str) -> None:
    assert public_addresses(settings(bind_host=host, public_addresses=named)) == (ip_address(host),)


def test_node_name_becomes_a_key() -> None:
    assert relay_id(settings(), "relay-host=2Eexample") == "relay-host-2Eexample"


@pytest.mark.parametrize(
    "values", [{"id": "a b"}, {"port": 70000}, {"lease_ttl_s": 0}, {"setup_timeout_s": 0}, {"bind_host": "eth0"}]
)
def test_bad_values_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)
