# Imported one by one: `pytest_plugins` is allowed only in the conftest.py of the root.
from salon_kit.testing import bus, make_bus, nats_server, own_nats_server

__all__ = ["bus", "make_bus", "nats_server", "own_nats_server"]
