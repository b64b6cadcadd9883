"""How log-ins end: by their user, by a newer log-in, by their lease running out. Always with the same events."""

from collections.abc import Awaitable, Callable

from salon.relay.v1.relay_pb2 import TransportOpened
from salon.room.v1.events_pb2 import LogoutReason, Presence, UserLoggedIn
from salon_contracts.errors import LoggedInElsewhere, SalonError, SessionGone
from salon_contracts.ids import AppId, RoomId, RoomSessionId, UserId
from salon_contracts.subjects import parse_presence_key, room_session_transports, user_everywhere
from salon_kit.events import Events, StoredEvent
from salon_kit.log import get_logger

from salon_room import metrics
from salon_room.background import Spawn
from salon_room.core import decisions
from salon_room.members.participant import Participant
from salon_room.members.presence import PresenceBook, ResumedElsewhere
from salon_room.views.room_view import RoomKey, RoomView
from salon_room.views.rooms import Rooms

log = get_logger()

ReleaseStreamId = Callable[[AppId, str, str], Awaitable[None]]
"""(app, stream, session that has it)"""
CloseTransportLater = Callable[[str, str, str], None]
"""(relay, transport, why)"""


class Logouts:
    def __init__(
        self,
        events: Events,
        spawn: Spawn,
        rooms: Rooms,
        presence: PresenceBook,
        release_stream_id: ReleaseStreamId,
        close_transport_later: CloseTransportLater,
    ) -> None:
        self._events = events
        self._spawn = spawn
        self._rooms = rooms
        self._presence = presence
        self._release = release_stream_id
        self._close_transport_later = close_transport_later

    async def log_out(self, participant: Participant, reason: LogoutReason.ValueType) -> None:
        """Out for good. If the bus is away it raises, and nothing has changed for the caller."""
        await self.end(participant.view, participant.user_id, participant.session_id, reason)
        await self._presence.end(participant.lease)
        self.let_go(participant, is_over=True)

    async def leave(self, participant: Participant) -> None:
        """Its client has said so and is gone. Raises nothing: what cannot be done now is done when the lease runs
        out."""
        try:
            await self.log_out(participant, LogoutReason.LOGOUT_REASON_LEFT)
        except SalonError as error:
            log.warning("logout-not-done", session_id=participant.session_id, err_code=error.code)
            self.let_go(participant, is_over=False)

    async def leave_unless_resumed(self, participant: Participant) -> None:
        """Its client is gone as one that leaves, and has not said so. Raises nothing, like `leave`."""
        try:
            await self._presence.shorten(participant.lease)
        except (LoggedInElsewhere, SessionGone, ResumedElsewhere):
            pass  # it is over, or goes on, without us
        except SalonError as error:
            log.warning("leaving-not-recorded", session_id=participant.session_id, err_code=error.code)
        self.let_go(participant, is_over=participant.ended_by_event)

    async def leave_by_key(self, record: Presence) -> None:
        """Out for good, whichever instance holds the log-in, by who has proved that it is theirs. Raises SalonError."""
        app_id, user_id, session_id = AppId(record.app_id), UserId(record.user_id), record.session_id
        room = RoomKey(app_id, RoomId(record.room_id), RoomSessionId(record.room_session_id))
        if await self.end_in(room, user_id, session_id, LogoutReason.LOGOUT_REASON_LEFT):
            await self._close_transports(room, session_id, "logged-out")
        await self._presence.end_session(app_id, user_id, session_id)

    def let_go(self, participant: Participant, *, is_over: bool) -> None:
        """This instance is done with the log-in, which goes on without a connection until its lease runs out. If it is
        over instead, its peer connections are closed. Once, however often it is called: the view is shared."""
        if not participant.is_let_go:
            participant.is_let_go = True
            participant.detach()
            self._rooms.release(participant.view)
        if is_over:
            for name, relay in list(participant.transports.items()):
                participant.forget_transport(name)
                self._close_transport_later(relay.relay_id, participant.transport_id(name), "logged-out")

    async def end(
        self,
        view: RoomView,
        user_id: UserId,
        session_id: str,
        reason: LogoutReason.ValueType,
        *,
        reconcile: bool = True,
    ) -> bool:
        """Streams and user are out of the room, by events; an empty room is closed. False: it was so already."""
        streams = [stream.event for stream in view.state.streams_of(session_id)]
        sequence = await view.carry_out(lambda: decisions.log_out(view.state, user_id, session_id, reason))
        if sequence:
            why = LogoutReason.Name(reason).removeprefix("LOGOUT_REASON_").lower().replace("_", "-")
            log.info(
                "user-logged-out",
                app_id=view.key.app_id,
                room_id=view.key.room_id,
                user_id=user_id,
                session_id=session_id,
                reason=why,
            )
        if reconcile:
            await view.reconciler.reconcile()
        for stream in streams:
            release = self._release_stream_id(view.key.app_id, stream.stream_id, stream.session_id)
            self._spawn("release-stream-id", release)
        for relay_id, transport_id in {(stream.relay_id, stream.transport_id) for stream in streams}:
            self._close_transport_later(relay_id, transport_id, "logged-out")
        return sequence > 0

    async def end_in(self, key: RoomKey, user_id: UserId, session_id: str, reason: LogoutReason.ValueType) -> bool:
        async with self._rooms.following(key) as view:
            await view.catch_up(view.state.entity("user", user_id))
            return await self.end(view, user_id, session_id, reason)

    async def _release_stream_id(self, app_id: AppId, stream_id: str, session_id: str) -> None:
        try:
            await self._release(app_id, stream_id, session_id)
        except SalonError as error:
            log.warning("stream-id-not-released", stream_id=stream_id, err_code=error.code)  # it can be taken over

    async def expire(self, key: str) -> int:
        """Ends every log-in of a user whose lease ran out; how many. Repeatable: what is over already stays over."""
        app_id, user_id = parse_presence_key(key)
        # Events first, then presence: a log-in is appended only after its lease is taken.
        snapshot = await self._events.snapshot([user_everywhere(app_id, user_id)])
        present = [event for event in snapshot.events if isinstance(event.message, UserLoggedIn)]
        if not present:
            return 0
        alive = await self._presence.get(app_id, user_id)
        ended = 0
        for event in present:
            entity, login = event.entity, event.message
            if not isinstance(login, UserLoggedIn) or entity.room_id is None or entity.room_session_id is None:
                continue
            if alive is not None and alive.session_id == login.session_id:
                continue
            room = RoomKey(app_id, entity.room_id, entity.room_session_id)
            expired, replaced = LogoutReason.LOGOUT_REASON_LEASE_EXPIRED, LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN
            reason = expired if alive is None else replaced
            if await self.end_in(room, user_id, login.session_id, reason):
                ended += 1
                metrics.EXPIRED.inc()
                await self._close_transports(room, login.session_id, "lease-expired")
        return ended

    async def open_transports(self, key: RoomKey, session_id: str) -> list[StoredEvent]:
        """The `transport-opened` events of a session's peer connections that are open still."""
        filters = [room_session_transports(key.app_id, key.room_id, key.room_session_id)]
        snapshot = await self._events.snapshot(filters)
        return [
            event
            for event in snapshot.events
            if isinstance(event.message, TransportOpened) and event.message.session_id == session_id
        ]

    async def _close_transports(self, key: RoomKey, session_id: str, why: str) -> None:
        for event in await self.open_transports(key, session_id):
            if isinstance(event.message, TransportOpened) and event.entity.key is not None:
                self._close_transport_later(event.message.relay_id, event.entity.key, why)
