"""Two short cuts past libraries, against those libraries."""

import pytest
from nats.aio.client import Client
from salon_kit.http.websocket import text_frame
from salon_kit.nats.private import FastClient
from websockets.frames import Frame, Opcode


@pytest.mark.parametrize("size_bytes", [0, 1, 125, 126, 65_535, 65_536, 300_000])
def test_a_text_frame_is_the_librarys(size_bytes: int) -> None:
    data = b"x" * size_bytes
    assert text_frame(data) == Frame(Opcode.TEXT, data).serialize(mask=False)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"ce-id: a:1:2\r\nce-type: user-logged-in\r\n\r\n",
        b"Name:Value\r\n Padded : \t both sides \r\n",
        b"no colon\r\nother: yes\r\n",
        b"two words: no\r\ntab\tinside: no\r\nfine: yes\r\n",
        b"n\xc3\xa4me: skipped\r\nvalue: na\xc3\xafve \xff\r\n",
        b"twice: first\r\ntwice: second\r\n: empty name\r\n",
        b"with:colons:in:value\r\n",
    ],
)
def test_header_lines_are_read_as_nats_py_reads_them(raw: bytes) -> None:
    for _ in range(2):  # the second time from what is kept of names
        assert FastClient._parse_header_lines(raw) == Client._parse_header_lines(raw)
