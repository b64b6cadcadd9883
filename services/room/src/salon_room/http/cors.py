"""What pages of other origins may ask over WHIP and WHEP: all there is, since the token counts and not the origin."""

from starlette.requests import Request

EXPOSED = "Location, ETag, Accept-Post, Accept-Patch, Retry-After, WWW-Authenticate"
CORS = {"access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED}
METHODS = "POST, PATCH, DELETE, OPTIONS"
USUAL_HEADERS = "Authorization, Content-Type, If-Match, *"
"""A browser does not take the star for Authorization."""
ASKED_MAX_CHARACTERS = 4096
_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")
"""RFC 9110, 5.6.2."""


def preflight(request: Request) -> dict[str, str]:
    """The headers that allow what is asked for, whichever headers a page wants to send."""
    return {
        **CORS,
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": _asked(request) or USUAL_HEADERS,
        "access-control-max-age": "86400",
        "vary": "Access-Control-Request-Headers",
    }


def _asked(request: Request) -> str:
    """The names that are asked for; empty if they are none."""
    text = ",".join(request.headers.getlist("access-control-request-headers"))
    if len(text) > ASKED_MAX_CHARACTERS:
        return ""
    names = [name.strip() for name in text.split(",")]
    return ", ".join(names) if all(name and _TOKEN.issuperset(name) for name in names) else ""
