"""JSON objects from strangers, read strictly: one meaning per text, bounded work, ValueError and nothing else.

Stricter than `json.loads`: no duplicate keys, no NaN or Infinity, no integers beyond 64 bits, no text that is not valid
Unicode (lone surrogates), and nesting too deep for the parser is an error like any other.
"""

import json
from typing import Final, NoReturn

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
_INT64_DIGITS: Final = 20
"""Characters of the longest 64-bit integer, sign included."""


def parse_object(raw: bytes | str) -> dict[str, object]:
    """The object. Values are str, int, float, bool, None, list or dict. Raises ValueError."""
    text = raw if isinstance(raw, str) else raw.decode()
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def int64(value: object) -> int | None:
    """The value when it is an integer of at most 64 bits; a boolean or a float is not."""
    if isinstance(value, int) and not isinstance(value, bool) and INT64_MIN <= value <= INT64_MAX:
        return value
    return None


def text(value: object) -> str | None:
    """The value when it is text that has a UTF-8 form."""
    if not isinstance(value, str):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > _INT64_DIGITS:
        raise ValueError("number too long")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_bounded_int, parse_constant=_no_constant)
