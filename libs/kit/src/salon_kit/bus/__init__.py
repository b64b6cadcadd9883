"""Requests, answers and bare messages over NATS."""

from salon_kit.bus.bus import Bus
from salon_kit.bus.endpoint import Endpoint, Handler, RequestContext
from salon_kit.nats.connection import is_no_responders

__all__ = ["Bus", "Endpoint", "Handler", "RequestContext", "is_no_responders"]
