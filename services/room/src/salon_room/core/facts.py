"""An event as the core sees it: where it stands in the stream, what it is about, what it says."""

from dataclasses import dataclass

from google.protobuf.message import Message
from salon_contracts.errors import SalonError
from salon_contracts.subjects import Entity


@dataclass(frozen=True, slots=True)
class Fact:
    sequence: int
    entity: Entity
    body: Message


@dataclass(frozen=True, slots=True)
class Append:
    """Say this if the entity is still what it was at `expected_sequence`; 0: never mentioned, None: whatever it is."""

    entity: Entity
    event: Message
    expected_sequence: int | None


@dataclass(frozen=True, slots=True)
class Reject:
    error: SalonError
