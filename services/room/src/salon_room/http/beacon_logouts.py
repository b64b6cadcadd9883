"""A page's last word where its socket is closed already: `POST /ws` with the log-in's key.

Firefox closes a page's sockets when it begins to go elsewhere, and tells the page afterwards; what a page may still
send then, in every browser, is a request that outlives it (`navigator.sendBeacon`). Without it the log-in ends like any
whose socket closes with 1001, some seconds later.
"""

from salon_contracts.errors import SalonError, SessionGone
from salon_contracts.ids import parse_app_id, parse_user_id
from starlette.requests import Request
from starlette.responses import Response

from salon_room.http import json_body
from salon_room.http.errors import error_response
from salon_room.members.logouts import Logouts
from salon_room.members.presence import PresenceBook
from salon_room.quotas import Quotas, client_address

BODY_MAX_BYTES = 2048
"""Room for the longest user id and the keys, in any way to write them as JSON."""


class BeaconLogouts:
    def __init__(self, presence: PresenceBook, logouts: Logouts, quotas: Quotas) -> None:
        self._presence = presence
        self._logouts = logouts
        self._quotas = quotas

    async def answer(self, request: Request) -> Response:
        """Counts as an attempt to log in. The answer does not say whether there was such a log-in."""
        try:
            self._quotas.attempt(client_address(request))
            # Text is what pages may send to another origin without asking first.
            said = await json_body.read_object(request, BODY_MAX_BYTES)
            app_id = parse_app_id(json_body.number(said, "appId"))
            user_id = parse_user_id(json_body.text(said, "userId"))
            session_id, resume_key = json_body.text(said, "sessionId"), json_body.text(said, "resumeKey")
            record = await self._presence.find(app_id, user_id, session_id, resume_key)
            await self._logouts.leave_by_key(record)
        except SessionGone:
            pass
        except SalonError as error:
            return error_response(error)
        return Response(status_code=204, headers={"cache-control": "no-store"})
