"""What a task works for: the request or event that led to it, and the trace that this belongs to.

A request from outside begins a trace (`begin_trace`). What is asked of others over the bus carries on its `traceparent`
(W3C Trace Context, never interpreted); who answers works for that request, and every event names what it was appended
for. Tasks that are created inherit both.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_traceparent: ContextVar[str | None] = ContextVar("salon_traceparent", default=None)
_cause_id: ContextVar[str | None] = ContextVar("salon_cause_id", default=None)


def current_traceparent() -> str | None:
    """The one this task works for."""
    return _traceparent.get()


def current_cause_id() -> str | None:
    """Id of the request or event this task works for; None: of nobody's but its own."""
    return _cause_id.get()


def begin_trace() -> None:
    """This task carries out a request that came from outside: what follows from it belongs to a new trace."""
    set_cause(secrets.token_hex(8), new_traceparent())


def set_cause(cause_id: str | None, traceparent: str | None) -> None:
    """For this task from now on; a traceparent that is malformed counts as none."""
    _cause_id.set(cause_id)
    _traceparent.set(traceparent if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) else None)


@contextmanager
def caused_by(cause_id: str | None, traceparent: str | None = None) -> Iterator[None]:
    """For what is done, and the tasks that are created, within the block."""
    before = _cause_id.get(), _traceparent.get()
    set_cause(cause_id, traceparent)
    try:
        yield
    finally:
        set_cause(*before)


def context_of_cause() -> Context:
    """Nothing but what this task works for: the context of a task that outlives the request it was created in."""
    context = Context()
    context.run(set_cause, current_cause_id(), current_traceparent())
    return context


def new_traceparent() -> str:
    """The beginning of a trace, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
