"""What browsers are told to forbid, beside a page or a file of this server."""

import re
from collections.abc import Callable

from starlette.requests import Request

Headers = Callable[[Request], dict[str, str]]

HSTS_MAX_AGE_S = 180 * 24 * 3600
"""Half a year. No preload and no subdomains: the name may have other uses, and an operator may think again."""

_FEATURES_OF_OTHERS = (
    "accelerometer", "bluetooth", "geolocation", "gyroscope", "hid", "magnetometer", "midi", "payment",
    "publickey-credentials-get", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
PERMISSIONS = ", ".join(
    [
        *(f"{feature}=(self)" for feature in ("camera", "microphone", "display-capture")),
        *(f"{feature}=()" for feature in _FEATURES_OF_OTHERS),
    ]
)

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LOCAL = {"localhost", "127.0.0.1", "[::1]"}


def of_page(request: Request) -> dict[str, str]:
    return {
        **_transport_security(request),
        "content-security-policy": _content_policy(request),
        "permissions-policy": PERMISSIONS,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "SAMEORIGIN",
        "cross-origin-opener-policy": "same-origin",
    }


def of_shared_file(request: Request) -> dict[str, str]:
    """For the SDK file, which pages of other origins load."""
    return {
        **_transport_security(request),
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        "x-content-type-options": "nosniff",
    }


def _content_policy(request: Request) -> str:
    return "; ".join(
        [
            "default-src 'self'",
            f"connect-src {' '.join(_connect_sources(request))}",
            "media-src 'self' blob:",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


def _connect_sources(request: Request) -> list[str]:
    """This server, over HTTP and as a WebSocket: not every browser takes 'self' for the latter."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        return ["'self'"]
    # Behind a proxy that is not named as trusted a page may have come over TLS without our knowing.
    schemes = ["wss"] if request.url.scheme == "https" else ["ws", "wss"]
    return ["'self'", *(f"{scheme}://{host}" for scheme in schemes)]


def _transport_security(request: Request) -> dict[str, str]:
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    if request.url.scheme != "https" or host in _LOCAL:  # "localhost" is everything that is developed on a machine
        return {}
    return {"strict-transport-security": f"max-age={HSTS_MAX_AGE_S}"}
