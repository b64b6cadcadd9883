"""The privilege payload: a JSON text inside a token that narrows what the token allows.

    {"room_id": "room1", "privilege": {"1": 1, "2": 1}, "stream_id_list": ["stream1"]}

Privilege 1 is logging in, 2 is publishing; each 1 (allowed) or 0. A privilege that is not named is not allowed. An
empty `room_id` means any room; an empty, null or absent `stream_id_list` means any stream.
"""

import json
from dataclasses import dataclass
from typing import Final, Self

from salon_contracts.errors import TokenMalformed

from salon_token.strict_json import int64, parse_object, text

_LOG_IN: Final = "1"
_PUBLISH: Final = "2"


@dataclass(frozen=True, slots=True)
class Privileges:
    """What a token allows."""

    room_id: str
    """Empty: any room."""
    may_log_in: bool
    may_publish: bool
    stream_ids: tuple[str, ...] = ()
    """Empty: any stream."""

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
        return cls(room_id, _flag(flags, _LOG_IN), _flag(flags, _PUBLISH), _stream_ids(fields.get("stream_id_list")))

    def to_payload(self) -> str:
        fields = {
            "room_id": self.room_id,
            "privilege": {_LOG_IN: int(self.may_log_in), _PUBLISH: int(self.may_publish)},
            "stream_id_list": list(self.stream_ids) or None,
        }
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _flag(flags: dict[str, object], name: str) -> bool:
    value = int64(flags.get(name, 0))
    if value not in (0, 1):
        raise TokenMalformed(problem="a privilege is neither 0 nor 1")
    return value == 1


def _stream_ids(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TokenMalformed(problem="stream_id_list is not a list of texts")
    found = [text(item) for item in value]
    if None in found:
        raise TokenMalformed(problem="stream_id_list is not a list of texts")
    return tuple(item for item in found if item is not None)
