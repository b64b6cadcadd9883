"""The privilege payload: a JSON text inside a token that narrows what the token allows.

    {"room_id": "room1", "privilege": {"1": 1, "2": 1}, "stream_id_list": ["stream1"]}

Privilege 1 is logging in, 2 is publishing; each 1 (allowed) or 0. A privilege that is not named is not allowed. An
empty `room_id` means any room; an empty, null or absent `stream_id_list` means any stream.

`play_room_id_list`, which only Salon knows, names rooms besides the one that was logged in to whose streams may be
played ("" for all of them); empty, null or absent: none.
"""

import json
from dataclasses import dataclass
from typing import Final, Self

from salon_contracts.errors import TokenMalformed

from salon_token.strict_json import int64, parse_object, text

_LOG_IN: Final = "1"
_PUBLISH: Final = "2"
ANY_ROOM: Final = ""
"""Among `play_room_ids`: the streams of every room."""


@dataclass(frozen=True, slots=True)
class Privileges:
    """What a token allows."""

    room_id: str
    """Empty: any room."""
    may_log_in: bool
    may_publish: bool
    stream_ids: tuple[str, ...] = ()
    """Empty: any stream."""
    play_room_ids: tuple[str, ...] = ()
    """Rooms besides its own whose streams may be played."""

    @classmethod
    def from_payload(cls, payload: str) -> Self:
        """Raises TokenMalformed."""
        try:
            fields = parse_object(payload)
        except ValueError:
            raise TokenMalformed(problem="payload is not a JSON object") from None
        room_id = text(fields.get("room_id"))
        if room_id is None:
            raise TokenMalformed(problem="payload has no room_id")
        flags = fields.get("privilege")
        if not isinstance(flags, dict):
            raise TokenMalformed(problem="payload has no privilege object")
        return cls(
            room_id,
            _flag(flags, _LOG_IN),
            _flag(flags, _PUBLISH),
            _texts(fields, "stream_id_list"),
            _texts(fields, "play_room_id_list"),
        )

    def to_payload(self) -> str:
        fields: dict[str, object] = {
            "room_id": self.room_id,
            "privilege": {_LOG_IN: int(self.may_log_in), _PUBLISH: int(self.may_publish)},
            "stream_id_list": list(self.stream_ids) or None,
        }
        if self.play_room_ids:
            fields["play_room_id_list"] = list(self.play_room_ids)
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _flag(flags: dict[str, object], name: str) -> bool:
    value = int64(flags.get(name, 0))
    if value not in (0, 1):
        raise TokenMalformed(problem="a privilege is neither 0 nor 1")
    return value == 1


def _texts(fields: dict[str, object], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TokenMalformed(problem=f"{name} is not a list of texts")
    found = [text(item) for item in value]
    if None in found:
        raise TokenMalformed(problem=f"{name} is not a list of texts")
    return tuple(item for item in found if item is not None)
