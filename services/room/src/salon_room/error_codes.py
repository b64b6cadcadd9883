"""The numbers app authors know, for every error of ours. The table of docs/protocol.md says the same for people.

The number depends on what was asked: a relay that does not answer is 1103021 to a publisher and 1104021 to a viewer.
"""

from dataclasses import dataclass
from enum import Enum

from salon.room.v1.signal_pb2 import Failed
from salon_contracts import errors
from salon_contracts.errors import InvalidField, SalonError


class Asked(Enum):
    """What kind of request an error answers."""

    ROOM = "room"
    PUBLISH = "publish"
    PLAY = "play"
    EFFECTS = "effects"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Row:
    code: int
    publish: int | None = None
    play: int | None = None
    message: int | None = None
    effects: int | None = None
    """None: as for publishing."""

    def of(self, asked: Asked) -> int:
        if asked is Asked.EFFECTS and self.effects is not None:
            return self.effects
        special = {
            Asked.PUBLISH: self.publish,
            Asked.EFFECTS: self.publish,
            Asked.PLAY: self.play,
            Asked.MESSAGE: self.message,
        }.get(asked)
        return self.code if special is None else special


TABLE: dict[type[SalonError], Row] = {
    errors.SalonError: Row(1002099),
    errors.InvalidField: Row(1100001),  # see FIELDS
    errors.RequestMalformed: Row(1100001),
    errors.RateLimited: Row(1109001, message=1009015),
    errors.QuotaExceeded: Row(1109001, message=1009015, effects=1103075),
    errors.TokenError: Row(1102020, publish=1103019, play=1104046),
    errors.TokenMalformed: Row(1102016, publish=1103019, play=1104046),
    errors.TokenFormRefused: Row(1102016, publish=1103019, play=1104046),
    errors.TokenAppUnknown: Row(1102020, publish=1103019, play=1104046),
    errors.TokenForged: Row(1102020, publish=1103019, play=1104046),
    errors.TokenAppMismatch: Row(1102020, publish=1103019, play=1104046),
    errors.TokenUserMismatch: Row(1102020, publish=1103019, play=1104046),
    errors.TokenExpired: Row(1102018),
    errors.TokenRoomMismatch: Row(1102020, publish=1103019, play=1104046),
    errors.TokenPrivilegeMissing: Row(1102020, publish=1103019, play=1104046),
    errors.AppNotFound: Row(1001004),
    errors.AppExists: Row(1001004),
    errors.NotLoggedIn: Row(1000002, message=1002002),
    errors.AlreadyLoggedIn: Row(1002001),
    errors.LoggedInElsewhere: Row(1002086),
    errors.SessionGone: Row(1102001),
    errors.RoomFull: Row(1002034),
    errors.StreamExists: Row(1003028),
    errors.StreamNotFound: Row(1004002),
    errors.StreamNotYours: Row(1103040),
    errors.OfferMalformed: Row(1100001, publish=1103022, play=1104022),
    errors.OfferUnacceptable: Row(1100001, publish=1103025, play=1104025),
    errors.TransportNotFound: Row(1100001, publish=1103027, play=1104027),
    errors.NoRelayAvailable: Row(1102017, publish=1103020, play=1104020),
    errors.RelayLost: Row(1102017, publish=1103021, play=1104021),
    errors.EffectsFull: Row(1103075),
    errors.FramesUnreachable: Row(1103075),
    errors.BusUnavailable: Row(1102013),
    errors.NobodyServes: Row(1102013),
    errors.RequestTimedOut: Row(1102022, publish=1103030, play=1104030),
    errors.Conflict: Row(1102013),
}

FIELDS: dict[tuple[str, str], int] = {
    ("app_id", "out of range"): 1001004,
    ("user_id", "empty"): 1002005,
    ("user_id", "illegal"): 1002006,
    ("user_id", "too long"): 1002007,
    ("user_name", "too long"): 1002010,
    ("room_id", "empty"): 1002011,
    ("room_id", "illegal"): 1002012,
    ("room_id", "too long"): 1002013,
    ("stream_id", "too long"): 1000014,
    ("stream_id", "empty"): 1000015,
    ("stream_id", "illegal"): 1000016,
    ("extra_info", "too long"): 1003051,
    ("message", "empty"): 1009001,
    ("message", "too long"): 1009002,
}
"""(field, problem) of InvalidField; everything else is the parameter error of TABLE."""

NATIVE_SUB_CODES: dict[type[SalonError], int] = {
    errors.TokenMalformed: 1002079,
    errors.TokenFormRefused: 1002079,
    errors.TokenAppUnknown: 1002076,
    errors.TokenAppMismatch: 1002076,
    errors.TokenUserMismatch: 1002077,
    errors.TokenExpired: 1002078,
    errors.TokenPrivilegeMissing: 1002082,
}
"""Which of the native SDKs' token codes comes nearest; put in front of the message."""


def code_of(error: SalonError, asked: Asked) -> int:
    if isinstance(error, InvalidField):
        return FIELDS.get((error.field, error.problem), TABLE[InvalidField].code)
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind].of(asked)
    return TABLE[SalonError].code


def failed(error: SalonError, asked: Asked) -> Failed:
    message = str(error)
    native = NATIVE_SUB_CODES.get(type(error))
    if native is not None:
        message = f"[{native}] {message}"
    return Failed(code=code_of(error, asked), reason=error.code, message=message, retryable=error.retryable)
