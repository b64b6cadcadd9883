"""Twice as many bytes of a stranger are at most about twice the work, for everything that reads them.

Counted in steps of the interpreter, which do not depend on the machine. What happens inside a regular expression is
no step; test_no_pattern_on_the_way_in_backtracks.py is about those, and the last test here about both at once.
"""

import base64
import gc
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from salon_contracts.errors import SalonError
from salon_contracts.ids import parse_peer_connection_id, parse_room_id, parse_stream_id, parse_user_id, parse_user_name
from salon_contracts.subjects import decode as decode_name
from salon_contracts.subjects import parse_event, parse_presence_key
from salon_kit.http.frame_meter import UNLIMITED, FrameMeter
from salon_kit.http.trusted_proxies import TrustedProxies
from salon_room.core.signal_json import check_sdp, decode, request_id_of
from salon_room.http import security_headers, whip
from salon_room.http.static import Files
from salon_token.privileges import Privileges
from salon_token.strict_json import parse_object
from salon_token.token04 import Claims, Form, SealedToken, ServerSecret, open_token
from starlette.datastructures import Headers
from starlette.requests import Request

SMALL = 3000
GROWTH_MAX = 2.2
CPU_MAX_S = 5

Read = Callable[[str], object]
Shape = Callable[[int], str]


@pytest.fixture(autouse=True, scope="module")
def no_garbage_collection() -> Iterator[None]:
    """What ends in the garbage of other tests is no step of these."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def steps(read: Read, text: str) -> int:
    """How many instructions of Python are carried out."""
    count = 0

    def on_event(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return on_event

    before = sys.gettrace()
    sys.settrace(on_event)
    try:
        with suppress(SalonError, ValueError, whip.Refused):
            read(text)
    finally:
        sys.settrace(before)
    return count


JSON_SHAPES: dict[str, Shape] = {
    "quotes": lambda size: '"' * size,
    "a quote, escaped ones": lambda size: '"' + '\\"' * (size // 2),
    "brackets, then escaped quotes": lambda size: "[" * 20 + '\\"' * (size // 2),
    "objects, then a text without end": lambda size: '{"a":' * 20 + '"' + '\\"' * (size // 2),
    "brackets among escaped quotes": lambda size: '\\"[' * (size // 3),
    "pairs of quotes and brackets": lambda size: '"[' * (size // 2),
    "backslashes": lambda size: '{"' + "\\" * size,
    "text without end": lambda size: '{"a":"' + "x" * size,
    "brackets": lambda size: "[" * size,
    "empty lists": lambda size: '{"a":[' + "[]," * (size // 3) + "[]]}",
    "empty objects": lambda size: '{"a":[' + "{}," * (size // 3) + "{}]}",
    "names": lambda size: "{" + ",".join(f'"{number:06}":0' for number in range(size // 11)) + "}",
    "one name": lambda size: "{" + ",".join(['"a":0'] * (size // 6)) + "}",
    "names in brackets": lambda size: "{" + ",".join(f'"[{number:05}]":0' for number in range(size // 12)) + "}",
    "tracks": lambda size: '{"publish":{"offer":{"tracks":[' + "{}," * (size // 3) + '{"mid":"0"}]}}}',
    "numbers of a list": lambda size: '{"hello":{"protocolVersions":[' + "1," * (size // 2) + "1]}}",
    "digits": lambda size: '{"requestId":' + "9" * size + "}",
    "digits of a fraction": lambda size: '{"requestId":0.' + "9" * size + "}",
    "a text of digits": lambda size: '{"requestId":"' + "9" * size + '"}',
    "commas": lambda size: "{" + "," * size,
    "spaces": lambda size: "{" + " " * size,
    "a long token": lambda size: '{"requestId":1,"login":{"token":"' + "x" * size + '"}}',
}
NAME_SHAPES: dict[str, Shape] = {
    "letters": lambda size: "a" * size,
    "encoded bytes": lambda size: "=C3=A4" * (size // 6),
    "signs of equality": lambda size: "=" * size,
    "letters and a stop": lambda size: "a" * size + ".",
    "dots": lambda size: "salon.evt.v1" + "." * size,
    "a subject": lambda size: "salon.evt.v1.7.r.rs.user." + "a" * size,
    "umlauts": lambda size: "ä" * (size // 2),
}
TOKEN_SHAPES: dict[str, Shape] = {
    "base64": lambda size: "04" + base64.b64encode(b"x" * (size // 4 * 3)).decode(),
    "no base64": lambda size: "04" + "=" * size,
    "pairs": lambda size: "04" + "A=" * (size // 2),
    "fields": lambda size: "04" + base64.b64encode(b"\0" * (size // 4 * 3)).decode(),
}
LISTS: dict[str, Shape] = {
    "commas": lambda size: "," * size,
    "quotes": lambda size: '"' * size,
    "tags": lambda size: '"x",' * (size // 4),
    "ampersands": lambda size: "&" * size,
    "pairs": lambda size: "a=b&" * (size // 4),
    "per cent": lambda size: "room_id=" + "%41" * (size // 3),
    "broken per cent": lambda size: "room_id=" + "%" * size,
    "spaces": lambda size: "Bearer" + " " * size + "x",
}
FRAMES: dict[str, Shape] = {
    "empty messages": lambda size: "\x81\x80\0\0\0\0" * (size // 6),
    "tiny messages": lambda size: "\x81\x81\0\0\0\0x" * (size // 7),
    "empty binary messages": lambda size: "\x82\x80\0\0\0\0" * (size // 6),
    "one message": lambda size: "\x81\xff" + size.to_bytes(8).decode("latin-1") + "\0" * size,
    "a long head for each": lambda size: "\x81\xff" + ("\0" * 12 + "\x81\xff") * (size // 14),
}


SECRET = ServerSecret("s" * 32)


def open_sealed(content: str) -> object:
    """A token with this content that the app's own secret made."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    iv = bytes(Form.GCM.iv_bytes)
    sealed = SealedToken(Form.GCM, 0, iv, AESGCM(SECRET.key).encrypt(iv, content.encode(), None))
    claims, _ = open_token(sealed, Claims.from_fields(parse_object(content)).app_id, [SECRET])
    return claims


def meter(text: str) -> object:
    data = text.encode("latin-1")
    return FrameMeter(UNLIMITED, 0).cut(data, 0, len(data), len(data), 0)


def meter_single_bytes(text: str) -> object:
    counted = FrameMeter(UNLIMITED, 0)
    return [counted.cut(byte.encode("latin-1"), 0, 1, 1, 0) for byte in text]


def request(query: str = "", **headers: str) -> Request:
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "query_string": query.encode(), "headers": listed, "scheme": "http", "path": "/"})


PROXIES = TrustedProxies.parse("127.0.0.0/8")
FILES = Files(Path(__file__).parent, lambda request: {})
ETAG = Headers({"etag": '"x"'})
READERS: dict[str, tuple[Read, dict[str, Shape]]] = {
    "frames.decode": (decode, JSON_SHAPES),
    "frames.request_id_of": (request_id_of, JSON_SHAPES),
    "frames.check_sdp": (check_sdp, NAME_SHAPES),
    "strict_json": (parse_object, JSON_SHAPES),
    "privileges": (Privileges.from_payload, JSON_SHAPES),
    "a token's content": (open_sealed, JSON_SHAPES),
    "token04": (SealedToken.parse, TOKEN_SHAPES),
    "room id": (parse_room_id, NAME_SHAPES),
    "user id": (parse_user_id, NAME_SHAPES),
    "user name": (parse_user_name, NAME_SHAPES),
    "stream id": (parse_stream_id, NAME_SHAPES),
    "peer connection id": (parse_peer_connection_id, NAME_SHAPES),
    "subjects.decode": (decode_name, NAME_SHAPES),
    "subjects.parse_event": (parse_event, NAME_SHAPES),
    "subjects.parse_presence_key": (parse_presence_key, NAME_SHAPES),
    "If-None-Match": (lambda text: FILES.is_not_modified(ETAG, request(if_none_match=text).headers), LISTS),
    "Authorization": (lambda text: whip._bearer(request(authorization=text)), LISTS),
    "X-Forwarded-For": (lambda text: PROXIES.client_of("127.0.0.1", [text.encode()]), LISTS),
    "Host": (lambda text: security_headers.of_page(request(host=text)), NAME_SHAPES),
    "frames of a WebSocket": (meter, FRAMES),
    "frames of a WebSocket, byte by byte": (meter_single_bytes, FRAMES),
    "query": (lambda text: whip._target(request(text)), LISTS),
}
CASES = [(reader, shape) for reader, (_, shapes) in READERS.items() for shape in shapes]


@pytest.mark.parametrize(("reader", "shape"), CASES)
def test_twice_the_bytes_are_twice_the_work(reader: str, shape: str) -> None:
    read, shapes = READERS[reader]
    once, twice = shapes[shape](SMALL), shapes[shape](2 * SMALL)
    steps(read, once)  # what is done only the first time
    assert steps(read, twice) <= GROWTH_MAX * steps(read, once)


def test_work_that_is_not_linear_would_be_seen() -> None:
    def read(text: str) -> None:
        for end in range(0, len(text), 10):
            for _ in text[:end:10]:
                pass

    assert steps(read, "x" * 2 * SMALL) > GROWTH_MAX * steps(read, "x" * SMALL)


def test_the_longest_frames_are_cheap() -> None:
    """In a process that is ended when it has worked for seconds; all of this takes milliseconds."""
    code = (
        "import sys; from salon_room.core.signal_json import decode, request_id_of\n"
        "for text in sys.stdin.read().splitlines():\n"
        "    for read in (decode, request_id_of):\n"
        "        try: read(text)\n"
        "        except Exception as error: assert type(error).__name__ == 'RequestMalformed', error\n"
    )
    longest = "\n".join(shape(255 * 1024) for shape in JSON_SHAPES.values())
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=longest.encode(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_MAX_S, CPU_MAX_S)),
        check=False,
    )
    assert done.returncode == 0
