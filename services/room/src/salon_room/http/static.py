"""Files the service gives away: the demo page and the browser SDK."""

import hashlib
import mimetypes
import os
from functools import lru_cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Receive, Scope, Send

from salon_room.http.security_headers import Headers

for _media_type, _suffix in (("text/javascript", ".js"), ("text/javascript", ".mjs"), ("text/plain", ".ts")):
    mimetypes.add_type(_media_type, _suffix)  # what Python knows differs from one version and machine to the other


@lru_cache(maxsize=256)
def _etag(path: str, mtime_ns: int, size_bytes: int) -> str:
    """Of the content alone, so that all instances say the same. The other arguments are what a change of it changes."""
    return f'"{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:32]}"'


class _WholeFile(FileResponse):
    """Ranges are not offered: their errors would be answered without the headers that every answer carries."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)


class Files(StaticFiles):
    """The files of one folder, with the headers that every answer carries."""

    def __init__(self, folder: Path, headers: Headers) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._headers = headers

    async def answer(self, request: Request, name: str) -> Response:
        """Raises HTTPException if there is no such file."""
        try:
            return await self.get_response(name, request.scope)
        except HTTPException as error:
            raise HTTPException(error.status_code, "There is no such file here.", self._headers(request)) from None

    def file_response(
        self, full_path: "os.PathLike[str] | str", stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        request = Request(scope)
        etag = _etag(str(full_path), stat_result.st_mtime_ns, stat_result.st_size)
        whole: Response = _WholeFile(full_path, status_code, {"etag": etag}, stat_result=stat_result)
        for name in ("accept-ranges", "last-modified"):  # images of the same release may have one time for all files
            del whole.headers[name]
        response = NotModifiedResponse(whole.headers) if self.is_not_modified(whole.headers, request.headers) else whole
        response.headers.update({**self._headers(request), "cache-control": "no-cache"})
        return response
