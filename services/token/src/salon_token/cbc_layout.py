"""What the plaintext of a CBC token has to look like, so that a change of it is seen as far as that can be. Pure.

CBC is not authenticated. Who sees a token can give its first 16 bytes any value, by the IV; and by another ciphertext
block the 16 bytes of one later block, at the price of turning the block before it into noise. So

- the first block must hold nothing but `{"app_id":` and digits of the AppID, and perhaps the first letters of the next
  key: the rest of the plaintext says what each of these 16 bytes has to be;
- every byte must be what a known generator writes for these values (one spacing, one way to escape, no second key of
  a name, no key of ours missing): noise is that only inside a text;
- the keys stand in an order in which `expire` does not follow a text: the 16 bytes behind noise do not reach it.

What stays: noise inside a text that happens to be legal there (once in 2^26 attempts for a user id, which it turns into
one that nobody has). GCM is the form without such a rest.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from salon_contracts.errors import InvalidField, TokenFormRefused, TokenMalformed
from salon_contracts.ids import parse_room_id

from salon_token.privileges import Privileges
from salon_token.strict_json import int64, parse_object, text

_INTEGERS: Final = frozenset({"app_id", "nonce", "ctime", "expire"})
_TEXTS: Final = frozenset({"user_id", "payload"})
_ORDERS: Final = (
    ("app_id", "user_id", "nonce", "ctime", "expire", "payload"),  # Node.js, Python, C++; Salon's own
    ("app_id", "user_id", "ctime", "expire", "nonce", "payload"),  # Go, PHP
    ("app_id", "user_id", "payload", "ctime", "expire", "nonce"),  # .NET
)
"""As the public generators write them. The older one for Java begins with `user_id`, as its hash table has it."""
_STREAM_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,256}")
"""Of the stream ids that there are, those for which noise passes least often: a block of it once in 2^32 attempts. With
the marks of other stream ids it would be once in 2^26, and the list behind it could be written anew."""
_PAYLOAD_KEYS: Final = frozenset({"room_id", "privilege", "stream_id_list", "play_room_id_list"})


@dataclass(frozen=True, slots=True)
class _Style:
    """How a generator's library writes JSON: Python's spaces or none, and what it escapes inside a text."""

    only_ascii: bool
    escapes: Mapping[str, str]

    def text(self, value: str) -> str:
        written = json.dumps(value, ensure_ascii=self.only_ascii)
        for character, escape in self.escapes.items():
            written = written.replace(character, escape)
        return written

    def object(self, fields: Mapping[str, object], comma: str, colon: str) -> str:
        def value(one: object) -> str:
            return self.text(one) if isinstance(one, str) else str(one)

        return "{" + comma.join(f'"{name}"{colon}{value(one)}' for name, one in fields.items()) + "}"


def _unicode_escapes(characters: str) -> dict[str, str]:
    return {character: f"\\u{ord(character):04x}" for character in characters}


_STYLES: Final = (
    _Style(only_ascii=False, escapes={}),  # JSON.stringify, rapidjson, Newtonsoft, json.dumps(ensure_ascii=False)
    _Style(only_ascii=True, escapes={}),  # json.dumps
    _Style(only_ascii=True, escapes={"/": "\\/"}),  # json_encode
    _Style(only_ascii=False, escapes=_unicode_escapes("<>&\u2028\u2029")),  # encoding/json
    _Style(only_ascii=False, escapes=_unicode_escapes("<>&='\u2028\u2029")),  # Gson
)
_SEPARATORS: Final = ((",", ":"), (", ", ": "))


def read(plaintext: bytes) -> dict[str, object]:
    """The fields, in their order. Raises ValueError for what no known generator writes, byte for byte."""
    fields = parse_object(plaintext)
    names = set(fields)
    if names | {"payload"} != _INTEGERS | _TEXTS:
        raise ValueError("other keys than a token has")
    if any(int64(fields[name]) is None for name in _INTEGERS):
        raise ValueError("a number is none")
    if any(text(fields[name]) is None for name in _TEXTS & names):
        raise ValueError("a text is none")
    written = plaintext.decode()
    if not any(style.object(fields, *separators) == written for style in _STYLES for separators in _SEPARATORS):
        raise ValueError("written as no generator does")
    return fields


def check_order(fields: Mapping[str, object]) -> None:
    """Raises TokenFormRefused when the keys stand so that a change could go unseen."""
    order = tuple(fields)
    if order[0] != "app_id":
        raise TokenFormRefused(problem="in the CBC form its JSON has to begin with app_id; use the GCM form")
    if not any(order == tuple(name for name in known if name in fields) for known in _ORDERS):
        raise TokenFormRefused(
            problem="in the CBC form its keys have to stand as docs/tokens.md says; use the GCM form"
        )


def check_privileges(allowed: Privileges) -> None:
    """Whether a token of this form can hold them. Raises InvalidField."""
    for stream_id in allowed.stream_ids:
        if not _STREAM_ID.fullmatch(stream_id):
            limit = "letters, digits, - and _ in a token of the CBC form; use the GCM form"
            raise InvalidField(field="stream_id", problem="illegal", limit=limit)


def check_payload(payload: str, allowed: Privileges) -> None:
    """Nothing in the payload is a text of any content. Raises TokenMalformed."""
    try:
        if allowed.room_id:
            parse_room_id(allowed.room_id)
        check_privileges(allowed)
        for room_id in filter(None, allowed.play_room_ids):
            parse_room_id(room_id)
    except InvalidField as error:
        raise TokenMalformed(problem=f"payload has an illegal {error.field} for the CBC form") from None
    if not _PAYLOAD_KEYS.issuperset(parse_object(payload)):
        raise TokenMalformed(problem="payload has a key that is not known, in the CBC form")
