import os
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from salon_room.http.static import Files
from starlette.requests import Request
from starlette.responses import Response

CONTENT = "0123456789"
HEADERS = {"x-content-type-options": "nosniff"}


def served(folder: Path) -> httpx.AsyncClient:
    app, files = FastAPI(), Files(folder, lambda _: HEADERS)

    @app.get("/{name}")
    async def file(request: Request, name: str) -> Response:
        return await files.answer(request, name)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://here")


def write(folder: Path, content: str, mtime_s: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a.js").write_text(content)
    os.utime(folder / "a.js", (mtime_s, mtime_s))


@pytest.mark.parametrize("wanted", ["bytes=99-", "bytes=5-2", "lines=1-2", "bytes=0-3", "bytes=0-1,4-5", "?"])
async def test_no_part_of_a_file_is_served_and_every_answer_has_its_headers(tmp_path: Path, wanted: str) -> None:
    write(tmp_path, CONTENT, 1000)
    async with served(tmp_path) as http:
        reply = await http.get("/a.js", headers={"range": wanted})
    assert (reply.status_code, reply.text) == (200, CONTENT)
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-cache"
    assert "accept-ranges" not in reply.headers


async def test_instances_with_the_same_file_give_it_the_same_tag(tmp_path: Path) -> None:
    write(tmp_path / "one", CONTENT, 1000)
    write(tmp_path / "two", CONTENT, 2000)
    async with served(tmp_path / "one") as one, served(tmp_path / "two") as two:
        etag = (await one.get("/a.js")).headers["etag"]
        again = await two.get("/a.js", headers={"if-none-match": etag})
    assert etag.startswith('"')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert again.headers["x-content-type-options"] == "nosniff"


async def test_a_newer_file_of_the_same_time_and_size_is_no_older_one(tmp_path: Path) -> None:
    """As of two releases whose files all have the same time."""
    write(tmp_path / "old", CONTENT, 1000)
    write(tmp_path / "new", CONTENT[::-1], 1000)
    async with served(tmp_path / "old") as old, served(tmp_path / "new") as new:
        known = await old.get("/a.js")
        for condition in (
            {"if-none-match": known.headers["etag"]},
            {"if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT"},
        ):
            reply = await new.get("/a.js", headers=condition)
            assert (reply.status_code, reply.text) == (200, CONTENT[::-1])
    assert "last-modified" not in known.headers
