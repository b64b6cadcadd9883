"""Errors over HTTP: `{"error":{"code":"kebab-case","message":"One sentence."}}` with a fitting status."""

from collections.abc import Mapping

from salon_contracts import errors
from salon_contracts.errors import SalonError
from starlette.responses import JSONResponse, Response

STATUS: dict[type[SalonError], int] = {
    errors.SalonError: 500,
    errors.InvalidField: 400,
    errors.RequestMalformed: 400,
    errors.RateLimited: 429,
    errors.QuotaExceeded: 429,
    errors.TokenError: 401,
    errors.TokenUserMismatch: 403,
    errors.TokenRoomMismatch: 403,
    errors.TokenPrivilegeMissing: 403,
    errors.RoomFull: 403,
    errors.AppNotFound: 404,
    errors.NotLoggedIn: 409,  # any more: a newer log-in of the user came in between
    errors.LoggedInElsewhere: 409,
    errors.SessionGone: 404,
    errors.StreamExists: 409,
    errors.StreamNotFound: 404,
    errors.OfferMalformed: 400,
    errors.OfferUnacceptable: 422,
    errors.TransportNotFound: 404,
}


def status_of(error: SalonError) -> int:
    if error.retryable and type(error) not in STATUS:
        return 503
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def error_response(error: SalonError, headers: Mapping[str, str] | None = None) -> Response:
    status = status_of(error)
    extra = dict(headers or {})
    if status == 401:
        extra["www-authenticate"] = f'Bearer error="invalid_token", error_description="{error.code}"'
    if status in (429, 503):
        extra["retry-after"] = "1"
    return plain_error(status, error.code, str(error), extra)


def plain_error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status_code=status, headers={**(headers or {}), "cache-control": "no-store"})
