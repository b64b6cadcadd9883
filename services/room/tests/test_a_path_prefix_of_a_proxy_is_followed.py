"""Behind a proxy that serves this server below a path, whatever it points to is below that path as well."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
import pytest_asyncio
from salon_room.http.app import DEMO
from salon_room.http.locations import location
from starlette.requests import Request

from .conftest import Cloud
from .processes import RoomProcess
from .responders import APP, OFFER, token


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


def bearer() -> dict[str, str]:
    return {"content-type": "application/sdp", "authorization": f"Bearer {token('obs')}"}


async def behind(
    http: httpx.AsyncClient, room: RoomProcess, prefix: str, method: str, url: str, said: dict[str, str], body: str = ""
) -> httpx.Response:
    """What a proxy does that takes `prefix` away, and says `said`."""
    path = urlsplit(url).path
    assert path.startswith(f"{prefix}/"), path
    target = url.replace(prefix, "", 1).replace("https://front.example", room.http)
    return await http.request(method, target, headers=bearer() | said, content=body)


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("/video", {"x-forwarded-prefix": "/video"}),
        ("/a/b-c", {"x-forwarded-prefix": "/a/b-c/", "x-forwarded-host": "front.example"}),
        ("/outer/inner", {"x-forwarded-prefix": "/outer, /inner"}),
        ("/video", {"x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https"}),
        ("/a/b", {"via": "1.1 front"}),
        ("/a/b", {"x-real-ip": "192.0.2.1", "x-forwarded-prefix": "no path"}),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_session_behind_a_proxy_is_found_again(
    cloud: Cloud, http: httpx.AsyncClient, prefix: str, said: dict[str, str], slash: str
) -> None:
    room = await cloud.start_room()
    made = {}
    for kind in ("whip", "whep"):
        there = f"https://front.example{prefix}/{kind}{slash}?app_id={APP}&room_id=r&stream_id=cam"
        answer = await behind(http, room, prefix, "POST", there, said, OFFER)
        assert answer.status_code == 201, answer.text
        made[kind] = urljoin(there, answer.headers["location"])
    for kind in ("whep", "whip"):
        assert (await behind(http, room, prefix, "PATCH", made[kind], said)).status_code == 204
        assert (await behind(http, room, prefix, "DELETE", made[kind], said)).status_code == 200


def asked(path: str, http_version: str = "1.1", **headers: str) -> Request:
    """A request; `headers` with `_` for `-`."""
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "path": path, "headers": lines, "http_version": http_version})


def test_without_a_proxy_the_path_is_enough() -> None:
    assert location(asked("/whip", host="salon"), "/whip/7/u/s") == "/whip/7/u/s"
    assert location(asked("/whip/"), "/whip/7/u/s") == "/whip/7/u/s"


@pytest.mark.parametrize(
    "named",
    [
        "//evil.example",
        "https://evil.example",
        "evil",
        "/a//b",
        "/../..",
        "/a/./b",
        "/a b",
        "/a\\b",
        "/é",
        "/a?b",
        "/" + "a" * 1024,
    ],
)
def test_what_is_no_path_is_no_prefix(named: str) -> None:
    assert location(asked("/whip", x_forwarded_prefix=named), "/whip/7/u/s") == "whip/7/u/s"


def test_a_prefix_of_nothing_says_that_there_is_none() -> None:
    assert location(asked("/whip", x_forwarded_prefix="/"), "/whip/7/u/s") == "/whip/7/u/s"
    assert location(asked("/whip", x_forwarded_prefix="", via="1.1 x"), "/whip/7/u/s") == "/whip/7/u/s"


def test_who_speaks_as_old_proxies_do_gets_what_is_relative() -> None:
    assert location(asked("/whep", "1.0"), "/whep/7/r/rs/t") == "whep/7/r/rs/t"
    assert location(asked("/whep/", "1.0"), "/whep/7/r/rs/t") == "../whep/7/r/rs/t"


async def test_the_demo_page_asks_for_nothing_outside_the_prefix(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room(demo_app_id=APP)
    page = (await http.get(f"{room.http}/")).text
    named = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert {"demo.js", "demo.css", "icon.svg", "sdk/ZegoExpressWebRTC.js"} <= set(named)
    for reference in named:
        path = urlsplit(urljoin("https://front.example/video/", reference)).path
        assert path.startswith("/video/"), reference
        assert (await http.get(room.http + path.removeprefix("/video"))).status_code == 200, reference
    for script in sorted(DEMO.glob("*.js")):
        text = script.read_text()
        assert not re.search(r"""(?:fetch\(|import\(|from |replaceState\(null, "", )["'`]/""", text), script.name


async def test_the_token_is_asked_for_where_the_page_is() -> None:
    assert 'fetch("demo/token"' in (DEMO / "call.js").read_text()
