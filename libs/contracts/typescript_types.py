"""TypeScript types of the WebSocket, as protobuf's JSON mapping has them: `generate.py` writes them into the web SDK.

Any field may be absent, which is its default value; an enum is the name of its value; a 64-bit integer is read as a
string, and may be written as a number too. Types alone: what they mean stands in the proto file.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet

SOURCE = "salon/room/v1/signal.proto"
WRITTEN, READ = "ClientMessage", "ServerMessage"
"""What the client sends, and what it gets."""

_Field = FieldDescriptorProto
_WIDE = {
    _Field.TYPE_INT64, _Field.TYPE_UINT64, _Field.TYPE_SINT64, _Field.TYPE_FIXED64, _Field.TYPE_SFIXED64,
}  # fmt: skip
_SCALARS = {
    _Field.TYPE_STRING: "string", _Field.TYPE_BYTES: "string", _Field.TYPE_BOOL: "boolean",
    **dict.fromkeys(
        (
            _Field.TYPE_DOUBLE, _Field.TYPE_FLOAT, _Field.TYPE_INT32, _Field.TYPE_UINT32, _Field.TYPE_SINT32,
            _Field.TYPE_FIXED32, _Field.TYPE_SFIXED32,
        ),
        "number",
    ),
}  # fmt: skip


def typescript_types(proto: Path) -> str:
    """The text of the module, from the folder of the proto files."""
    file = _compiled(proto).file[0]
    messages = {message.name: message for message in file.message_type}
    read = set(_reached(READ, messages))
    parts = [f"// Generated from {SOURCE} (`make proto`). Absent fields have their default values."]
    parts += [_enum(enum) for enum in file.enum_type]
    parts += [_interface(message, message.name in read) for message in file.message_type]
    parts.append(_one_of(messages[WRITTEN]))
    return "\n\n".join(parts) + "\n"


def _compiled(proto: Path) -> FileDescriptorSet:
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "descriptors"
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{proto}", f"--descriptor_set_out={target}", SOURCE]
        subprocess.run(command, check=True)  # noqa: S603
        return FileDescriptorSet.FromString(target.read_bytes())


def _reached(name: str, messages: dict[str, DescriptorProto]) -> Iterator[str]:
    """The message and all that may stand in it. Raises RecursionError for messages that hold themselves."""
    yield name
    for field in messages[name].field:
        if field.type == _Field.TYPE_MESSAGE:
            yield from _reached(_local(field), messages)


def _enum(enum: EnumDescriptorProto) -> str:
    """Without the zero value, which is never written."""
    names = "".join(f'\n  | "{value.name}"' for value in enum.value if value.number != 0)
    return f"export type {enum.name} ={names};"


def _interface(message: DescriptorProto, read: bool) -> str:
    if not message.field:
        return f"export type {message.name} = Record<string, never>;"
    fields = "".join(f"  {field.json_name}?: {_type(field, read)};\n" for field in message.field)
    return f"export interface {message.name} {{\n{fields}}}"


def _one_of(message: DescriptorProto) -> str:
    """The message's choice, of which the client writes exactly one."""
    choices = "".join(
        f"\n  | {{ {field.json_name}: {_type(field, read=False)} }}"
        for field in message.field
        if field.HasField("oneof_index")
    )
    return f"export type {message.name}Body ={choices};"


def _type(field: FieldDescriptorProto, read: bool) -> str:
    if field.type in (_Field.TYPE_MESSAGE, _Field.TYPE_ENUM):
        name = _local(field)
    elif field.type in _WIDE:
        name = "string" if read else "string | number"
    else:
        name = _SCALARS[field.type]
    return f"{name}[]" if field.label == _Field.LABEL_REPEATED else name


def _local(field: FieldDescriptorProto) -> str:
    """The name without the package: all of the protocol stands in one file."""
    return field.type_name.rsplit(".", 1)[-1]
