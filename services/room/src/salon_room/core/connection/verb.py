"""What a logged-in client may ask for: one row for each kind of request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from salon_room.core.connection.serial_queue import QueueName
from salon_room.core.limits import Rate
from salon_room.error_codes import Asked

L = TypeVar("L")
"""A log-in, as the shell knows it; the connection looks at nothing of it."""

LOGOUT = "logout"
"""The request that ends the connection's log-in."""


@dataclass(frozen=True, slots=True)
class Verb(Generic[L]):
    handler: Callable[[L, Any], Awaitable[Message]]
    """Takes the log-in and the request's own message, gives one of the results that a Reply has, raises SalonError."""
    asked: Asked = Asked.ROOM
    """Which numbers its errors have."""
    queue: QueueName = QueueName.REQUESTS
    rate: Rate | None = None
    """Beside that of all requests; those with the same rate share it."""
