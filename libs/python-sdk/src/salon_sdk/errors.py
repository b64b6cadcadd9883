"""The one exception of the SDK, and the codes it carries.

    EngineError             error_code, extended_data, retryable

The numbers are those app authors know from the browser SDK. What the room service refuses keeps the number the service
gave; what goes wrong on this side has one of `ErrorCode`.
"""

import json
from enum import IntEnum
from typing import Self

from salon.room.v1.signal_pb2 import Failed

RATE_LIMITED = "rate-limited"
TOO_MANY_CONNECTIONS = "too-many-connections"
"""Reasons after which the same must not be tried again soon."""


class ErrorCode(IntEnum):
    OK = 0
    APP_ID_WRONG = 1001004

    NOT_IN_ROOM = 1000002
    STREAM_ID_TOO_LONG = 1000014
    STREAM_ID_EMPTY = 1000015
    STREAM_ID_ILLEGAL = 1000016
    NETWORK_BROKEN = 1000017
    PARAMETER = 1100001
    REQUEST_TIMEOUT = 1100002
    SOCKET_CLOSED = 1100003
    UNKNOWN_SERVER_ERROR = 1100999

    LOGGED_IN_ALREADY = 1002001
    ROOM_NOT_LOGGED_IN = 1002002
    USER_ID_EMPTY = 1002005
    USER_ID_ILLEGAL = 1002006
    USER_ID_TOO_LONG = 1002007
    USER_NAME_TOO_LONG = 1002010
    ROOM_ID_EMPTY = 1002011
    ROOM_ID_ILLEGAL = 1002012
    ROOM_ID_TOO_LONG = 1002013
    LOGIN_TIMEOUT = 1002031
    KICKED_BY_OTHER_LOGIN = 1002050
    RETRY_TIME_EXCEEDED = 1002053
    KICKED_BY_SERVER = 1002055
    DUPLICATE_LOGIN = 1002056
    LOGGED_IN_ELSEWHERE = 1002086
    LOGIN_IN_PROGRESS = 1102012

    STREAM_EXISTS = 1003028
    EXTRA_INFO_TOO_LONG = 1003051
    PUBLISH_PARAMETER = 1103001
    PUBLISH_SET_REMOTE_SDP = 1103025
    PUBLISH_CONNECTION_CLOSED = 1103027
    PUBLISH_ICE_FAILED = 1103028
    NOT_PUBLISHING = 1103040
    PUBLISH_RETRY_TIMEOUT = 1103051
    PUBLISHING_ALREADY = 1103056
    BEAUTY_OVERLOAD = 1103075

    STREAM_NOT_FOUND = 1004002
    STREAM_INTERRUPTED = 1004020
    PLAY_PARAMETER = 1104001
    PLAY_SET_REMOTE_SDP = 1104025
    PLAY_CONNECTION_CLOSED = 1104027
    PLAY_ICE_FAILED = 1104028
    PLAY_RETRY_TIMEOUT = 1104031
    PLAYING_ALREADY = 1104032
    NOT_PLAYING = 1104039

    MESSAGE_EMPTY = 1009001
    MESSAGE_TOO_LONG = 1009002
    MESSAGE_WRONG_ROOM = 1009005


class EngineError(Exception):
    """What every verb raises. `extended_data` is JSON text, for people and logs; `reason` the service's stable name."""

    def __init__(self, error_code: int, extended_data: str = "", *, reason: str = "", retryable: bool = False) -> None:
        super().__init__(error_code, extended_data)
        self.error_code = int(error_code)
        self.extended_data = extended_data
        self.reason = reason
        self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.error_code} {_name(self.error_code)} {self.extended_data}".rstrip()

    def copy(self) -> "EngineError":
        """To be raised in another task: an exception object collects the traceback of wherever it was raised."""
        return EngineError(self.error_code, self.extended_data, reason=self.reason, retryable=self.retryable)

    @classmethod
    def because(cls, error_code: int, sentence: str, *, reason: str = "", retryable: bool = False) -> Self:
        """An error of our own."""
        return cls(error_code, json.dumps({"message": sentence}), reason=reason, retryable=retryable)

    @classmethod
    def from_failed(cls, failed: Failed) -> Self:
        """What the room service refused."""
        code = failed.code or ErrorCode.UNKNOWN_SERVER_ERROR
        data = json.dumps({"reason": failed.reason, "message": failed.message})
        return cls(code, data, reason=failed.reason, retryable=failed.retryable)


def socket_closed(reason: str = "") -> EngineError:
    """The WebSocket went away with the request under way: whether it was carried out is not known."""
    problem = "The connection to the room was lost."
    return EngineError.because(ErrorCode.SOCKET_CLOSED, problem, reason=reason, retryable=True)


def _name(error_code: int) -> str:
    try:
        return ErrorCode(error_code).name.lower().replace("_", "-")
    except ValueError:
        return "refused"
