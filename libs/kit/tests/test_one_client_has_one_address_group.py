"""What belongs to one client counts as one, however it writes its address."""

import pytest
from salon_kit.http.client_address import address_group


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::2"),
        ("2001:DB8::0001", "2001:db8::1"),
    ],
)
def test_addresses_of_one_subscriber_are_one_group(one: str, other: str) -> None:
    assert address_group(one) == address_group(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("192.0.2.7", "192.0.2.8"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("::ffff:192.0.2.7", "::ffff:192.0.2.8")],
)
def test_addresses_of_two_subscribers_are_two(one: str, other: str) -> None:
    assert address_group(one) != address_group(other)


@pytest.mark.parametrize("text", ["", "testclient", "not an address", "1.2.3.4.5", "x" * 4096])
def test_what_is_no_address_is_a_group_of_its_own_and_short(text: str) -> None:
    assert address_group(text) == text[:64]
