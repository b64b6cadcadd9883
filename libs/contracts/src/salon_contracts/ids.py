"""Identifiers: their types, the rules people's names must follow, and random ones of our own.

The character and length rules are those app authors know from the browser SDK: room ids up to 128 bytes, user ids
up to 64, stream ids up to 256, names and extra info any text of bounded length. Stream ids may have the characters of
room ids, because pages make them of room and user ids: `<room>_<user>_main`.
"""

import re
import secrets
import string
from dataclasses import dataclass
from typing import NewType

from salon_contracts.errors import InvalidField

AppId = NewType("AppId", int)
RoomId = NewType("RoomId", str)
RoomSessionId = NewType("RoomSessionId", str)
UserId = NewType("UserId", str)
StreamId = NewType("StreamId", str)
SessionId = NewType("SessionId", str)
"""One log-in of one user."""
TransportId = NewType("TransportId", str)
"""One peer connection of one log-in: `<session id>.<peer connection id>`."""
RelayId = NewType("RelayId", str)
WorkerId = NewType("WorkerId", str)
"""One effects worker process."""

APP_ID_MAX = 2**32 - 1
ROOM_ID_MAX_BYTES = 128
USER_ID_MAX_BYTES = 64
USER_NAME_MAX_BYTES = 256
STREAM_ID_MAX_BYTES = 256
EXTRA_INFO_MAX_CHARS = 1024
MESSAGE_MAX_BYTES = 1024


@dataclass(frozen=True, slots=True)
class _Rule:
    """Of names that are made of letters, digits and `marks`."""

    field: str
    marks: str
    max_bytes: int

    def check(self, value: str) -> None:
        """Raises InvalidField."""
        if not value:
            raise InvalidField(field=self.field, problem="empty", limit=f"1 to {self.max_bytes} bytes")
        if len(value.encode("utf-8", "surrogatepass")) > self.max_bytes:
            raise InvalidField(field=self.field, problem="too long", limit=f"{self.max_bytes} bytes")
        for character in value:
            if character not in _LETTERS_AND_DIGITS and character not in self.marks:
                limit = f"letters A to Z and a to z, digits, and {' '.join(self.marks)} (not {character!r})"
                raise InvalidField(field=self.field, problem="illegal", limit=limit)


_LETTERS_AND_DIGITS = frozenset(string.ascii_letters + string.digits)
_USER_ID_MARKS = "~!@#$^&*()_+=-;'’,.`"
_ROOM_ID_MARKS = _USER_ID_MARKS + "<>/"
_ROOM_ID = _Rule("room_id", _ROOM_ID_MARKS, ROOM_ID_MAX_BYTES)
_USER_ID = _Rule("user_id", _USER_ID_MARKS, USER_ID_MAX_BYTES)
_STREAM_ID = _Rule("stream_id", _ROOM_ID_MARKS, STREAM_ID_MAX_BYTES)
_PEER_CONNECTION_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")
_OWN_ID = re.compile(r"[0-9A-Za-z_.-]{1,128}")


def parse_app_id(value: int) -> AppId:
    if not 0 < value <= APP_ID_MAX:
        raise InvalidField(field="app_id", problem="out of range", limit=f"1 to {APP_ID_MAX}")
    return AppId(value)


def parse_room_id(value: str) -> RoomId:
    _ROOM_ID.check(value)
    return RoomId(value)


def parse_user_id(value: str) -> UserId:
    _USER_ID.check(value)
    return UserId(value)


def parse_user_name(value: str) -> str:
    return _bounded_text("user_name", value, USER_NAME_MAX_BYTES)


def parse_stream_id(value: str) -> StreamId:
    _STREAM_ID.check(value)
    return StreamId(value)


def parse_extra_info(value: str) -> str:
    if len(value) > EXTRA_INFO_MAX_CHARS:
        raise InvalidField(field="extra_info", problem="too long", limit=f"{EXTRA_INFO_MAX_CHARS} characters")
    return value


def parse_message_text(value: str) -> str:
    if not value:
        raise InvalidField(field="message", problem="empty", limit=f"1 to {MESSAGE_MAX_BYTES} bytes")
    return _bounded_text("message", value, MESSAGE_MAX_BYTES)


def parse_peer_connection_id(value: str) -> str:
    if not _PEER_CONNECTION_ID.fullmatch(value):
        raise InvalidField(field="peer_connection_id", problem="illegal", limit="1 to 32 of A-Z a-z 0-9 _ -")
    return value


def new_id(prefix: str) -> str:
    """A random id, 120 bits, safe in subjects, keys and URLs: `<prefix>_<20 characters>`."""
    return f"{prefix}_{secrets.token_urlsafe(15)}"


def parse_own_id(field: str, value: str) -> str:
    """What may be an id of ours that comes back from a client: one of `new_id`, or several with dots between."""
    if not _OWN_ID.fullmatch(value):
        raise InvalidField(field=field, problem="illegal", limit="1 to 128 of A-Z a-z 0-9 _ . -")
    return value


def _bounded_text(field: str, value: str, max_bytes: int) -> str:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidField(field=field, problem="illegal", limit="valid Unicode") from None
    if size > max_bytes:
        raise InvalidField(field=field, problem="too long", limit=f"{max_bytes} bytes")
    return value
