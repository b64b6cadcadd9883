from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
import salon_web_sdk

from .conftest import Cloud
from .responders import APP


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


async def test_the_demo_page_may_only_load_its_own(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    page = await http.get(room.http + "/")
    assert page.status_code in (200, 404)
    host = f"127.0.0.1:{room.port}"
    assert page.headers["content-security-policy"] == (
        f"default-src 'self'; connect-src 'self' ws://{host} wss://{host}; media-src 'self' blob:; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    )
    permissions = page.headers["permissions-policy"].split(", ")
    assert {"camera=(self)", "microphone=(self)", "display-capture=(self)", "geolocation=()", "usb=()"} < set(
        permissions
    )
    assert page.headers["x-content-type-options"] == "nosniff"
    if page.status_code == 200:
        again = await http.get(room.http + "/", headers={"if-none-match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    for path in ("/../main.py", "/%2e%2e/main.py", "/..%2fmain.py", "/nothing", "/sdk/..%2f__init__.py", "/demo/x/y"):
        missing = await http.get(room.http + path)
        assert missing.status_code == 404
        assert missing.json()["error"]["code"] == "not-found"


async def test_the_sdk_is_for_pages_of_every_origin(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    reply = await http.get(f"{room.http}/sdk/ZegoExpressWebRTC.js")
    assert reply.headers["access-control-allow-origin"] == "*"
    built = (salon_web_sdk.DIST / "ZegoExpressWebRTC.js").exists()
    assert reply.status_code == (200 if built else 404)
    if built:
        assert reply.headers["content-type"].startswith("text/javascript")


async def test_demo_tokens_are_off_unless_the_operator_says_so(cloud: Cloud, http: httpx.AsyncClient) -> None:
    off = await cloud.start_room()
    reply = await http.post(f"{off.http}/demo/token", json={"userID": "u", "roomID": "r"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "demo-off")
    on = await cloud.start_room(demo_app_id=APP)
    reply = await http.post(f"{on.http}/demo/token", json={"userID": "u", "roomID": "r"})
    assert reply.status_code == 200
    given = reply.json()
    assert (set(given), given["appID"], given["server"]) == ({"appID", "userID", "token", "server"}, APP, "")
    client = await cloud.connect(on)
    assert "loggedIn" in await client.log_in("r", given["userID"], secret=given["token"])
    json = {"content-type": "application/json"}
    for body in (b"", b"[]", b"{}", b'{"userID":1,"roomID":"r"}', b'{"userID":"","roomID":"r"}', b"x" * 9000):
        assert (await http.post(f"{on.http}/demo/token", content=body, headers=json)).status_code == 400
    statuses = [
        (await http.post(f"{on.http}/demo/token", json={"userID": "u", "roomID": "r"})).status_code for _ in range(25)
    ]
    assert 429 in statuses


async def test_health_and_metrics_are_there(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    await cloud.join(room, "r", "u")
    assert (await http.get(f"{room.http}/healthz")).status_code == 200
    assert (await http.get(f"{room.http}/readyz")).status_code == 200
    assert (await http.get(f"{room.http}/metrics")).status_code == 404
    assert (await http.get(f"{room.health}/readyz")).status_code == 200
    text = (await http.get(f"{room.health}/metrics")).text
    assert 'salon_room_logins_total{result="ok"} 1.0' in text
    assert "salon_room_sessions_users 1.0" in text
