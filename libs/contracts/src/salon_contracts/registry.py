"""Which message type an event's `ce-type` names, and which entity kind it belongs to.

`ce-type` is the kebab-case message name: `salon.room.v1.UserLoggedIn` travels as `user-logged-in`.
"""

import re

from google.protobuf.message import Message
from salon.relay.v1 import relay_pb2
from salon.room.v1 import events_pb2
from salon.token.v1 import token_pb2

from salon_contracts.subjects import EntityKind

_EVENTS: dict[type[Message], EntityKind] = {
    token_pb2.AppCreated: "app",
    token_pb2.AppSecretRotated: "app",
    token_pb2.AppPolicyChanged: "app",
    token_pb2.AppDeleted: "app",
    events_pb2.RoomOpened: "room",
    events_pb2.RoomClosed: "room",
    events_pb2.UserLoggedIn: "user",
    events_pb2.UserLoggedOut: "user",
    events_pb2.StreamAdded: "stream",
    events_pb2.StreamRemoved: "stream",
    events_pb2.EffectsTurnedOn: "effects",
    events_pb2.EffectsChanged: "effects",
    events_pb2.EffectsTurnedOff: "effects",
    events_pb2.RelayAssigned: "placement",
    events_pb2.RelayReleased: "placement",
    events_pb2.MessageSent: "message",
    events_pb2.LoginRefused: "refusal",
    events_pb2.PublishRefused: "refusal",
    relay_pb2.TransportOpened: "transport",
    relay_pb2.TransportClosed: "transport",
    relay_pb2.EffectsStarted: "effects-state",
    relay_pb2.EffectsInterrupted: "effects-state",
    relay_pb2.EffectsStopped: "effects-state",
}


def event_type(message: type[Message]) -> str:
    """`UserLoggedIn` -> `user-logged-in`. Raises KeyError for what is not an event."""
    _EVENTS[message]
    return _kebab(message.DESCRIPTOR.name)


def entity_kind(message: type[Message]) -> EntityKind:
    return _EVENTS[message]


def message_type(name: str) -> type[Message] | None:
    """The class a `ce-type` stands for; None for one of a newer version."""
    return _BY_TYPE.get(name)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


_BY_TYPE = {_kebab(message.DESCRIPTOR.name): message for message in _EVENTS}

EVENT_TYPES = frozenset(_BY_TYPE)
