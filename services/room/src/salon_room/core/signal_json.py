"""Text frames of the WebSocket: bytes of strangers to messages, and messages to text that is made once.

Lists that many get are put together of the text of their items.
"""

import json
from typing import Any, NoReturn

from google.protobuf import json_format
from google.protobuf.message import Message
from salon.room.v1.signal_pb2 import ClientMessage, ServerMessage
from salon_contracts.errors import InvalidField, InvariantBroken, OfferUnacceptable, RequestMalformed

FRAME_MAX_BYTES = 256 * 1024
"""In both directions."""
SDP_MAX_BYTES = 128 * 1024
JSON_MAX_DEPTH = 16
STRANGERS_VALUES_MAX = 256
"""In the JSON of a message before the log-in: turning a value into its field takes 5 µs, parsing it nearly nothing."""
MEMBERS_VALUES_MAX = 2048
"""256 media sections with their streams, or a command to 500 users."""


def decode(text: str, values_max: int = MEMBERS_VALUES_MAX) -> ClientMessage:
    """The message of one frame. Fields this version does not know are ignored. Raises RequestMalformed."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise RequestMalformed(problem="the frame is not Unicode") from None
    if size > FRAME_MAX_BYTES:
        raise RequestMalformed(problem=f"the frame is longer than {FRAME_MAX_BYTES} bytes")
    document = _read(text)
    if not isinstance(document, dict):
        raise RequestMalformed(problem="the frame is not a JSON object")
    if text.count(",") + text.count(":") > values_max:  # an honest message seldom has so many
        _check_values(document, values_max)
    try:
        return json_format.ParseDict(document, ClientMessage(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, OverflowError):
        # The parser's own words would repeat what was sent.
        raise RequestMalformed(problem="the JSON does not fit ClientMessage") from None


def request_id_of(text: str) -> int:
    """The number to answer a malformed frame with: its requestId if that much can be read, else 0."""
    try:
        document = _read(text)
    except RequestMalformed:
        return 0
    if not isinstance(document, dict):
        return 0
    value = document.get("requestId", document.get("request_id"))
    return value if type(value) is int and 0 <= value < 2**32 else 0


def encode(message: ServerMessage) -> str:
    """Raises InvariantBroken for what no client has to take: it is the sender's to see to that before."""
    return _checked(text_of(message))


def text_of(message: Message) -> str:
    """A message that is a part of others."""
    return json.dumps(json_format.MessageToDict(message), separators=(",", ":"), ensure_ascii=False)


def user_text(user_id: str, user_name: str) -> str:
    """`text_of` a User, in a tenth of the time."""
    fields = {"userId": user_id, "userName": user_name} if user_name else {"userId": user_id}
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def with_present(logged_in: ServerMessage, users: str, streams: str) -> str:
    """The reply LoggedIn with a first page of who and what is there."""
    lists = (f',"{name}":[{items}]' for name, items in (("users", users), ("streams", streams)) if items)
    return _checked(f"{text_of(logged_in)[:-3]}{''.join(lists)}}}}}}}")


def streams_page(items: str) -> str:
    """More of them, after LoggedIn."""
    return _checked(f'{{"streamsChanged":{{"updateType":"UPDATE_TYPE_ADD","streams":[{items}]}}}}')


def users_changed(sequence: int, kind: str, items: str) -> str:
    """UsersChanged of users (as `user_text`) that came (`ADD`) or went (`DELETE`); sequence 0: it has none."""
    told_at = f'"sequence":"{sequence}",' if sequence else ""
    return _checked(f'{{{told_at}"usersChanged":{{"updateType":"UPDATE_TYPE_{kind}","users":[{items}]}}}}')


def _checked(text: str) -> str:
    if len(text) * 4 > FRAME_MAX_BYTES and len(text.encode("utf-8", "surrogatepass")) > FRAME_MAX_BYTES:
        raise InvariantBroken(f"a frame has more than {FRAME_MAX_BYTES} bytes")
    return text


def check_sdp(sdp: str) -> str:
    """Raises InvalidField: an offer has a body, and a bound."""
    if not sdp:
        raise InvalidField(field="sdp", problem="empty", limit=f"1 to {SDP_MAX_BYTES} bytes")
    if len(sdp.encode("utf-8", "surrogatepass")) > SDP_MAX_BYTES:
        raise InvalidField(field="sdp", problem="too long", limit=f"{SDP_MAX_BYTES} bytes")
    return sdp


def check_answer(sdp: str) -> str:
    """Raises OfferUnacceptable: an answer longer than an offer may be is one that a frame may have no room for."""
    if len(sdp.encode("utf-8", "surrogatepass")) > SDP_MAX_BYTES:
        raise OfferUnacceptable(problem=f"the answer would be longer than {SDP_MAX_BYTES} bytes")
    return sdp


def _read(text: str) -> Any:
    """The JSON value, in time that grows with its length and no faster. Raises RequestMalformed."""
    try:
        # The parser takes one character after another, and an end at the recursion limit of Python.
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RequestMalformed(problem="the frame is not JSON") from None
    if text.count("{") + text.count("[") > JSON_MAX_DEPTH:  # an honest message seldom has so many
        _check_depth(document)
    return document


def _check_depth(document: Any) -> None:
    """Looks at every value once, one level after the other. Raises RequestMalformed."""
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(JSON_MAX_DEPTH):
        level = [
            value
            for container in level
            for value in (container.values() if type(container) is dict else container)
            if type(value) is dict or type(value) is list
        ]
        if not level:
            return
    raise RequestMalformed(problem=f"the JSON is nested deeper than {JSON_MAX_DEPTH}")


def _check_values(document: Any, values_max: int) -> None:
    """Counts values until there are too many; the depth is bounded before. Raises RequestMalformed."""
    seen, waiting = 0, [document]
    while waiting:
        container = waiting.pop()
        values = container.values() if type(container) is dict else container
        seen += len(values)
        if seen > values_max:
            raise RequestMalformed(problem=f"the JSON has more than {values_max} values")
        waiting += [value for value in values if type(value) is dict or type(value) is list]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
