"""Room messages: appended as events, told to the others in the stream's order."""

import time

from salon.room.v1.events_pb2 import MessageKind, MessageSent
from salon.room.v1.signal_pb2 import MessageAccepted, SendMessage
from salon_contracts.errors import InvalidField, RequestMalformed
from salon_contracts.ids import parse_message_text, parse_user_id
from salon_kit.events import Events

from salon_room.core import event_bytes
from salon_room.core.limits import Bucket, take_all
from salon_room.core.notices import EVENT_KIND
from salon_room.members.participant import Participant
from salon_room.quotas import Quotas

RECIPIENTS_MAX = 500
ENTITY_KEYS = {
    MessageKind.MESSAGE_KIND_BROADCAST: "broadcast",
    MessageKind.MESSAGE_KIND_BARRAGE: "barrage",
    MessageKind.MESSAGE_KIND_COMMAND: "command",
}


class Messages:
    def __init__(self, events: Events, quotas: Quotas) -> None:
        self._events = events
        self._quotas = quotas

    async def send(self, who: Participant, request: SendMessage) -> MessageAccepted:
        """Raises InvalidField, RequestMalformed or RateLimited."""
        kind = EVENT_KIND.get(request.kind, MessageKind.MESSAGE_KIND_UNSPECIFIED)
        if kind not in ENTITY_KEYS:
            raise RequestMalformed(problem="the kind of message is not known")
        text = parse_message_text(request.text)
        to_user_ids = list(dict.fromkeys(request.to_user_ids))
        if to_user_ids and kind != MessageKind.MESSAGE_KIND_COMMAND:
            raise RequestMalformed(problem="only a command may name its receivers")
        if len(to_user_ids) > RECIPIENTS_MAX:
            raise InvalidField(field="to_user_ids", problem="too long", limit=f"{RECIPIENTS_MAX} users")
        for user_id in to_user_ids:
            parse_user_id(user_id)
        size_bytes = event_bytes.of_message(who.user_name, text, to_user_ids)
        # Asked first: who has nothing left must not take from what the others of the room have.
        self._quotas.check_events(who.app_id, who.user_id, size_bytes)
        take_all(_buckets(who, kind, len(to_user_ids)), time.monotonic_ns())
        self._quotas.events(who.app_id, who.user_id, size_bytes)
        sent_at_ms = time.time_ns() // 1_000_000
        event = MessageSent(
            kind=kind,
            from_user_id=who.user_id,
            from_user_name=who.user_name,
            from_session_id=who.session_id,
            text=text,
            to_user_ids=to_user_ids,
            sent_at_unix_ms=sent_at_ms,
        )
        number = request.message_number
        once_as = f"{who.session_id}:message:{number}" if number else None
        entity = who.view.state.entity("message", ENTITY_KEYS[kind])
        sequence = await self._events.append(entity, event, once_as=once_as)
        return MessageAccepted(message_id=sequence, sent_at_unix_ms=sent_at_ms)


def _buckets(who: Participant, kind: MessageKind.ValueType, recipients: int) -> list[Bucket]:
    of_room = who.view.limits.of(kind, recipients)
    if kind == MessageKind.MESSAGE_KIND_BROADCAST:
        return [who.broadcasts, of_room]
    if kind == MessageKind.MESSAGE_KIND_BARRAGE:
        return [who.barrages, of_room]
    return [of_room] if recipients == 1 else [who.commands_to_many, of_room]
