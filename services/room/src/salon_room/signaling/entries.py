"""How a connection gets its log-in: by logging in, or by resuming one. What the client is answered, and finds."""

import time

from salon.room.v1.events_pb2 import ClientKind
from salon.room.v1.signal_pb2 import LoggedIn, Login, Reply, Resume, Resumed, ServerMessage
from salon_contracts.errors import SalonError
from salon_contracts.ids import parse_app_id, parse_room_id, parse_user_id, parse_user_name
from salon_kit.log import bound, get_logger

from salon_room import metrics
from salon_room.core.connection.inputs import Entry
from salon_room.core.connection.replies import reply_frame
from salon_room.core.signal_json import with_present
from salon_room.members.logins import LoginRequest, Logins
from salon_room.members.participant import Participant, ParticipantPort
from salon_room.members.resumes import Resumes
from salon_room.quotas import ClientAddress, Quotas

log = get_logger()


class Entries:
    def __init__(
        self, logins: Logins, resumes: Resumes, quotas: Quotas, *, heartbeat_interval_s: float, presence_ttl_s: int
    ) -> None:
        self._logins = logins
        self._resumes = resumes
        self._quotas = quotas
        self._heartbeat_interval_ms = round(heartbeat_interval_s * 1000)
        self._presence_ttl_ms = presence_ttl_s * 1000

    async def log_in(
        self, request_id: int, login: Login, address: ClientAddress, port: ParticipantPort
    ) -> Entry[Participant]:
        """Raises the SalonError to answer with."""
        started_ns = time.monotonic_ns()
        try:
            request = LoginRequest(
                app_id=parse_app_id(login.app_id),
                room_id=parse_room_id(login.room_id),
                user_id=parse_user_id(login.user_id),
                user_name=parse_user_name(login.user_name),
                wants_user_updates=login.user_update,
                max_member_count=login.max_member_count,
                client=ClientKind.CLIENT_KIND_WEBSOCKET,
                address=address,
            )
            with bound(app_id=request.app_id, room_id=request.room_id, user_id=request.user_id):
                who = await self._logins.log_in(request, login.token, port)
        except SalonError as error:
            metrics.LOGINS.labels(result=error.code).inc()
            raise
        metrics.LOGINS.labels(result="ok").inc()
        metrics.LOGIN_SECONDS.observe((time.monotonic_ns() - started_ns) / 1e9)
        log.info("user-logged-in", **_ids(who))
        return self._found(request_id, who)

    def _found(self, request_id: int, who: Participant) -> Entry[Participant]:
        """What the newcomer finds, as of the view's position: the reply, and the pages that follow it."""
        view = who.view
        pages = view.present.pages(view.state, who.user_id, with_users=who.receiver.wants_user_updates)
        others = pages.frames()
        result = LoggedIn(
            session_id=who.session_id,
            resume_key=who.resume_key,
            room_session_id=view.state.room_session_id,
            heartbeat_interval_ms=self._heartbeat_interval_ms,
            presence_ttl_ms=self._presence_ttl_ms,
            token_expires_at_unix_s=who.permit.expires_at_unix_s,
            pages_to_come=len(others),
        )
        reply = ServerMessage(sequence=view.position, reply=Reply(request_id=request_id, logged_in=result))
        return Entry(who, with_present(reply, pages.first_users, pages.first_streams), others)

    async def resume(
        self, request_id: int, resume: Resume, address: ClientAddress, port: ParticipantPort
    ) -> Entry[Participant]:
        """Raises the SalonError to answer with."""
        try:
            app_id, user_id = parse_app_id(resume.app_id), parse_user_id(resume.user_id)
            self._quotas.attempt(address)
            who, missed = await self._resumes.resume(
                app_id, user_id, resume.session_id, resume.resume_key, resume.last_sequence, address, port
            )
        except SalonError as error:
            metrics.RESUMES.labels(result=error.code).inc()
            raise
        metrics.RESUMES.labels(result="ok").inc()
        log.info("user-resumed", **_ids(who), count=len(missed))
        result = Resumed(room_session_id=who.view.key.room_session_id, missed_count=len(missed))
        return Entry(who, reply_frame(request_id, result), missed)


def _ids(who: Participant) -> dict[str, str | int]:
    return {"app_id": who.app_id, "room_id": who.room_id, "user_id": who.user_id, "session_id": who.session_id}
