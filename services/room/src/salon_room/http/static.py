"""Files the service gives away: the demo page and the browser SDK. Read once per change, answered with an ETag."""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from salon_room.http.errors import plain_error
from salon_room.http.security_headers import Headers

MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".ts": "text/plain", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _Read:
    modified_ns: int
    content: bytes
    etag: str


class Files:
    """The files right inside one folder, by name."""

    def __init__(self, folder: Path, headers: Headers) -> None:
        """`headers`: what every answer carries."""
        self._folder = folder
        self._headers = headers
        self._read: dict[str, _Read] = {}

    def names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.is_file() and path.suffix != ".py")

    def answer(self, request: Request, name: str) -> Response:
        more = self._headers(request)
        if name not in self.names():
            return plain_error(404, "not-found", "There is no such file here.", more)
        file = self._content(name)
        headers = {**more, "etag": file.etag, "cache-control": "no-cache"}
        if file.etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        suffix = Path(name).suffix
        media_type = MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(file.content, headers=headers, media_type=media_type)

    def _content(self, name: str) -> _Read:
        path = self._folder / name
        modified_ns = path.stat().st_mtime_ns
        known = self._read.get(name)
        if known is None or known.modified_ns != modified_ns:
            content = path.read_bytes()
            known = _Read(modified_ns, content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
            self._read[name] = known
        return known
