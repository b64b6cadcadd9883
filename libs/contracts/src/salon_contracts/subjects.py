"""The one place where subjects are built and read.

    salon.evt.v1.<app>.<room>.<room session>.<entity kind>.<entity key>     facts, kept in the stream SALON_EVENTS
    salon.evt.v1.0.-.-.probe.<node>          that a node can append, in the same stream; nobody reads it
    salon.cmd.v1.<service>.<verb>            orders to any instance (queue group)
    salon.cmd.v1.<service>.<node>.<verb>     orders to one node
    salon.qry.v1.<service>.<verb>            questions
    salon.frm.v1.effects.<worker>.<stream token>    frame descriptors to an effects worker
    salon.frm.v1.relay.<stream token>               and back

Names that people typed enter a subject in a reversible encoding: letters, digits, `_` and `-` stand for themselves,
every other byte of the UTF-8 form is `=XX` (two upper-case hex digits), and the empty name is `=`. `-` alone stands for
"does not apply", which is why a name that is exactly `-` is written `=2D`. The result is also a valid key-value key.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from salon_contracts.ids import AppId, RelayId, RoomId, RoomSessionId, UserId, WorkerId

EVENTS_STREAM = "SALON_EVENTS"
EVENTS_SUBJECTS = "salon.evt.v1.>"
NONE = "-"

APPS_BUCKET = "salon_apps"
RELAYS_BUCKET = "salon_relays"
PRESENCE_BUCKET = "salon_presence"
STREAM_CLAIMS_BUCKET = "salon_streams"

EntityKind = Literal[
    "app", "room", "user", "stream", "effects", "placement", "transport", "effects-state", "message", "refusal"
]
ENTITY_KINDS: frozenset[str] = frozenset(get_args(EntityKind))
STATE_KINDS: tuple[EntityKind, ...] = ("user", "stream", "effects", "placement")
"""The kinds that make up what a room looks like."""

Service = Literal["token", "room", "relay", "effects", "audit"]

_PLAIN_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_PLAIN = frozenset(_PLAIN_BYTES)
_ENCODED = re.compile(r"(?:[A-Za-z0-9_-]|=[0-9A-F]{2})+")
_STREAM_TOKEN = re.compile(r"[0-9a-f]{32}")
_VERB = re.compile(r"[a-z]+(?:-[a-z]+)*")


def encode(name: str) -> str:
    """A name as one subject token or key part."""
    if not name:
        return "="
    if name == NONE:
        return "=2D"
    if name.isascii() and name.encode().translate(None, _PLAIN_BYTES) == b"":
        return name
    return "".join(chr(byte) if byte in _PLAIN else f"={byte:02X}" for byte in name.encode())


def encoded_size(name: str) -> int:
    """How many characters a name takes in a subject, whether or not it follows the rules of names."""
    raw = name.encode("utf-8", "surrogatepass")
    return len(raw) + 2 * len(raw.translate(None, _PLAIN_BYTES))


def decode(token: str) -> str:
    """The name a token stands for. Raises ValueError if `encode` cannot have made it."""
    if token == "=":  # noqa: S105  # a token of a subject
        return ""
    if not _ENCODED.fullmatch(token):
        raise ValueError(f"not an encoded name: {token!r}")
    raw = re.sub(rb"=([0-9A-F]{2})", lambda match: bytes.fromhex(match[1].decode()), token.encode())
    name = raw.decode()
    if encode(name) != token:
        raise ValueError(f"not the canonical form of a name: {token!r}")
    return name


@dataclass(frozen=True, slots=True)
class Entity:
    """What an event is about. `room_id` and `room_session_id` are None where they do not apply."""

    app_id: AppId
    room_id: RoomId | None
    room_session_id: RoomSessionId | None
    kind: EntityKind
    key: str | None

    @property
    def subject(self) -> str:
        parts = (self.room_id, self.room_session_id)
        room, session = (NONE if part is None else encode(part) for part in parts)
        key = NONE if self.key is None else encode(self.key)
        return f"salon.evt.v1.{self.app_id}.{room}.{session}.{self.kind}.{key}"


def parse_event(subject: str) -> Entity:
    """The entity of an event's subject. Raises ValueError on anything this file cannot have made."""
    tokens = subject.split(".")
    if len(tokens) != 8 or tokens[:3] != ["salon", "evt", "v1"] or tokens[6] not in ENTITY_KINDS:
        raise ValueError(f"not an event subject: {subject!r}")
    app, room, session, kind, key = tokens[3:]
    entity = Entity(
        app_id=AppId(int(app)),
        room_id=None if room == NONE else RoomId(decode(room)),
        room_session_id=None if session == NONE else RoomSessionId(decode(session)),
        kind=kind,  # type: ignore[arg-type]  # checked against ENTITY_KINDS above
        key=None if key == NONE else decode(key),
    )
    if entity.subject != subject:
        raise ValueError(f"not a canonical event subject: {subject!r}")
    return entity


PROBES = "salon.evt.v1.0.-.-.probe.*"
"""Filter: what nodes append to see whether they can."""


def probe_subject(node: str) -> str:
    """Not an event: `parse_event` refuses it."""
    return f"salon.evt.v1.0.-.-.probe.{encode(node)}"


def room_entity(app: AppId, room: RoomId) -> Entity:
    """Which session of the room is the present one."""
    return Entity(app, room, None, "room", None)


def room_events(app: AppId, room: RoomId) -> str:
    """Filter: everything that happens in a room, in every session of it."""
    return f"salon.evt.v1.{app}.{encode(room)}.>"


def room_session_prefix(app: AppId, room: RoomId, session: RoomSessionId) -> str:
    return f"salon.evt.v1.{app}.{encode(room)}.{encode(session)}"


def room_session_events(app: AppId, room: RoomId, session: RoomSessionId) -> str:
    """Filter: everything that happens in one room session."""
    return f"{room_session_prefix(app, room, session)}.>"


def room_session_state(app: AppId, room: RoomId, session: RoomSessionId) -> list[str]:
    """Filters: last message per subject under these is what the room looks like."""
    prefix = room_session_prefix(app, room, session)
    return [f"{prefix}.{kind}.*" for kind in STATE_KINDS]


def room_session_transports(app: AppId, room: RoomId, session: RoomSessionId) -> str:
    """Filter: the peer connections of one room session."""
    return f"{room_session_prefix(app, room, session)}.transport.*"


def room_session_effects_states(app: AppId, room: RoomId, session: RoomSessionId) -> str:
    """Filter: what viewers get of the streams of one room session that have effects."""
    return f"{room_session_prefix(app, room, session)}.effects-state.*"


def user_everywhere(app: AppId, user: UserId) -> str:
    """Filter: one user in every room session of an app, there ever was."""
    return f"salon.evt.v1.{app}.*.*.user.{encode(user)}"


def command(service: Service, verb: str, node: RelayId | None = None) -> str:
    _check_verb(verb)
    return f"salon.cmd.v1.{service}.{verb}" if node is None else f"salon.cmd.v1.{service}.{encode(node)}.{verb}"


def query(service: Service, verb: str) -> str:
    _check_verb(verb)
    return f"salon.qry.v1.{service}.{verb}"


def frames_to_worker(worker: WorkerId, stream_token: str) -> str:
    _check_stream_token(stream_token)
    return f"salon.frm.v1.effects.{encode(worker)}.{stream_token}"


def frames_of_worker(worker: WorkerId) -> str:
    """Filter: the frames of every stream a worker has."""
    return f"salon.frm.v1.effects.{encode(worker)}.*"


def frames_to_relay(stream_token: str) -> str:
    _check_stream_token(stream_token)
    return f"salon.frm.v1.relay.{stream_token}"


def stream_token_of(subject: str) -> str:
    """The last part of a frame subject. Raises ValueError if it is no stream token."""
    token = subject.rpartition(".")[2]
    _check_stream_token(token)
    return token


def presence_key(app: AppId, user: str) -> str:
    return f"{app}.{encode(user)}"


def parse_presence_key(key: str) -> tuple[AppId, UserId]:
    """Raises ValueError on anything `presence_key` cannot have made."""
    app, _, user = key.partition(".")
    if not (app.isascii() and app.isdigit()):
        raise ValueError(f"not a presence key: {key!r}")
    return AppId(int(app)), UserId(decode(user))


def stream_claim_key(app: AppId, stream: str) -> str:
    return f"{app}.{encode(stream)}"


def _check_verb(verb: str) -> None:
    if not _VERB.fullmatch(verb):
        raise ValueError(f"not a verb: {verb!r}")


def _check_stream_token(token: str) -> None:
    if not _STREAM_TOKEN.fullmatch(token):
        raise ValueError("not a stream token: 32 hex digits")
