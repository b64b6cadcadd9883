"""WHIP (RFC 9725) and WHEP over HTTP.

    POST   /whip?app_id=…&room_id=…&stream_id=…     an offer to publish -> 201, answer, Location
    DELETE /whip/<app>/<user>/<session>             ends it, at any instance
    PATCH  (the same)                               204 while it lives
    POST   /whep?app_id=…&room_id=…&stream_id=…     an offer to play    -> 201, answer, Location
    DELETE /whep/<app>/<room>/<room session>/<transport>
    PATCH  (the same)

POST and DELETE carry a token in the Authorization header. Before the token is checked it is looked whether the client's
address may try, and before anything is read of the body, whether the token's user may make an offer. Locations hold no
secrets. A path may end with a slash.

PATCH brings candidates (trickle ICE), which nobody needs: every candidate of ours is in the answer, and a client's are
learnt from its connectivity checks. It changes nothing, so it needs no token. ICE restarts are not offered, so the ETag
never changes and If-Match is not looked at: clients send the one of the POST, or a star.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from fastapi import FastAPI
from salon_contracts.errors import InvalidField, OfferMalformed, SalonError, SessionGone, TransportNotFound
from salon_contracts.ids import (
    AppId,
    RoomId,
    RoomSessionId,
    StreamId,
    TransportId,
    UserId,
    parse_app_id,
    parse_own_id,
    parse_room_id,
    parse_stream_id,
    parse_user_id,
)
from salon_contracts.subjects import decode, encode
from salon_kit.log import get_logger
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from salon_room import metrics
from salon_room.core.signal_json import SDP_MAX_BYTES
from salon_room.http.cors import CORS, preflight
from salon_room.http.errors import error_response, plain_error
from salon_room.http.locations import location
from salon_room.http.whep_viewers import WhepViewers
from salon_room.http.whip_publishers import WhipPublishers
from salon_room.members.tokens import Permit
from salon_room.quotas import ClientAddress, Quotas, client_address
from salon_room.views.room_view import RoomKey

log = get_logger()

WHIP_RESOURCE = "/whip/{app_id}/{user}/{session_id}"
WHEP_RESOURCE = "/whep/{app_id}/{room}/{room_session}/{transport}"
OFFER_TYPE, FRAGMENT_TYPE = "application/sdp", "application/trickle-ice-sdpfrag"
ENDPOINT = {"allow": "POST, OPTIONS", "accept-post": OFFER_TYPE}
RESOURCE = {"allow": "PATCH, DELETE, OPTIONS", "accept-patch": FRAGMENT_TYPE}
OTHER_METHODS = ["GET", "HEAD", "PUT"]
FRAGMENT_MAX_BYTES = 32 * 1024
"""Some 200 candidates. It is read and left, from anybody."""

Admit = Callable[[AppId, RoomId, StreamId, str], Awaitable[Permit]]
"""(app, room, stream, token)"""
Answered = Callable[[AppId, RoomId, StreamId, Permit, str, ClientAddress], Awaitable[tuple[str, str]]]
"""(app, room, stream, permit, offer, the client's address) -> (path, answer)"""


class Refused(Exception):
    """An answer that is not one of the service's errors."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def add_routes(app: FastAPI, whip_publishers: WhipPublishers, whep_viewers: WhepViewers, quotas: Quotas) -> None:
    async def publish(
        app_id: AppId, room_id: RoomId, stream: StreamId, permit: Permit, sdp: str, address: ClientAddress
    ) -> tuple[str, str]:
        if whip_publishers.is_draining:
            message = "This instance stops; another one answers."
            raise Refused(plain_error(503, "going-away", message, {**CORS, "retry-after": "1", "connection": "close"}))
        who, answer = await whip_publishers.publish(app_id, room_id, stream, permit, sdp, address)
        return f"/whip/{app_id}/{encode(who.user_id)}/{who.session_id}", answer

    async def play(
        app_id: AppId, room_id: RoomId, stream: StreamId, permit: Permit, sdp: str, address: ClientAddress
    ) -> tuple[str, str]:
        key, transport_id, answer = await whep_viewers.play(app_id, room_id, stream, permit, sdp, address)
        return f"/whep/{app_id}/{encode(room_id)}/{encode(key.room_session_id)}/{encode(transport_id)}", answer

    async def whip(request: Request) -> Response:
        return await _create(request, quotas, whip_publishers.admit, publish, "whip")

    async def whep(request: Request) -> Response:
        return await _create(request, quotas, whep_viewers.admit, play, "whep")

    async def whip_session(request: Request, app_id: str, user: str, session_id: str) -> Response:
        where: tuple[AppId, UserId] | None = None
        with suppress(ValueError, InvalidField):
            where = parse_app_id(int(app_id)), parse_user_id(decode(user))

        async def stop(token: str) -> None:
            if where is None:
                raise SessionGone
            await whip_publishers.stop(*where, session_id, token)

        async def check() -> None:
            if where is None:
                raise SessionGone
            await whip_publishers.check_lives(*where, session_id)

        if request.method == "PATCH":
            return await _trickle(request, quotas, check, "whip-patch")
        return await _delete(request, quotas, stop, "whip-delete")

    async def whep_session(request: Request, app_id: str, room: str, room_session: str, transport: str) -> Response:
        where: tuple[RoomKey, TransportId] | None = None
        with suppress(ValueError, InvalidField):
            session = RoomSessionId(parse_own_id("room_session_id", decode(room_session)))
            key = RoomKey(parse_app_id(int(app_id)), parse_room_id(decode(room)), session)
            where = key, TransportId(parse_own_id("transport_id", decode(transport)))

        async def stop(token: str) -> None:
            if where is None:
                raise TransportNotFound(transport_id="")
            await whep_viewers.stop(*where, token)

        async def check() -> None:
            if where is None:
                raise TransportNotFound(transport_id="")
            await whep_viewers.check_lives(*where)

        if request.method == "PATCH":
            return await _trickle(request, quotas, check, "whep-patch")
        return await _delete(request, quotas, stop, "whep-delete")

    for endpoint, create in (("/whip", whip), ("/whep", whep)):
        for path in _spellings(endpoint):
            app.add_api_route(path, create, methods=["POST"])
            app.add_api_route(path, _endpoint_options, methods=["OPTIONS"])
            app.add_api_route(path, _endpoint_methods, methods=[*OTHER_METHODS, "PATCH", "DELETE"])
    for resource, change in ((WHIP_RESOURCE, whip_session), (WHEP_RESOURCE, whep_session)):
        for path in _spellings(resource):
            app.add_api_route(path, change, methods=["PATCH", "DELETE"])
            app.add_api_route(path, _resource_options, methods=["OPTIONS"])
            app.add_api_route(path, _resource_methods, methods=[*OTHER_METHODS, "POST"])


def _spellings(path: str) -> Iterable[str]:
    """People configure addresses with a slash at the end, and clients make them so."""
    return path, f"{path}/"


async def _create(request: Request, quotas: Quotas, admit: Admit, answer_offer: Answered, kind: str) -> Response:
    async def create() -> Response:
        token = _bearer(request)
        app_id, room_id, stream = _target(request)
        address = client_address(request)
        quotas.attempt(address)
        permit = await admit(app_id, room_id, stream, token)
        with quotas.offer(app_id, permit.user_id, address):
            sdp = await _offer(request)
            path, answer = await answer_offer(app_id, room_id, stream, permit, sdp, address)
        etag = hashlib.sha256(answer.encode()).hexdigest()[:32]
        headers = {**CORS, "location": location(request, path), "etag": f'"{etag}"', "cache-control": "no-store"}
        return Response(answer, status_code=201, headers=headers, media_type=OFFER_TYPE)

    return await _counted(kind, create())


async def _delete(request: Request, quotas: Quotas, stop: Callable[[str], Awaitable[None]], kind: str) -> Response:
    async def delete() -> Response:
        token = _bearer(request)
        quotas.attempt(client_address(request))
        await stop(token)
        return Response(status_code=200, headers=CORS)

    return await _counted(kind, delete())


async def _trickle(request: Request, quotas: Quotas, check: Callable[[], Awaitable[None]], kind: str) -> Response:
    async def trickle() -> Response:
        quotas.attempt(client_address(request))
        await _read_fragment(request)
        await check()
        return Response(status_code=204, headers=CORS)

    return await _counted(kind, trickle())


async def _counted(kind: str, answer: Awaitable[Response]) -> Response:
    """The answer, or the one that says why there is none."""
    try:
        response = await answer
    except SalonError as error:
        metrics.REQUESTS.labels(kind=kind, result=error.code).inc()
        return error_response(error, CORS)
    except Refused as refused:
        metrics.REQUESTS.labels(kind=kind, result="refused").inc()
        return refused.response
    metrics.REQUESTS.labels(kind=kind, result="ok").inc()
    return response


async def _endpoint_options(request: Request) -> Response:
    return Response(status_code=204, headers={**preflight(request), **ENDPOINT})


async def _resource_options(request: Request) -> Response:
    return Response(status_code=204, headers={**preflight(request), **RESOURCE})


async def _endpoint_methods() -> Response:
    headers = {**CORS, **ENDPOINT}
    return plain_error(405, "method-not-allowed", "Only POST creates a session here.", headers)


async def _resource_methods() -> Response:
    headers = {**CORS, **RESOURCE}
    return plain_error(405, "method-not-allowed", "A session can only be deleted, or given candidates.", headers)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        headers = {**CORS, "www-authenticate": "Bearer"}
        message = "A token is needed: Authorization: Bearer <token>."
        raise Refused(plain_error(401, "token-missing", message, headers))
    return token.strip()


async def _offer(request: Request) -> str:
    """The body: bounded, of the right type, and an SDP at first sight."""
    if _content_type(request) != OFFER_TYPE:
        message = f"The offer must be sent as {OFFER_TYPE}."
        raise Refused(plain_error(415, "offer-malformed", message, {**CORS, "accept-post": OFFER_TYPE}))
    body = await _body(request, SDP_MAX_BYTES, "offer-malformed")
    try:
        sdp = body.decode()
    except UnicodeDecodeError:
        raise OfferMalformed(problem="not UTF-8") from None
    if not sdp.startswith("v=0") or "m=" not in sdp:
        raise OfferMalformed(problem="no session description with a media section")
    return sdp


async def _read_fragment(request: Request) -> None:
    """Candidates, of which nothing is kept. Clients also send nothing at all, or do not say what it is."""
    body = await _body(request, FRAGMENT_MAX_BYTES, "request-malformed")
    if body and _content_type(request) not in ("", FRAGMENT_TYPE):
        message = f"Candidates must be sent as {FRAGMENT_TYPE}; nothing else of a session can be changed."
        raise Refused(plain_error(415, "request-malformed", message, {**CORS, "accept-patch": FRAGMENT_TYPE}))


async def _body(request: Request, max_bytes: int, code: str) -> bytes:
    """`code`: of the error for one that is longer."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                message = f"The body is longer than {max_bytes} bytes."
                raise Refused(plain_error(413, code, message, {**CORS, "connection": "close"}))
    except ClientDisconnect:
        raise Refused(Response(status_code=400)) from None
    return bytes(body)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _target(request: Request) -> tuple[AppId, RoomId, StreamId]:
    query = request.query_params
    app_id = query.get("app_id", "")
    if not (app_id.isascii() and app_id.isdigit() and len(app_id) <= 10):
        raise InvalidField(field="app_id", problem="out of range", limit="1 to 4294967295")
    return (
        parse_app_id(int(app_id)),
        parse_room_id(query.get("room_id", "")),
        parse_stream_id(query.get("stream_id", "")),
    )
