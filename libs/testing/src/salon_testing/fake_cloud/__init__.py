"""A room service and a relay in one process, for tests of the Python SDK and of the example bots: nothing else runs.

The room speaks the real protocol over a real WebSocket, without any of the real rules; the relay is one aiortc peer per
peer connection and decodes and encodes what it forwards, so keep pictures small. Tests reach in: refuse requests, drop
sockets and peer connections, forget log-ins, look at what was received.
"""

from salon_testing.fake_cloud.cloud import FakeCloud, Session
from salon_testing.fake_cloud.event_log import FAST, WAIT_S, EventLog, MakeEngine
from salon_testing.fake_cloud.relay import FakeRelay, PublishedStream

__all__ = ["FAST", "WAIT_S", "EventLog", "FakeCloud", "FakeRelay", "MakeEngine", "PublishedStream", "Session"]
