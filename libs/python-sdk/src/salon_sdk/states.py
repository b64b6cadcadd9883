"""The state machines of the client: what may follow what, checked in one method."""

from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

from salon_contracts.errors import InvariantBroken


class ConnectionState(Enum):
    IDLE = "IDLE"
    LOGGING_IN = "LOGGING_IN"
    ONLINE = "ONLINE"
    RECONNECTING = "RECONNECTING"
    """Logged in as far as the others know; the connection is being restored."""
    CLOSED = "CLOSED"


class Phase(Enum):
    """Of one stream that is published or played."""

    IDLE = "IDLE"
    REQUESTING = "REQUESTING"
    ACTIVE = "ACTIVE"


class PublishState(Enum):
    """A phase by the name app authors know."""

    NO_PUBLISH = "NO_PUBLISH"
    PUBLISH_REQUESTING = "PUBLISH_REQUESTING"
    PUBLISHING = "PUBLISHING"


class PlayState(Enum):
    """A phase by the name app authors know."""

    NO_PLAY = "NO_PLAY"
    PLAY_REQUESTING = "PLAY_REQUESTING"
    PLAYING = "PLAYING"


S = TypeVar("S", bound=Enum)
Allowed = Mapping[S, frozenset[S]]

CONNECTION_ALLOWED: Allowed[ConnectionState] = {
    ConnectionState.IDLE: frozenset({ConnectionState.LOGGING_IN, ConnectionState.CLOSED}),
    ConnectionState.LOGGING_IN: frozenset({ConnectionState.ONLINE, ConnectionState.CLOSED}),
    ConnectionState.ONLINE: frozenset({ConnectionState.RECONNECTING, ConnectionState.CLOSED}),
    ConnectionState.RECONNECTING: frozenset({ConnectionState.ONLINE, ConnectionState.CLOSED}),
    ConnectionState.CLOSED: frozenset({ConnectionState.CLOSED}),
}

# A stream goes back to REQUESTING when its media connection is lost, and repeats REQUESTING for each new reason.
PHASE_ALLOWED: Allowed[Phase] = {
    Phase.IDLE: frozenset({Phase.REQUESTING}),
    Phase.REQUESTING: frozenset(Phase),
    Phase.ACTIVE: frozenset({Phase.REQUESTING, Phase.IDLE}),
}


class Machine(Generic[S]):
    """Holds one state and refuses what its table does not allow."""

    def __init__(self, initial: S, allowed: Allowed[S]) -> None:
        self._state = initial
        self._allowed = allowed

    @property
    def state(self) -> S:
        return self._state

    def to(self, state: S) -> None:
        if state not in self._allowed[self._state]:
            raise InvariantBroken(f"{self._state} -> {state}")
        self._state = state
