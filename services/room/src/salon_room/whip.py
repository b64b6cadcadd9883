"""WHIP (RFC 9725) and WHEP over HTTP.

    POST   /whip?app_id=…&room_id=…&stream_id=…     an offer to publish -> 201, answer, Location
    DELETE /whip/<app>/<user>/<session>             ends it, at any instance
    POST   /whep?app_id=…&room_id=…&stream_id=…     an offer to play    -> 201, answer, Location
    DELETE /whep/<app>/<room>/<room session>/<transport>

Each request carries a token in its Authorization header. Before the token is checked it is looked whether the client's
address may try, and before anything is read of the body, whether the token's user may make an offer. Locations hold no
secrets. Every candidate is in the answer and ICE restarts are not offered, so there is no PATCH.
"""

import hashlib
from collections.abc import Awaitable, Callable

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
    parse_room_id,
    parse_stream_id,
)
from salon_contracts.subjects import decode, encode
from salon_kit.log import get_logger
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from salon_room import metrics
from salon_room.egress import Egress
from salon_room.frames import SDP_MAX_BYTES
from salon_room.http_errors import error_response, plain_error
from salon_room.ingest import Ingest
from salon_room.quotas import ClientAddress, Quotas, client_address
from salon_room.room_view import RoomKey
from salon_room.tokens import Permit

log = get_logger()

CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Location, ETag, Retry-After, WWW-Authenticate",
}
PREFLIGHT = {
    **CORS,
    "access-control-allow-methods": "POST, DELETE, OPTIONS",
    "access-control-allow-headers": "Authorization, Content-Type, If-Match",
    "access-control-max-age": "86400",
}
WHIP_RESOURCE = "/whip/{app_id}/{user}/{session_id}"
WHEP_RESOURCE = "/whep/{app_id}/{room}/{room_session}/{transport}"
ENDPOINT_ALLOW = {"allow": "POST, OPTIONS"}
RESOURCE_ALLOW = {"allow": "DELETE, OPTIONS"}
OTHER_METHODS = ["GET", "HEAD", "PUT", "PATCH"]

Admit = Callable[[AppId, RoomId, StreamId, str], Awaitable[Permit]]
"""(app, room, stream, token)"""
Answered = Callable[[AppId, RoomId, StreamId, Permit, str, ClientAddress], Awaitable[tuple[str, str]]]
"""(app, room, stream, permit, offer, the client's address) -> (location, answer)"""


class Refused(Exception):
    """An answer that is not one of the service's errors."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def add_routes(app: FastAPI, ingest: Ingest, egress: Egress, quotas: Quotas) -> None:
    async def publish(
        app_id: AppId, room_id: RoomId, stream: StreamId, permit: Permit, sdp: str, address: ClientAddress
    ) -> tuple[str, str]:
        if ingest.is_draining:
            message = "This instance stops; another one answers."
            raise Refused(plain_error(503, "going-away", message, {**CORS, "retry-after": "1", "connection": "close"}))
        who, answer = await ingest.publish(app_id, room_id, stream, permit, sdp, address)
        return f"/whip/{app_id}/{encode(who.user_id)}/{who.session_id}", answer

    async def play(
        app_id: AppId, room_id: RoomId, stream: StreamId, permit: Permit, sdp: str, address: ClientAddress
    ) -> tuple[str, str]:
        key, transport_id, answer = await egress.play(app_id, room_id, stream, permit, sdp, address)
        return f"/whep/{app_id}/{encode(room_id)}/{encode(key.room_session_id)}/{encode(transport_id)}", answer

    @app.post("/whip")
    async def whip(request: Request) -> Response:
        return await _create(request, quotas, ingest.admit, publish, "whip")

    @app.post("/whep")
    async def whep(request: Request) -> Response:
        return await _create(request, quotas, egress.admit, play, "whep")

    @app.delete(WHIP_RESOURCE)
    async def stop_whip(request: Request, app_id: str, user: str, session_id: str) -> Response:
        async def stop(token: str) -> None:
            try:
                where = parse_app_id(int(app_id)), UserId(decode(user))
            except (ValueError, InvalidField):
                raise SessionGone from None
            await ingest.stop(*where, session_id, token)

        return await _delete(request, quotas, stop, "whip-delete")

    @app.delete(WHEP_RESOURCE)
    async def stop_whep(request: Request, app_id: str, room: str, room_session: str, transport: str) -> Response:
        async def stop(token: str) -> None:
            try:
                where = RoomKey(parse_app_id(int(app_id)), RoomId(decode(room)), RoomSessionId(decode(room_session)))
                transport_id = TransportId(decode(transport))
            except (ValueError, InvalidField):
                raise TransportNotFound(transport_id="") from None
            await egress.stop(where, transport_id, token)

        return await _delete(request, quotas, stop, "whep-delete")

    for path, resource in (("/whip", WHIP_RESOURCE), ("/whep", WHEP_RESOURCE)):
        app.add_api_route(path, _preflight, methods=["OPTIONS"])
        app.add_api_route(path, _endpoint_methods, methods=OTHER_METHODS)
        app.add_api_route(resource, _preflight, methods=["OPTIONS"])
        app.add_api_route(resource, _resource_methods, methods=[*OTHER_METHODS, "POST"])


async def _create(request: Request, quotas: Quotas, admit: Admit, answer_offer: Answered, kind: str) -> Response:
    try:
        token = _bearer(request)
        app_id, room_id, stream = _target(request)
        address = client_address(request)
        quotas.attempt(address)
        permit = await admit(app_id, room_id, stream, token)
        with quotas.offer(app_id, permit.user_id, address):
            sdp = await _offer(request)
            location, answer = await answer_offer(app_id, room_id, stream, permit, sdp, address)
    except SalonError as error:
        metrics.REQUESTS.labels(kind=kind, result=error.code).inc()
        return error_response(error, CORS)
    except Refused as refused:
        metrics.REQUESTS.labels(kind=kind, result="refused").inc()
        return refused.response
    metrics.REQUESTS.labels(kind=kind, result="ok").inc()
    etag = hashlib.sha256(answer.encode()).hexdigest()[:32]
    headers = {**CORS, "location": location, "etag": f'"{etag}"', "cache-control": "no-store"}
    return Response(answer, status_code=201, headers=headers, media_type="application/sdp")


async def _delete(request: Request, quotas: Quotas, stop: Callable[[str], Awaitable[None]], kind: str) -> Response:
    try:
        token = _bearer(request)
        quotas.attempt(client_address(request))
        await stop(token)
    except SalonError as error:
        metrics.REQUESTS.labels(kind=kind, result=error.code).inc()
        return error_response(error, CORS)
    except Refused as refused:
        metrics.REQUESTS.labels(kind=kind, result="refused").inc()
        return refused.response
    metrics.REQUESTS.labels(kind=kind, result="ok").inc()
    return Response(status_code=200, headers=CORS)


async def _preflight() -> Response:
    return Response(status_code=204, headers=PREFLIGHT)


async def _endpoint_methods() -> Response:
    headers = {**CORS, **ENDPOINT_ALLOW}
    return plain_error(405, "method-not-allowed", "Only POST creates a session here.", headers)


async def _resource_methods() -> Response:
    headers = {**CORS, **RESOURCE_ALLOW}
    return plain_error(405, "method-not-allowed", "A session can only be deleted.", headers)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        headers = {**CORS, "www-authenticate": "Bearer"}
        message = "A token is needed: Authorization: Bearer <token>."
        raise Refused(plain_error(401, "token-missing", message, headers))
    return token.strip()


async def _offer(request: Request) -> str:
    """The body: bounded, of the right type, and an SDP at first sight."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/sdp":
        message = "The offer must be sent as application/sdp."
        raise Refused(plain_error(415, "offer-malformed", message, {**CORS, "accept-post": "application/sdp"}))
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > SDP_MAX_BYTES:
                message = f"The offer is longer than {SDP_MAX_BYTES} bytes."
                raise Refused(plain_error(413, "offer-malformed", message, {**CORS, "connection": "close"}))
    except ClientDisconnect:
        raise Refused(Response(status_code=400)) from None
    try:
        sdp = body.decode()
    except UnicodeDecodeError:
        raise OfferMalformed(problem="not UTF-8") from None
    if not sdp.startswith("v=0") or "m=" not in sdp:
        raise OfferMalformed(problem="no session description with a media section")
    return sdp


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
