"""Every error that may cross a service's edge. Each builds its own sentence from typed fields.

    SalonError
    ├── InvalidField            a field of a request breaks a rule
    ├── RequestMalformed        not a message of this protocol at all
    ├── RateLimited             too much of it in too short a time
    ├── QuotaExceeded           too many of it at once, by one user, address or app
    ├── TokenError
    │   ├── TokenMalformed      cannot be read: prefix, base64, layout, JSON
    │   ├── TokenFormRefused    of a form the app does not accept, or could be changed unseen
    │   ├── TokenAppUnknown     no such app
    │   ├── TokenForged         does not decrypt with the app's secret
    │   ├── TokenAppMismatch    made for another app
    │   ├── TokenUserMismatch   made for another user
    │   ├── TokenExpired
    │   ├── TokenRoomMismatch   made for another room
    │   └── TokenPrivilegeMissing  log-in or publishing not allowed by it
    ├── AppNotFound
    ├── AppExists
    ├── NotLoggedIn
    ├── AlreadyLoggedIn
    ├── LoggedInElsewhere       a newer log-in of the same user has won
    ├── SessionGone             nothing left to resume
    ├── RoomFull
    ├── StreamExists            the stream id is used by another session of the app
    ├── StreamNotFound
    ├── StreamNotYours
    ├── OfferMalformed          not an SDP offer we can answer
    ├── OfferUnacceptable       an offer without a codec, direction or binding we can serve
    ├── TransportNotFound
    ├── NoRelayAvailable
    ├── RelayLost               the relay that carries it does not answer
    ├── EffectsFull             the effects worker that was asked has no room for another stream
    ├── FramesUnreachable       the worker shares no memory with the relay and offers no connection
    ├── BusUnavailable          NATS cannot be reached
    ├── NobodyServes            nobody listens there: certainly not handled
    ├── RequestTimedOut         nobody answered within the deadline: may have been handled
    └── Conflict                somebody else wrote the entity first; read it again

`InvariantBroken` is not one of them: it is a bug, and only a supervisor that discards the broken session catches it.
Errors travel over the bus as `salon.bus.v1.Failure` (`to_failure`, `from_failure`).
"""

from dataclasses import dataclass, fields
from typing import ClassVar

from salon.bus.v1.failure_pb2 import Failure


@dataclass(unsafe_hash=True)
class SalonError(Exception):
    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    sentence: ClassVar[str] = "Something went wrong."

    def __str__(self) -> str:
        return self.sentence.format(**{field.name: getattr(self, field.name) for field in fields(self)})


@dataclass(unsafe_hash=True)
class InvalidField(SalonError):
    code = "invalid-field"
    sentence = "{field} is {problem}; allowed: {limit}."
    field: str
    problem: str
    """`empty`, `too long`, `illegal` or `out of range`."""
    limit: str


@dataclass(unsafe_hash=True)
class RequestMalformed(SalonError):
    code = "request-malformed"
    sentence = "The request cannot be read: {problem}."
    problem: str


@dataclass(unsafe_hash=True)
class RateLimited(SalonError):
    code = "rate-limited"
    retryable = True
    sentence = "Too many requests of this kind: {limit}."
    limit: str


@dataclass(unsafe_hash=True)
class QuotaExceeded(SalonError):
    code = "quota-exceeded"
    sentence = "No more of this at a time: {limit}."
    limit: str


class TokenError(SalonError):
    """What is wrong with a token. The token itself is never part of an error."""


@dataclass(unsafe_hash=True)
class TokenMalformed(TokenError):
    code = "token-malformed"
    sentence = "The token cannot be read: {problem}."
    problem: str


@dataclass(unsafe_hash=True)
class TokenFormRefused(TokenError):
    code = "token-form-refused"
    sentence = "A token of this form is not accepted: {problem}."
    problem: str


@dataclass(unsafe_hash=True)
class TokenAppUnknown(TokenError):
    code = "token-app-unknown"
    sentence = "There is no app {app_id}."
    app_id: int


@dataclass(unsafe_hash=True)
class TokenForged(TokenError):
    code = "token-forged"
    sentence = "The token was not made with the ServerSecret of app {app_id}."
    app_id: int


@dataclass(unsafe_hash=True)
class TokenAppMismatch(TokenError):
    code = "token-app-mismatch"
    sentence = "The token was made for another app than {app_id}."
    app_id: int


@dataclass(unsafe_hash=True)
class TokenUserMismatch(TokenError):
    code = "token-user-mismatch"
    sentence = "The token was made for another user than {user_id!r}."
    user_id: str


@dataclass(unsafe_hash=True)
class TokenExpired(TokenError):
    code = "token-expired"
    sentence = "The token expired {ago_s} s ago."
    ago_s: int


@dataclass(unsafe_hash=True)
class TokenRoomMismatch(TokenError):
    code = "token-room-mismatch"
    sentence = "The token was made for another room than {room_id!r}."
    room_id: str


@dataclass(unsafe_hash=True)
class TokenPrivilegeMissing(TokenError):
    code = "token-privilege-missing"
    sentence = "The token does not allow this: {privilege}."
    privilege: str


@dataclass(unsafe_hash=True)
class AppNotFound(SalonError):
    code = "app-not-found"
    sentence = "There is no app {app_id}."
    app_id: int


@dataclass(unsafe_hash=True)
class AppExists(SalonError):
    code = "app-exists"
    sentence = "App {app_id} exists already."
    app_id: int


@dataclass(unsafe_hash=True)
class NotLoggedIn(SalonError):
    code = "not-logged-in"
    sentence = "Log in to a room first."


@dataclass(unsafe_hash=True)
class AlreadyLoggedIn(SalonError):
    code = "already-logged-in"
    sentence = "This connection is logged in already."


@dataclass(unsafe_hash=True)
class LoggedInElsewhere(SalonError):
    code = "logged-in-elsewhere"
    sentence = "The same user has logged in elsewhere since."


@dataclass(unsafe_hash=True)
class SessionGone(SalonError):
    code = "session-gone"
    sentence = "There is no such log-in any more; log in again."


@dataclass(unsafe_hash=True)
class RoomFull(SalonError):
    code = "room-full"
    sentence = "The room has its {limit} members."
    limit: int


@dataclass(unsafe_hash=True)
class StreamExists(SalonError):
    code = "stream-exists"
    sentence = "Stream {stream_id!r} is published by another session."
    stream_id: str


@dataclass(unsafe_hash=True)
class StreamNotFound(SalonError):
    code = "stream-not-found"
    sentence = "There is no stream {stream_id!r}."
    stream_id: str


@dataclass(unsafe_hash=True)
class StreamNotYours(SalonError):
    code = "stream-not-yours"
    sentence = "Stream {stream_id!r} is not published by this session."
    stream_id: str


@dataclass(unsafe_hash=True)
class OfferMalformed(SalonError):
    code = "offer-malformed"
    sentence = "The SDP offer cannot be read: {problem}."
    problem: str


@dataclass(unsafe_hash=True)
class OfferUnacceptable(SalonError):
    code = "offer-unacceptable"
    sentence = "The SDP offer cannot be answered: {problem}."
    problem: str


@dataclass(unsafe_hash=True)
class TransportNotFound(SalonError):
    code = "transport-not-found"
    sentence = "There is no peer connection {transport_id!r}."
    transport_id: str


@dataclass(unsafe_hash=True)
class NoRelayAvailable(SalonError):
    code = "no-relay-available"
    retryable = True
    sentence = "No media relay is available at the moment."


@dataclass(unsafe_hash=True)
class RelayLost(SalonError):
    code = "relay-lost"
    retryable = True
    sentence = "Media relay {relay_id} does not answer."
    relay_id: str


@dataclass(unsafe_hash=True)
class EffectsFull(SalonError):
    code = "effects-full"
    retryable = True
    sentence = "Effects worker {worker_id} has no room for another stream."
    worker_id: str


@dataclass(unsafe_hash=True)
class FramesUnreachable(SalonError):
    code = "frames-unreachable"
    sentence = (
        "Effects worker {worker_id} cannot open the shared memory and offers no connection; "
        "set SALON_EFFECTS_FRAMES_ADDRESS there."
    )
    worker_id: str


@dataclass(unsafe_hash=True)
class BusUnavailable(SalonError):
    code = "bus-unavailable"
    retryable = True
    sentence = "The message bus cannot be reached."


@dataclass(unsafe_hash=True)
class NobodyServes(SalonError):
    code = "nobody-serves"
    retryable = True
    sentence = "Nobody serves {subject} at the moment."
    subject: str


@dataclass(unsafe_hash=True)
class RequestTimedOut(SalonError):
    code = "request-timed-out"
    retryable = True
    sentence = "No answer on {subject} within {deadline_s} s."
    subject: str
    deadline_s: float


@dataclass(unsafe_hash=True)
class Conflict(SalonError):
    code = "conflict"
    retryable = True
    sentence = "Somebody else wrote {subject} first."
    subject: str


class InvariantBroken(Exception):
    """One of our own assumptions does not hold: a bug, not an error."""


def _leaves(root: type[SalonError]) -> dict[str, type[SalonError]]:
    found: dict[str, type[SalonError]] = {}
    for child in root.__subclasses__():
        if "code" in vars(child):
            found[child.code] = child
        found.update(_leaves(child))
    return found


BY_CODE = _leaves(SalonError)
"""Every error class by its stable code."""


def to_failure(error: SalonError) -> Failure:
    """The error as a message. Anything that is not in the tree is to be sent as a plain `SalonError()`."""
    texts = {field.name: str(getattr(error, field.name)) for field in fields(error)}
    return Failure(code=error.code, message=str(error), retryable=error.retryable, fields=texts)


def from_failure(failure: Failure) -> SalonError:
    """The error a message stands for; a code of a newer version comes back as `SalonError`."""
    kind = BY_CODE.get(failure.code)
    if kind is None:
        return SalonError()
    try:
        values = {field.name: _typed(field.type, failure.fields[field.name]) for field in fields(kind)}
    except ValueError:
        return SalonError()
    return kind(**values)


def _typed(kind: object, text: str) -> str | int | float:
    if kind is int:
        return int(text)
    return float(text) if kind is float else text
