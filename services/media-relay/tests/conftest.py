from collections.abc import Callable
from pathlib import Path

import pytest

# Imported one by one: `pytest_plugins` is allowed only in the conftest.py of the root.
from salon_kit.testing import bus, events, make_bus, nats_server, own_nats_server
from salon_testing.relay.running import make_relay, relay

__all__ = ["bus", "events", "make_bus", "make_relay", "nats_server", "own_nats_server", "read_offer", "relay"]

OFFERS = Path(__file__).parents[3] / "libs" / "media" / "tests" / "offers"


@pytest.fixture
def read_offer() -> Callable[[str], str]:
    """The text of a recorded offer of a real client."""
    return lambda name: (OFFERS / f"{name}.sdp").read_bytes().decode()
