"""Where something new is, said so that whoever asked can follow it, also below a path that a proxy puts before ours."""

from starlette.requests import Request

PREFIX_HEADER = "x-forwarded-prefix"
PREFIX_MAX_CHARACTERS = 1024
_PROXIES_SAY = (
    PREFIX_HEADER, "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port",
    "x-forwarded-proto", "x-forwarded-server", "x-real-ip",
)  # fmt: skip
_SEGMENT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@%")


def location(request: Request, path: str) -> str:
    """A reference (RFC 3986) to `path`, which is absolute here.

    Behind a proxy that names its prefix it is absolute there. Behind one that does not, it is relative to the request.
    Without one it stays as it is: some clients can do nothing but put it behind the address of the server.
    Anybody can send these headers, and thereby says where an answer that only he gets leads himself.
    """
    prefix = _named_prefix(request)
    if prefix is not None:
        return prefix + path
    if request.scope["http_version"] == "1.0" or any(name in request.headers for name in _PROXIES_SAY):
        asked: str = request.scope["path"]
        return "../" * (asked.count("/") - 1) + path.removeprefix("/")
    return path


def _named_prefix(request: Request) -> str | None:
    """What all proxies together put before the path, the outermost first; None if none says it, or no path."""
    named = request.headers.getlist(PREFIX_HEADER)
    if not named or sum(map(len, named)) > PREFIX_MAX_CHARACTERS:
        return None
    parts = [part.strip().removesuffix("/") for part in ",".join(named).split(",")]
    return "".join(parts) if all(map(_is_path, parts)) else None


def _is_path(part: str) -> bool:
    """Empty, or segments each of which stays below the one before."""
    before, *segments = part.split("/")
    return before == "" and all(each not in ("", ".", "..") and _SEGMENT.issuperset(each) for each in segments)
