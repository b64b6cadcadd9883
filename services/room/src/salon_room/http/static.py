"""Files the service gives away: the demo page and the browser SDK."""

import mimetypes
import os
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from salon_room.http.security_headers import Headers

for _media_type, _suffix in (("text/javascript", ".js"), ("text/javascript", ".mjs"), ("text/plain", ".ts")):
    mimetypes.add_type(_media_type, _suffix)  # what Python knows differs from one version and machine to the other


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
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update({**self._headers(Request(scope)), "cache-control": "no-cache"})
        return response
