"""W3C Trace Context, passed on and never interpreted: requests and events carry the `traceparent` they came from."""

import re
import secrets
from contextvars import ContextVar, Token

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("salon_traceparent", default=None)


def current_traceparent() -> str | None:
    """The one this task works for."""
    return _current.get()


def set_traceparent(value: str | None) -> Token[str | None]:
    """For this task from now on; what is malformed counts as none."""
    return _current.set(value if value is not None and _TRACEPARENT.fullmatch(value) else None)


def new_traceparent() -> str:
    """The beginning of a trace, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
