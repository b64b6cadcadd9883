"""Replies as frames."""

from google.protobuf.message import Message
from salon.room.v1.signal_pb2 import Reply, ServerMessage
from salon_contracts.errors import SalonError

from salon_room.core.signal_json import encode
from salon_room.error_codes import Asked, failed

FIELDS = {
    field.message_type.full_name: field.name
    for field in Reply.DESCRIPTOR.oneofs_by_name["result"].fields
    if field.message_type is not None
}
"""Where a result stands in a Reply."""


def reply_frame(request_id: int, result: Message) -> str:
    reply = Reply(request_id=request_id)
    getattr(reply, FIELDS[result.DESCRIPTOR.full_name]).CopyFrom(result)
    return encode(ServerMessage(reply=reply))


def failed_frame(request_id: int, error: SalonError, asked: Asked) -> str:
    return encode(ServerMessage(reply=Reply(request_id=request_id, failed=failed(error, asked))))
