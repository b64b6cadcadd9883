"""Tokens for the demo page: given to anybody, if the operator says so for one app."""

import json
import time
from collections import OrderedDict
from typing import Any

from salon_contracts.errors import RequestMalformed, SalonError
from salon_contracts.ids import AppId, parse_room_id, parse_user_id
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from salon_room.core.limits import Bucket, Rate
from salon_room.http_errors import error_response, plain_error
from salon_room.tokens import Tokens

PER_ADDRESS = Rate(1, 20, "1 demo token a second for one address")
ADDRESSES_MAX = 10_000
BODY_MAX_BYTES = 4096


class DemoTokens:
    def __init__(self, tokens: Tokens, app_id: int, lifetime_s: int) -> None:
        self._tokens = tokens
        self._app_id = AppId(app_id)
        self._lifetime_s = lifetime_s
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    async def answer(self, request: Request) -> Response:
        if self._app_id == 0:
            return plain_error(404, "demo-off", "This server gives no demo tokens.")
        try:
            self._take(request.client.host if request.client is not None else "")
            document = await _body(request)
            user_id = parse_user_id(_text(document, "userID"))
            room_id = parse_room_id(_text(document, "roomID"))
            token = await self._tokens.mint(self._app_id, user_id, room_id, self._lifetime_s)
        except SalonError as error:
            return error_response(error)
        answer = {"appID": self._app_id, "token": token, "server": ""}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    def _take(self, address: str) -> None:
        bucket = self._buckets.pop(address, None) or Bucket(PER_ADDRESS)
        self._buckets[address] = bucket
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        bucket.take(time.monotonic_ns())


async def _body(request: Request) -> dict[str, Any]:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX_BYTES:
                raise RequestMalformed(problem=f"the body is longer than {BODY_MAX_BYTES} bytes")
    except ClientDisconnect:
        raise RequestMalformed(problem="the body has no end") from None  # nobody hears it
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestMalformed(problem="the body is not JSON") from None
    if not isinstance(document, dict):
        raise RequestMalformed(problem="the body is not a JSON object")
    return document


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise RequestMalformed(problem=f"{name} is not a text")
    return value
