"""WHIP sessions of this instance: a publisher without a WebSocket is a room user like any other."""

import asyncio
import contextlib

from salon.room.v1.events_pb2 import ClientKind, LogoutReason
from salon.room.v1.signal_pb2 import Offer
from salon_contracts.errors import SalonError, SessionGone, TokenRoomMismatch
from salon_contracts.ids import AppId, RoomId, RoomSessionId, StreamId, UserId, parse_user_id
from salon_kit.log import get_logger
from salon_kit.trace import current_cause_id, current_traceparent, set_cause

from salon_room.background import Background
from salon_room.core import event_bytes
from salon_room.core.connection.inputs import End
from salon_room.members.lease_renewer import RENEWALS_PER_TTL, LeaseRenewer
from salon_room.members.logins import LoginRequest, Logins
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant
from salon_room.members.presence import PresenceBook
from salon_room.members.tokens import Permit, Tokens
from salon_room.quotas import ClientAddress, Quotas
from salon_room.streams.publications import Publications
from salon_room.streams.stream_id_reservations import StreamIdReservations
from salon_room.views.room_view import RoomKey
from salon_room.views.rooms import Rooms

log = get_logger()

PEER_CONNECTION = "whip"
ANY_ROOM = RoomId("-")
"""Asked about when there is no session, and so no room, any more: a token for one room only is good for none then."""


class WhipSession:
    """The port of a WHIP publisher. It has nobody to tell anything, but its end is to be noticed."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.cause: tuple[str | None, str | None] = None, None
        """Id and trace of what has ended it."""

    def notify(self, frame: str) -> None:
        """It has no way to say it."""

    def end(self, end: End) -> None:
        self.stop()

    def transport_lost(self, name: str) -> None:
        self.stop()

    def stop(self) -> None:
        if not self.over.is_set():
            self.cause = current_cause_id(), current_traceparent()
            self.over.set()


class WhipPublishers:
    def __init__(
        self,
        *,
        quotas: Quotas,
        rooms: Rooms,
        tokens: Tokens,
        reservations: StreamIdReservations,
        logins: Logins,
        logouts: Logouts,
        presence: PresenceBook,
        publications: Publications,
        background: Background,
    ) -> None:
        self._quotas = quotas
        self._rooms = rooms
        self._tokens = tokens
        self._reservations = reservations
        self._logins = logins
        self._logouts = logouts
        self._presence = presence
        self._publications = publications
        self._background = background
        self._sessions: dict[WhipSession, tuple[LeaseRenewer, asyncio.Task[None]]] = {}
        self.is_draining = False
        """No new publishers: nobody would end them."""

    async def admit(self, app_id: AppId, room_id: RoomId, stream: StreamId, token: str) -> Permit:
        """What `publish` wants. Raises a TokenError."""
        permit = await self._tokens.verify(app_id, token, "", room_id)
        permit.require_log_in()
        permit.require_publish(stream)
        return permit

    async def publish(
        self, app_id: AppId, room_id: RoomId, stream: StreamId, permit: Permit, sdp: str, address: ClientAddress
    ) -> tuple[Participant, str]:
        """A new publisher and the relay's answer. Raises RateLimited or QuotaExceeded before anything is taken."""
        user_id = parse_user_id(permit.user_id)
        self._quotas.another_stream(0, lambda: self._rooms.streams_of(app_id))
        size_bytes = event_bytes.of_peer_connection() + event_bytes.of_publish(stream, user_id, "")
        self._quotas.peer_connection(app_id, user_id, size_bytes)
        await self._reservations.check_free_for(app_id, stream, user_id)
        request = LoginRequest(
            app_id=app_id,
            room_id=room_id,
            user_id=user_id,
            user_name=user_id,
            wants_user_updates=False,
            max_member_count=0,
            client=ClientKind.CLIENT_KIND_WHIP,
            address=address,
        )
        port = WhipSession()
        who = await self._logins.log_in_with(request, permit, port)
        try:
            offer = Offer(peer_connection_id=PEER_CONNECTION, sdp=sdp)
            answer = await self._publications.publish_alone(who, stream, offer)
        except SalonError:
            await self._leave(who, LogoutReason.LOGOUT_REASON_LEFT)
            raise
        except BaseException:
            self._background.spawn("undo-whip", self._leave(who, LogoutReason.LOGOUT_REASON_LEFT))
            raise
        renewer = LeaseRenewer(self._presence, self._logouts, self._background.spawn, who)
        self._sessions[port] = renewer, self._background.spawn("whip-session", self._keep(who, port, renewer))
        if self.is_draining:  # since it was asked
            port.stop()
        return who, answer

    async def stop(self, app_id: AppId, user_id: UserId, session_id: str, token: str) -> None:
        """Ends a session of any instance. Raises a TokenError, or SessionGone."""
        record = await self._presence.get(app_id, user_id)
        if record is None or (record.session_id, record.client) != (session_id, ClientKind.CLIENT_KIND_WHIP):
            # Who may not end it is not told whether there is something to end.
            with contextlib.suppress(TokenRoomMismatch):
                await self._tokens.verify(app_id, token, user_id, ANY_ROOM)
            raise SessionGone
        await self._tokens.verify(app_id, token, user_id, RoomId(record.room_id))
        room = RoomKey(app_id, RoomId(record.room_id), RoomSessionId(record.room_session_id))
        await self._logouts.end_in(room, user_id, session_id, LogoutReason.LOGOUT_REASON_LEFT)
        await self._presence.end_session(app_id, user_id, session_id)

    async def check_lives(self, app_id: AppId, user_id: UserId, session_id: str) -> None:
        """At any instance. Raises SessionGone. Whoever has the session's id may know."""
        record = await self._presence.get(app_id, user_id)
        if record is None or (record.session_id, record.client) != (session_id, ClientKind.CLIENT_KIND_WHIP):
            raise SessionGone

    async def drain(self) -> None:
        """Encoders cannot be told to come back elsewhere; ended now, they notice now."""
        self.is_draining = True
        sessions = list(self._sessions.items())
        for port, _ in sessions:
            port.stop()
        await asyncio.gather(*(task for _, (_, task) in sessions), return_exceptions=True)

    def renew_now(self) -> None:
        """The bus is back."""
        for renewer, _ in self._sessions.values():
            renewer.renew_now()

    async def _keep(self, who: Participant, port: WhipSession, renewer: LeaseRenewer) -> None:
        """Renews the lease as long as the transport lives, then logs out."""
        while not port.over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._presence.ttl_s / RENEWALS_PER_TTL):
                    await port.over.wait()
                    break
            renewer.renew_now()
        self._sessions.pop(port, None)
        set_cause(*port.cause)  # not the request that it began with
        await self._leave(who, LogoutReason.LOGOUT_REASON_MEDIA_LOST)

    async def _leave(self, who: Participant, reason: LogoutReason.ValueType) -> None:
        try:
            await self._logouts.end(who.view, who.user_id, who.session_id, reason)
            await self._presence.end(who.lease)
        except SalonError as error:
            log.warning("whip-not-logged-out", err_code=error.code)  # its lease runs out
        self._logouts.let_go(who, is_over=True)
