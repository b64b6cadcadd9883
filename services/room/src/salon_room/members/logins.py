"""Log-in.

In this order: look whether the address may try, ask the token service, look whether the user may log in, find or open
the room session, take the presence lease, end the older log-in of the same user, append `user-logged-in`, confirm the
lease, look at the fold through the own event. Only what survives that is answered; everything else is undone with
events. A failure at any point leaves no ghost: the lease runs out, and whoever takes its marker ends what is left.
"""

import time
from dataclasses import dataclass

from salon.room.v1.events_pb2 import ClientKind, LoginRefused, LogoutReason, Presence, UserLoggedIn
from salon_contracts.errors import (
    BusUnavailable,
    Conflict,
    LoggedInElsewhere,
    RequestTimedOut,
    RoomFull,
    SalonError,
    SessionGone,
)
from salon_contracts.ids import AppId, RoomId, RoomSessionId, UserId, new_id
from salon_contracts.subjects import Entity, room_entity
from salon_kit.events import Events
from salon_kit.log import get_logger

from salon_room.core import decisions, event_bytes
from salon_room.core.decisions import Admission, OlderFirst
from salon_room.core.facts import Append, Reject
from salon_room.core.notices import Receiver
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant, ParticipantPort
from salon_room.members.presence import Lease, PresenceBook, ResumedElsewhere, hash_of
from salon_room.members.tokens import Permit, Tokens
from salon_room.quotas import ClientAddress, Quotas
from salon_room.views.room_view import RoomKey, RoomView
from salon_room.views.rooms import Rooms

log = get_logger()

ATTEMPTS = 40
"""Room sessions in a row that were closed in the face of a log-in, before the client is told to try again."""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """Validated."""

    app_id: AppId
    room_id: RoomId
    user_id: UserId
    user_name: str
    wants_user_updates: bool
    max_member_count: int
    client: ClientKind.ValueType
    address: ClientAddress


class Logins:
    def __init__(
        self,
        events: Events,
        rooms: Rooms,
        presence: PresenceBook,
        logouts: Logouts,
        tokens: Tokens,
        quotas: Quotas,
    ) -> None:
        self._events = events
        self._rooms = rooms
        self._presence = presence
        self._logouts = logouts
        self._tokens = tokens
        self._quotas = quotas

    async def log_in(self, request: LoginRequest, token: str, port: ParticipantPort) -> Participant:
        """In the room and attached to its view: everything above `view.position` will be told to `port`.

        Not to be cancelled: what is under way is finished or undone by itself (run it as a task of its own).
        """
        self._quotas.attempt(request.address)
        permit = await self._tokens.verify(request.app_id, token, request.user_id, request.room_id)
        permit.require_log_in()
        return await self.log_in_with(request, permit, port)

    async def log_in_with(self, request: LoginRequest, permit: Permit, port: ParticipantPort) -> Participant:
        self._quotas.another_log_in(lambda: self._rooms.others_of(request.app_id, request.user_id))
        size_bytes = event_bytes.of_log_in(request.room_id, request.user_id, request.user_name)
        self._quotas.log_in(request.app_id, request.user_id, size_bytes)
        session_id, resume_key, connection_id = new_id("s"), new_id("k"), new_id("c")
        lease: Lease | None = None
        try:
            for attempt in range(ATTEMPTS):
                try:
                    key = await self._rooms.find_or_open(
                        request.app_id, request.room_id, request.user_id, request.max_member_count, fresh=attempt > 0
                    )
                except Conflict:
                    continue
                view = await self._rooms.acquire(key)
                keep = False
                try:
                    if not await self._is_joinable(view):
                        continue
                    if isinstance(step := decisions.log_in(view.state, _logged_in(request, session_id)), Reject):
                        raise step.error  # before anybody is logged out for it
                    record = _presence(request, permit, key, session_id, resume_key, connection_id)
                    lease = await self._take_lease(lease, record)
                    if not await self._enter(view, request, session_id, lease):
                        continue
                    receiver = Receiver(request.user_id, session_id, request.wants_user_updates)
                    participant = Participant(
                        view,
                        request.user_id,
                        request.user_name,
                        session_id,
                        resume_key,
                        permit,
                        lease,
                        receiver,
                        port,
                        request.address,
                    )
                    participant.after_sequence = view.position
                    view.listeners.attach(participant)
                    keep = True
                    return participant
                finally:
                    if not keep:
                        self._rooms.release(view)
            raise Conflict(subject=request.room_id)
        except SalonError as error:
            # If the bus is away, something may still be on its way into the stream: the lease's expiry finds it.
            if lease is not None and not isinstance(error, BusUnavailable | RequestTimedOut):
                left, replaced = LogoutReason.LOGOUT_REASON_LEFT, LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN
                reason = replaced if isinstance(error, LoggedInElsewhere) else left
                await self._undo(request, session_id, lease, reason)
            if isinstance(error, RoomFull):
                await self._say_refused(request, error)
            raise

    async def _is_joinable(self, view: RoomView) -> bool:
        """False: this session is over, or left empty by somebody who could not close it."""
        if decisions.close_if_empty(view.state) or decisions.close_is_void(view.state):
            await view.reconciler.reconcile()
        if view.state.is_open:
            return True
        # The view may be a moment behind whoever opened the session again.
        await view.catch_up(room_entity(view.key.app_id, view.key.room_id))
        return view.state.is_open

    async def _take_lease(self, lease: Lease | None, record: Presence) -> Lease:
        """Ours from now on; whoever had it is logged out wherever that is."""
        if lease is not None:
            if lease.record.room_session_id != record.room_session_id:
                await self._presence.move(lease, record)
            return lease
        taken, older = await self._presence.take(record)
        if older is not None and older.session_id != record.session_id:
            here = (older.room_id, older.room_session_id) == (record.room_id, record.room_session_id)
            if not here:  # else _enter sees it
                app_id, room_id = AppId(older.app_id), RoomId(older.room_id)
                older_key = RoomKey(app_id, room_id, RoomSessionId(older.room_session_id))
                reason = LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN
                await self._logouts.end_in(older_key, UserId(older.user_id), older.session_id, reason)
        return taken

    async def _enter(self, view: RoomView, request: LoginRequest, session_id: str, lease: Lease) -> bool:
        """False: the session was closed before; try the next one. Raises RoomFull or LoggedInElsewhere."""
        state = view.state
        while not state.has_session(request.user_id, session_id):
            match decisions.log_in(state, _logged_in(request, session_id)):
                case Reject(error):
                    raise error
                case OlderFirst(older):
                    await self._confirm(lease)  # else the other one is the newer
                    reason = LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN
                    await self._logouts.end(view, request.user_id, older, reason, reconcile=False)
                case Append() as append:
                    try:
                        sequence = await view.append([append])
                    except Conflict:
                        continue
                    await self._confirm(lease)
                    await view.wait_through(sequence)
                    break
        while True:
            match decisions.admit(state, request.user_id, session_id):
                case Admission.STAYS:
                    return True
                case Admission.CLOSE_IS_VOID:
                    await view.reconciler.reconcile()
                case Admission.TOO_LATE:
                    await self._logouts.end(view, request.user_id, session_id, LogoutReason.LOGOUT_REASON_ROOM_CLOSED)
                    return False
                case Admission.OVER_LIMIT:
                    await self._logouts.end(view, request.user_id, session_id, LogoutReason.LOGOUT_REASON_ROOM_FULL)
                    raise RoomFull(limit=state.max_member_count)
                case Admission.REPLACED:
                    raise LoggedInElsewhere

    async def _confirm(self, lease: Lease) -> None:
        try:
            await self._presence.renew(lease)
        except (LoggedInElsewhere, SessionGone, ResumedElsewhere):
            raise LoggedInElsewhere from None

    async def _undo(self, request: LoginRequest, session_id: str, lease: Lease, reason: LogoutReason.ValueType) -> None:
        """A log-in that failed half-way, or whose client has gone: nothing of it may stay."""
        key = RoomKey(request.app_id, request.room_id, RoomSessionId(lease.record.room_session_id))
        try:
            await self._logouts.end_in(key, request.user_id, session_id, reason)
            await self._presence.end(lease)
        except SalonError as error:
            log.warning("login-not-undone", err_code=error.code)  # its lease runs out

    async def _say_refused(self, request: LoginRequest, error: SalonError) -> None:
        entity = Entity(request.app_id, request.room_id, None, "refusal", request.user_id)
        try:
            await self._events.append(entity, LoginRefused(user_id=request.user_id, code=error.code))
        except SalonError as failure:
            log.warning("refusal-not-recorded", err_code=failure.code)


def _logged_in(request: LoginRequest, session_id: str) -> UserLoggedIn:
    now_ms = time.time_ns() // 1_000_000
    return decisions.user_logged_in(request.user_id, request.user_name, session_id, now_ms, request.client)


def _presence(
    request: LoginRequest, permit: Permit, key: RoomKey, session_id: str, resume_key: str, connection_id: str
) -> Presence:
    return Presence(
        app_id=request.app_id,
        room_id=request.room_id,
        room_session_id=key.room_session_id,
        user_id=request.user_id,
        user_name=request.user_name,
        session_id=session_id,
        resume_key_sha256=hash_of(resume_key),
        wants_user_updates=request.wants_user_updates,
        may_publish=permit.may_publish,
        publishable_stream_ids=permit.stream_ids,
        playable_room_ids=permit.play_room_ids,
        token_expires_at_unix_s=permit.expires_at_unix_s,
        client=request.client,
        connection_id=connection_id,
    )
