"""structlog for every process: JSON lines, or coloured lines on a terminal.

    log = get_logger()
    log.info("stream-added", stream_id=stream_id, count=3)      # the event is a fixed kebab-case phrase

Ids are bound once per task: `structlog.contextvars.bind_contextvars(room_id=…)`, or `with bound(room_id=…):`.
"""

import logging
import sys
from contextlib import AbstractContextManager
from typing import Any, Literal, cast

import structlog
from structlog.types import EventDict, Processor

_FORBIDDEN = ("token", "secret", "password", "sdp", "credential", "authorization", "resume_key", "ice_pwd")
_ALLOWED = frozenset({"token_id"})
_QUIET = {"nats": logging.CRITICAL, "uvicorn.access": logging.WARNING, "aioice": logging.WARNING}
"""nats-py logs every failed attempt; nats/lasting_client.py says what matters."""


def set_up_logging(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    format_: Literal["auto", "json", "console"] = "auto",
    service: str = "",
    node_id: str = "",
) -> None:
    """Configures structlog and routes the standard library's logging (uvicorn, nats, aiortc) through it. Repeatable."""
    as_json = format_ == "json" or (format_ == "auto" and not sys.stderr.isatty())
    names = {key: value for key, value in (("service", service), ("node_id", node_id)) if value}

    def add_names(_logger: object, _method: str, event: EventDict) -> EventDict:
        for key, value in names.items():
            event.setdefault(key, value)
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        add_names,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last: list[Processor] = (
        [_TRACEBACKS, structlog.processors.JSONRenderer(default=str)]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [old for old in root.handlers if getattr(old, "salon", False)]:
        root.removeHandler(old)
    handler.salon = True  # type: ignore[attr-defined]  # to find it again
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


# Local variables hold tokens and SDP: frames are named, their contents are not.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=12)
)


def get_logger() -> structlog.stdlib.BoundLogger:
    """A logger; cheap, usually a module's constant."""
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger("salon"))


def bound(**ids: object) -> AbstractContextManager[None]:
    """Every line of this task inside the block carries `ids`."""
    return structlog.contextvars.bound_contextvars(**ids)


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The last line of defence: what is called like a secret is not written, at any depth."""
    return cast(EventDict, _without_secrets(event))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "[redacted]" if _is_secret(key) else _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        return [_without_secrets(item) for item in value]
    return value


def _is_secret(key: object) -> bool:
    name = str(key).lower()
    return name not in _ALLOWED and any(word in name for word in _FORBIDDEN)
