"""A page's last word where its socket is closed already: `POST /ws` with the log-in's key.

Firefox closes a page's sockets when it begins to go elsewhere, and tells the page afterwards; what a page may still
send then, in every browser, is a request that outlives it (`navigator.sendBeacon`). Without it the log-in ends like any
whose socket closes with 1001, some seconds later.
"""

import json
from typing import Any

from salon_contracts.errors import RequestMalformed, SalonError, SessionGone
from salon_contracts.ids import parse_app_id, parse_user_id
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from salon_room.endings import Endings
from salon_room.http_errors import error_response
from salon_room.presence import PresenceBook
from salon_room.quotas import Quotas, client_address

BODY_MAX_BYTES = 2048
"""Room for the longest user id and the keys, in any way to write them as JSON."""


class Farewells:
    def __init__(self, presence: PresenceBook, endings: Endings, quotas: Quotas) -> None:
        self._presence = presence
        self._endings = endings
        self._quotas = quotas

    async def answer(self, request: Request) -> Response:
        """Counts as an attempt to log in. The answer does not say whether there was such a log-in."""
        try:
            self._quotas.attempt(client_address(request))
            said = await _body(request)
            app_id, user_id = parse_app_id(_number(said, "appId")), parse_user_id(_text(said, "userId"))
            record = await self._presence.find(app_id, user_id, _text(said, "sessionId"), _text(said, "resumeKey"))
            await self._endings.leave_by_key(record)
        except SessionGone:
            pass
        except SalonError as error:
            return error_response(error)
        return Response(status_code=204, headers={"cache-control": "no-store"})


async def _body(request: Request) -> dict[str, Any]:
    """Whatever type it says it has: text is what pages may send to another origin without asking first."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX_BYTES:
                raise RequestMalformed(problem=f"the body is longer than {BODY_MAX_BYTES} bytes")
    except ClientDisconnect:
        raise RequestMalformed(problem="the body has no end") from None  # nobody hears it
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestMalformed(problem="the body is not JSON") from None
    if not isinstance(said, dict):
        raise RequestMalformed(problem="the body is not a JSON object")
    return said


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise RequestMalformed(problem=f"{name} is not a text")
    return value


def _number(said: dict[str, Any], name: str) -> int:
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RequestMalformed(problem=f"{name} is not a number")
    return value
