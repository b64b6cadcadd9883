"""Stream ids, unique per app: a claim is made before a stream is published and let go when it is removed."""

import time

from salon.room.v1.events_pb2 import StreamAdded, StreamClaim
from salon_contracts.errors import Conflict, StreamExists
from salon_contracts.ids import AppId, RoomId, RoomSessionId, StreamId, UserId
from salon_contracts.subjects import Entity, stream_claim_key
from salon_kit.buckets import Bucket
from salon_kit.events import Events, StoredEvent

from salon_room.members.presence import PresenceBook
from salon_room.views.room_view import RoomKey

ATTEMPTS = 10
IN_THE_MAKING_MS = 20_000
"""How long a claim without a stream holds: longer than any offer takes to be answered."""
REFRESH_MS = 2_000


class StreamIdReservations:
    def __init__(self, bucket: Bucket, presence: PresenceBook, events: Events) -> None:
        self._bucket = bucket
        self._presence = presence
        self._events = events

    async def reserve(self, key: RoomKey, stream_id: StreamId, user_id: UserId, session_id: str) -> None:
        """Raises StreamExists while another living log-in holds the id."""
        name = stream_claim_key(key.app_id, stream_id)
        for _ in range(ATTEMPTS):
            now_ms = time.time_ns() // 1_000_000
            claim = StreamClaim(
                room_id=key.room_id,
                room_session_id=key.room_session_id,
                user_id=user_id,
                session_id=session_id,
                claimed_at_unix_ms=now_ms,
            )
            entry = await self._bucket.get(name)
            if entry is not None:
                held = StreamClaim.FromString(entry.value)
                if held.session_id != session_id:
                    if await self._is_alive(key.app_id, stream_id, held, now_ms):
                        raise StreamExists(stream_id=stream_id)
                elif now_ms - held.claimed_at_unix_ms < REFRESH_MS:
                    return
            try:
                revision = 0 if entry is None else entry.revision
                await self._bucket.put(name, claim.SerializeToString(), expected_revision=revision)
            except Conflict:
                continue
            return
        raise StreamExists(stream_id=stream_id)

    async def check_free_for(self, app_id: AppId, stream_id: StreamId, user_id: UserId) -> None:
        """Raises StreamExists if another living user holds the id; a user's own older log-in will give way."""
        entry = await self._bucket.get(stream_claim_key(app_id, stream_id))
        if entry is None:
            return
        held = StreamClaim.FromString(entry.value)
        now_ms = time.time_ns() // 1_000_000
        if held.user_id != user_id and await self._is_alive(app_id, stream_id, held, now_ms):
            raise StreamExists(stream_id=stream_id)

    async def release(self, app_id: AppId, stream_id: str, session_id: str) -> None:
        """The id is free again, if this session held it."""
        name = stream_claim_key(app_id, stream_id)
        entry = await self._bucket.get(name)
        if entry is None or StreamClaim.FromString(entry.value).session_id != session_id:
            return
        try:
            await self._bucket.delete(name, expected_revision=entry.revision)
        except Conflict:
            return  # somebody has taken it over in this moment

    async def holder(self, app_id: AppId, stream_id: StreamId) -> StreamClaim | None:
        """Who has the id, in which room; the stream may be in the making, or have just ended."""
        entry = await self._bucket.get(stream_claim_key(app_id, stream_id))
        return None if entry is None else StreamClaim.FromString(entry.value)

    async def stream_of(self, app_id: AppId, stream_id: StreamId, held: StreamClaim) -> StreamAdded | None:
        """The stream that a claim is for, if it is published."""
        last = await self._last(app_id, stream_id, held)
        return last.message if last is not None and isinstance(last.message, StreamAdded) else None

    async def _is_alive(self, app_id: AppId, stream_id: StreamId, held: StreamClaim, now_ms: int) -> bool:
        presence = await self._presence.get(app_id, UserId(held.user_id))
        if presence is None or presence.session_id != held.session_id:
            return False
        if now_ms - held.claimed_at_unix_ms < IN_THE_MAKING_MS:
            return True
        last = await self._last(app_id, stream_id, held)
        return last is not None and isinstance(last.message, StreamAdded)

    async def _last(self, app_id: AppId, stream_id: StreamId, held: StreamClaim) -> StoredEvent | None:
        session = RoomSessionId(held.room_session_id)
        return await self._events.last(Entity(app_id, RoomId(held.room_id), session, "stream", stream_id))
