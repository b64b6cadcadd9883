# Imported one by one: `pytest_plugins` is allowed only in the conftest.py of the root.
from salon_kit.testing import nats_server, own_nats_server

__all__ = ["nats_server", "own_nats_server"]
