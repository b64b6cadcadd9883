"""Another nats-py is noticed at start-up, not in the first outage."""

from collections.abc import Callable

import pytest
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from salon_kit.nats.private import NatsPyMismatch, check_nats_py

PRIVATE = [(Client, "_transport"), (Subscription, "_id"), (Subscription, "_pending_queue")]


def test_the_installed_one_is() -> None:
    check_nats_py()


@pytest.mark.parametrize("name", ["_parse_header_lines", "_send_unsubscribe"])
def test_a_method_that_is_gone_or_another_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    other: Callable[[], None] = lambda: None  # noqa: E731  # whatever it is, it takes other arguments
    monkeypatch.setattr(Client, name, other)
    with pytest.raises(NatsPyMismatch, match=name):
        check_nats_py()
    monkeypatch.delattr(Client, name)
    with pytest.raises(NatsPyMismatch, match=name):
        check_nats_py()


@pytest.mark.parametrize(
    ("kind", "name"), [(Client, "_transport"), (Subscription, "_id"), (Subscription, "_pending_queue")]
)
def test_an_attribute_that_is_another_is_named(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> None:
    monkeypatch.setattr(kind, name, property(lambda _: "another", lambda _, value: None), raising=False)
    with pytest.raises(NatsPyMismatch, match=name):
        check_nats_py()
