"""The frame messages on a TCP connection: pure, no socket.

    connection = key, then messages
    message    = length (4 bytes, big endian, 1 to 256), ToWorker or FromWorker, planes
    planes     = Y, U, V tightly packed, after FrameSubmitted and after FrameReturned with FRAME_RESULT_DONE only

The size of the planes stands in FrameSubmitted; for FrameReturned it is that of the frame with this sequence.
"""

import struct
from collections.abc import Callable
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError
from salon.effects.v1.effects_pb2 import FromWorker, ToWorker

KEY_BYTES = 32
MESSAGE_BYTES_MAX = 256

_LENGTH = struct.Struct(">I")

Message = TypeVar("Message", ToWorker, FromWorker)


class FramingBroken(Exception):
    """The other side does not speak this protocol: the connection is of no more use."""


def encode(message: ToWorker | FromWorker) -> bytes:
    """The message with its length; the planes are to follow."""
    body = message.SerializeToString()
    return _LENGTH.pack(len(body)) + body


class Reader(Generic[Message]):
    """One direction of a connection: `buffer` says where the next bytes go, `advance` what they complete.

    `planes_of(message)` gives the memory its planes are to be written to, None if it has none, and raises FramingBroken
    for a message that may not be.
    """

    def __init__(self, kind: type[Message], planes_of: Callable[[Message], memoryview | None]) -> None:
        self._kind: type[Message] = kind
        self._planes_of: Callable[[Message], memoryview | None] = planes_of
        self._small = memoryview(bytearray(MESSAGE_BYTES_MAX))
        self._message: Message | None = None
        self._in_length = True
        self._left = self._small[: _LENGTH.size]
        """What is still to be filled of the present part."""
        self._part = self._left

    def buffer(self) -> memoryview:
        """Never empty."""
        return self._left

    def advance(self, count: int) -> Message | None:
        """After `count` bytes were put into `buffer()`: a message that is complete with its planes, or None.

        Raises FramingBroken.
        """
        self._left = self._left[count:]
        if self._left.nbytes:
            return None
        if self._in_length:
            (length,) = _LENGTH.unpack(self._part)
            if not 1 <= length <= MESSAGE_BYTES_MAX:
                raise FramingBroken(f"a message of {length} bytes")
            self._in_length = False
            self._expect(self._small[:length])
            return None
        if self._message is None:
            message = self._parse()
            planes = self._planes_of(message)
            if planes is not None:
                self._message = message
                self._expect(planes)
                return None
        else:
            message = self._message
        self._message = None
        self._in_length = True
        self._expect(self._small[: _LENGTH.size])
        return message

    def _expect(self, part: memoryview) -> None:
        self._part = self._left = part

    def _parse(self) -> Message:
        try:
            message = self._kind()
            message.ParseFromString(bytes(self._part))
        except DecodeError:
            raise FramingBroken("a message that cannot be read") from None
        if message.WhichOneof("body") is None:
            raise FramingBroken("a message without a body")
        return message
