import importlib
import re
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from salon.room.v1 import events_pb2
from salon_contracts.registry import EVENT_TYPES, entity_kind, event_type, message_type
from salon_contracts.subjects import ENTITY_KINDS

SOURCES = Path(__file__).parents[1] / "src"
PROTO = Path(__file__).parents[3] / "proto"
PAST_TENSE = re.compile(r"(?:ed|Sent|Opened|Closed|LoggedIn|LoggedOut|TurnedOn|TurnedOff)$")
NO_EVENTS = {
    "Negotiated",
    "TokenVerified",
    "FramesOpened",
    "FrameSubmitted",
    "FrameReturned",
    "StreamClosed",
    "TranscoderBeautified",
    "TranscoderFaded",
}
"""Answers and reports that sound like events: they go to one place, and nobody stores them."""


def modules() -> list[str]:
    files = (SOURCES / "salon").rglob("*_pb2.py")
    return sorted(".".join(path.relative_to(SOURCES).with_suffix("").parts) for path in files)


def messages() -> dict[str, Descriptor]:
    found: dict[str, Descriptor] = {}
    for name in modules():
        if name.endswith("signal_pb2"):  # what the browser sees; its messages are no events
            continue
        found |= importlib.import_module(name).DESCRIPTOR.message_types_by_name
    return found


@pytest.mark.parametrize("name", modules())
def test_generated_code_is_importable(name: str) -> None:
    importlib.import_module(name)


def test_generated_code_is_there_for_every_schema() -> None:
    schemas = {str(path.relative_to(PROTO).with_suffix("")) for path in PROTO.rglob("*.proto")}
    assert schemas == {name.replace(".", "/").removesuffix("_pb2") for name in modules()}


def test_every_past_tense_message_is_registered() -> None:
    past = {name for name in messages() if PAST_TENSE.search(name)} - NO_EVENTS
    registered = {message.DESCRIPTOR.name for message in map(_class, EVENT_TYPES)}
    assert past == registered


def test_names_round_trip() -> None:
    for name in EVENT_TYPES:
        assert event_type(_class(name)) == name
        assert entity_kind(_class(name)) in ENTITY_KINDS
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", name)
    assert event_type(events_pb2.UserLoggedIn) == "user-logged-in"
    assert entity_kind(events_pb2.RelayAssigned) == "placement"


def test_what_is_no_event() -> None:
    assert message_type("user-teleported") is None
    with pytest.raises(KeyError):
        event_type(events_pb2.Presence)


def test_events_come_in_pairs() -> None:
    opposites = {
        "Opened": "Closed",
        "LoggedIn": "LoggedOut",
        "Added": "Removed",
        "Assigned": "Released",
        "TurnedOn": "TurnedOff",
        "Started": "Stopped",
    }
    names = {message.DESCRIPTOR.name for message in map(_class, EVENT_TYPES)}
    for beginning, end in opposites.items():
        for name in names:
            if name.endswith(beginning):
                assert name.removesuffix(beginning) + end in names


def _class(name: str) -> type[Message]:
    found = message_type(name)
    assert found is not None
    return found
