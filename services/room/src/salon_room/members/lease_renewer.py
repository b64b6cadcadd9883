"""Keeps the presence lease of one log-in as long as somebody says that its client is alive."""

import time

from salon.room.v1.events_pb2 import LogoutReason
from salon.room.v1.signal_pb2 import LoggedOut, ServerMessage
from salon_contracts.errors import LoggedInElsewhere, SalonError, SessionGone
from salon_kit.log import get_logger

from salon_room.background import Spawn
from salon_room.core.connection.inputs import End
from salon_room.core.notices import DUPLICATE_LOGIN, HEARTBEAT_TIMEOUT
from salon_room.core.signal_json import encode
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant
from salon_room.members.presence import PresenceBook, ResumedElsewhere

log = get_logger()

RENEWALS_PER_TTL = 4
"""More heartbeats than that within a time to live do not reach NATS."""


class LeaseRenewer:
    def __init__(self, presence: PresenceBook, logouts: Logouts, spawn: Spawn, who: Participant) -> None:
        self._presence = presence
        self._logouts = logouts
        self._spawn = spawn
        self._who = who
        self._interval_ns = presence.ttl_s * 1_000_000_000 // RENEWALS_PER_TTL
        self._renewed_at_ns = time.monotonic_ns()
        self._renewing = False

    def beat(self) -> None:
        """The client is alive."""
        if time.monotonic_ns() >= self._renewed_at_ns + self._interval_ns:
            self.renew_now()

    def renew_now(self) -> None:
        """Also when the bus is back: whoever is here still is present, whatever its lease says."""
        if not self._renewing:
            self._renewing = True
            self._spawn("renew-presence", self._renew())

    async def _renew(self) -> None:
        who = self._who
        try:
            await self._presence.renew(who.lease)
            self._renewed_at_ns = time.monotonic_ns()
        except ResumedElsewhere:
            who.port.end(End.RESUMED_ELSEWHERE)
        except LoggedInElsewhere:
            duplicate = LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN
            await self._ended_without_event(duplicate, DUPLICATE_LOGIN, "logged-in-elsewhere")
        except SessionGone:
            expired = LogoutReason.LOGOUT_REASON_LEASE_EXPIRED
            await self._ended_without_event(expired, HEARTBEAT_TIMEOUT, "lease-expired")
        except SalonError as error:
            # Again with the next sign of life, or when the bus is back.
            log.warning("presence-not-renewed", err_code=error.code)
        finally:
            self._renewing = False

    async def _ended_without_event(self, reason: LogoutReason.ValueType, code: int, name: str) -> None:
        """The lease is not ours any more. Whoever took it says so with events, but may have died over it."""
        who = self._who
        if not who.is_attached:
            return
        try:
            if await self._logouts.end(who.view, who.user_id, who.session_id, reason):
                return  # told by the event
        except SalonError as error:
            log.warning("end-not-recorded", err_code=error.code)
        if who.is_attached:
            who.port.notify(encode(ServerMessage(logged_out=LoggedOut(code=code, reason=name))))
            who.port.end(End.OVER)
