"""What the engine tells an app: event names, their payloads, and the handlers of an engine."""

import inspect
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from salon_sdk.states import PlayState, PublishState
from salon_sdk.tasks import TaskOwner

log = logging.getLogger(__name__)

EventName = Literal[
    "room_state_changed",  # room_id, reason, error_code, extended_data
    "room_state_update",  # room_id, "DISCONNECTED" | "CONNECTING" | "CONNECTED", error_code, extended_data
    "room_user_update",  # room_id, "ADD" | "DELETE", list[User]
    "room_stream_update",  # room_id, "ADD" | "DELETE", list[StreamInfo], extended_data
    "publisher_state_update",  # PublisherStateUpdate
    "player_state_update",  # PlayerStateUpdate
    "remote_camera_status_update",  # stream_id, "OPEN" | "MUTE": of a stream that is played
    "remote_mic_status_update",  # stream_id, "OPEN" | "MUTE"
    "beauty_effect_error",  # BeautyEffectError
    "im_recv_broadcast_message",  # room_id, list[RoomMessage]
    "im_recv_barrage_message",  # room_id, list[RoomMessage]
    "im_recv_custom_command",  # room_id, User, command
    "token_will_expire",  # room_id
]
Handler = Callable[..., object]
UpdateName = Literal["ADD", "DELETE"]

_NAMES: frozenset[str] = frozenset(get_args(EventName))


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    user_name: str


@dataclass(frozen=True, slots=True)
class StreamInfo:
    stream_id: str
    user: User
    extra_info: str
    kinds: tuple[str, ...]
    """`audio`, `video` or both; empty where not known."""


@dataclass(frozen=True, slots=True)
class RoomMessage:
    from_user: User
    message: str
    send_time: int
    """Unix time in milliseconds."""
    message_id: int


@dataclass(frozen=True, slots=True)
class PublisherStateUpdate:
    stream_id: str
    state: PublishState
    error_code: int
    """With NO_PUBLISH: the final failure; with PUBLISH_REQUESTING: why it is being tried again; else 0."""
    extended_data: str


@dataclass(frozen=True, slots=True)
class PlayerStateUpdate:
    stream_id: str
    state: PlayState
    error_code: int
    extended_data: str


class Handlers:
    """The handlers of one engine. They run in the order they were registered and each fails alone.

    A handler may be a coroutine function: it then runs as a task of its own, and later events do not wait for it.
    """

    def __init__(self, tasks: TaskOwner) -> None:
        self._tasks = tasks
        self._handlers: dict[str, list[Handler]] = {}

    def on(self, event: EventName, handler: Handler) -> None:
        if event not in _NAMES:
            raise ValueError(f"no such event: {event!r}")
        self._handlers.setdefault(event, []).append(handler)

    def off(self, event: EventName, handler: Handler | None = None) -> None:
        """Without a handler: all of the event's."""
        if handler is None:
            self._handlers.pop(event, None)
        elif handler in self._handlers.get(event, ()):
            self._handlers[event].remove(handler)

    def emit(self, event: EventName, *arguments: object) -> None:
        for handler in tuple(self._handlers.get(event, ())):
            try:
                outcome = handler(*arguments)
            except Exception:
                log.exception("handler-failed", extra={"salon_event": event})
                continue
            if inspect.iscoroutine(outcome):
                self._tasks.spawn(cast("Coroutine[Any, Any, None]", outcome), name=f"on-{event}")
