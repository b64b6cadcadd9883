"""The web SDK's types against what protobuf itself makes of each message."""

import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from salon.room.v1 import signal_pb2

TYPES = (Path(__file__).parents[2] / "web-sdk/src/signaling/messages.ts").read_text()
MESSAGES = sorted(signal_pb2.DESCRIPTOR.message_types_by_name)
INTERFACES = {
    name: dict(re.findall(r"^  (\w+)\?: (.+);$", fields, re.MULTILINE))
    for name, fields in re.findall(r"^export interface (\w+) \{\n(.*?)^\}", TYPES, re.MULTILINE | re.DOTALL)
}
EMPTY = set(re.findall(r"^export type (\w+) = Record<string, never>;$", TYPES, re.MULTILINE))
NAMES = {
    name: set(re.findall(r'"(\w+)"', values))
    for name, values in re.findall(r"^export type (\w+) =((?:\n  \| \"\w+\")+);", TYPES, re.MULTILINE)
}


def filled(descriptor: Descriptor, field: FieldDescriptor) -> Message:
    """With one field that is not its default."""
    message = GetMessageClass(descriptor)()
    repeated = field.is_repeated
    if field.message_type is not None:
        (getattr(message, field.name).add() if repeated else getattr(message, field.name)).SetInParent()
        return message
    value: Any = {
        FieldDescriptor.CPPTYPE_STRING: "text",
        FieldDescriptor.CPPTYPE_BOOL: True,
        FieldDescriptor.CPPTYPE_FLOAT: 0.5,
    }.get(field.cpp_type, 1)
    if repeated:
        getattr(message, field.name).append(value)
    else:
        setattr(message, field.name, value)
    return message


def fits(value: Any, declared: str) -> bool:
    if declared.endswith("[]"):
        return isinstance(value, list) and all(fits(each, declared[:-2]) for each in value)
    if declared in NAMES:
        return value in NAMES[declared]
    if declared in INTERFACES or declared in EMPTY:
        return isinstance(value, dict)
    kinds: dict[str, tuple[type, ...]] = {"string": (str,), "boolean": (bool,), "number": (int, float)}
    return any(isinstance(value, kinds[each]) for each in declared.split(" | "))


@pytest.mark.parametrize("name", MESSAGES)
def test_each_field_is_declared_as_it_is_written(name: str) -> None:
    descriptor = signal_pb2.DESCRIPTOR.message_types_by_name[name]
    if not descriptor.fields:
        assert name in EMPTY
        return
    written = dict[str, Any]()
    for field in descriptor.fields:
        written |= json_format.MessageToDict(filled(descriptor, field))
    assert list(written) == list(INTERFACES[name])
    for field_name, value in written.items():
        assert fits(value, INTERFACES[name][field_name]), f"{field_name}: {value!r}"


def test_the_choice_of_a_request_has_an_arm_for_each_body() -> None:
    arms = re.findall(r"\{ (\w+): \w+ \}", TYPES[TYPES.index("ClientMessageBody") :])
    body = signal_pb2.DESCRIPTOR.message_types_by_name["ClientMessage"].oneofs_by_name["body"]
    assert arms == [field.json_name for field in body.fields]
