"""Text frames of the WebSocket: bytes of strangers to messages, and messages to text that is made once."""

import json
import re
from typing import Any, NoReturn

from google.protobuf import json_format
from salon.room.v1.signal_pb2 import ClientMessage, ServerMessage
from salon_contracts.errors import InvalidField, RequestMalformed

FRAME_MAX_BYTES = 256 * 1024
SDP_MAX_BYTES = 128 * 1024
JSON_MAX_DEPTH = 16

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def decode(text: str) -> ClientMessage:
    """The message of one frame. Fields this version does not know are ignored. Raises RequestMalformed."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise RequestMalformed(problem="the frame is not Unicode") from None
    if size > FRAME_MAX_BYTES:
        raise RequestMalformed(problem=f"the frame is longer than {FRAME_MAX_BYTES} bytes")
    if _depth(text) > JSON_MAX_DEPTH:
        raise RequestMalformed(problem=f"the JSON is nested deeper than {JSON_MAX_DEPTH}")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RequestMalformed(problem="the frame is not JSON") from None
    if not isinstance(document, dict):
        raise RequestMalformed(problem="the frame is not a JSON object")
    try:
        return json_format.ParseDict(document, ClientMessage(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, OverflowError):
        # The parser's own words would repeat what was sent.
        raise RequestMalformed(problem="the JSON does not fit ClientMessage") from None


def request_id_of(text: str) -> int:
    """The number to answer a malformed frame with: its requestId if that much can be read, else 0."""
    try:
        document: Any = json.loads(text, parse_constant=_refuse_constant) if _depth(text) <= JSON_MAX_DEPTH else None
    except (ValueError, RecursionError):
        return 0
    if not isinstance(document, dict):
        return 0
    value = document.get("requestId", document.get("request_id"))
    return value if type(value) is int and 0 <= value < 2**32 else 0


def encode(message: ServerMessage) -> str:
    return json.dumps(json_format.MessageToDict(message), separators=(",", ":"), ensure_ascii=False)


def check_sdp(sdp: str) -> str:
    """Raises InvalidField: an offer has a body, and a bound."""
    if not sdp:
        raise InvalidField(field="sdp", problem="empty", limit=f"1 to {SDP_MAX_BYTES} bytes")
    if len(sdp.encode("utf-8", "surrogatepass")) > SDP_MAX_BYTES:
        raise InvalidField(field="sdp", problem="too long", limit=f"{SDP_MAX_BYTES} bytes")
    return sdp


def _depth(text: str) -> int:
    if text.count("{") + text.count("[") <= JSON_MAX_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
