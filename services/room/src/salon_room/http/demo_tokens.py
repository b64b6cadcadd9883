"""Tokens for the demo page: off unless the operator names an app, which ought to be the page's alone.

Anybody who can open the page gets one, so it must be worth little: it names a user that nobody else is or was, and only
the page itself may ask. Requests have to come to one of the page's own host names (else a page of another site reaches
a server on loopback by a name of its own that leads there) and, if a browser says from which page, from that host; the
type of the body is one that pages of other sites may not send unasked, and no answer lets them.
"""

import secrets
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from salon_contracts.errors import SalonError
from salon_contracts.ids import AppId, UserId, parse_room_id, parse_user_id
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from salon_room.core.limits import Bucket, Rate
from salon_room.http import json_body
from salon_room.http.errors import error_response, plain_error
from salon_room.members.tokens import Tokens
from salon_room.quotas import client_address

PER_ADDRESS = Rate(1, 20, "1 demo token a second for one address")
ADDRESSES_MAX = 10_000
BODY_MAX_BYTES = 4096
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
USER_PREFIX = "demo-"
RANDOM_BYTES = 5
"""Of a user id; enough that nobody gets the one of somebody who is in a room, whom it would send out."""


class DemoTokens:
    def __init__(self, tokens: Tokens, app_id: int, lifetime_s: int, hosts: frozenset[str]) -> None:
        """`hosts`: names of this server besides those of loopback."""
        self._tokens = tokens
        self._app_id = AppId(app_id)
        self._lifetime_s = lifetime_s
        self._hosts = LOOPBACK_HOSTS | hosts
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    async def answer(self, request: Request) -> Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        try:
            self._take(client_address(request))
            document = await json_body.read_object(request, BODY_MAX_BYTES)
            user_id = _user_id(json_body.text(document, "userID"))
            room_id = parse_room_id(json_body.text(document, "roomID"))
            token = await self._tokens.mint(self._app_id, user_id, room_id, self._lifetime_s)
        except SalonError as error:
            return error_response(error)
        answer = {"appID": self._app_id, "userID": user_id, "token": token, "server": ""}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    def _refused(self, request: Request) -> Response | None:
        """What is answered before anything is read."""
        if self._app_id == 0:
            return plain_error(404, "demo-off", "This server gives no demo tokens.")
        host = request.headers.getlist("host")
        if len(host) != 1 or _host_name(f"//{host[0]}") not in self._hosts:
            return plain_error(403, "host-refused", "This is not a name of the demo page's server.")
        for origin in request.headers.getlist("origin"):
            if origin.lower() not in (f"http://{host[0]}".lower(), f"https://{host[0]}".lower()):
                return plain_error(403, "origin-refused", "Only the demo page may ask for its tokens.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return plain_error(415, "request-malformed", "The request must be sent as application/json.")
        return None

    def _take(self, address: str) -> None:
        bucket = self._buckets.pop(address, None) or Bucket(PER_ADDRESS)
        self._buckets[address] = bucket
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        bucket.take(time.monotonic_ns())


def _host_name(address: str) -> str | None:
    """Of `//host:port`; None if it is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # ValueError for one that is no number
    except ValueError:
        return None
    return parts.hostname if parts.netloc == address[2:] and "@" not in parts.netloc else None


def _user_id(wanted: str) -> UserId:
    """One of the page's own, with what was asked for as its readable part. Raises InvalidField."""
    parse_user_id(wanted)
    return parse_user_id(f"{USER_PREFIX}{wanted}-{secrets.token_hex(RANDOM_BYTES)}")
