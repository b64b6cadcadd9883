"""/demo/token gives a token to whoever opens the page, and to no other page; with it nobody can be who somebody is."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from .conftest import Cloud
from .processes import RoomProcess
from .responders import APP

WISH = {"userID": "ann", "roomID": "r"}


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


async def ask(http: httpx.AsyncClient, room: RoomProcess, wish: Any = WISH, **headers: str) -> tuple[int, str]:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = await http.post(f"{room.http}/demo/token", json=wish, headers=said)
    assert not [name for name in reply.headers if name.startswith("access-control-")]
    return reply.status_code, "" if reply.status_code == 200 else reply.json()["error"]["code"]


async def test_only_the_servers_own_names_are_asked(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room(demo_app_id=APP, demo_hosts="192.0.2.10, Cloud.example ,2001:db8::1")
    port = room.port
    for good in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "localhost", "LOCALHOST:1"):
        assert await ask(http, room, host=good) == (200, "")
    for good in (f"192.0.2.10:{port}", "cloud.example", f"[2001:db8::1]:{port}"):
        assert await ask(http, room, host=good) == (200, "")
    for rebound in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example", ""):
        assert await ask(http, room, host=rebound) == (403, "host-refused")
    for odd in ("localhost@evil.example", "evil.example/localhost", "evil.example#localhost", "localhost:x", "[::1"):
        assert await ask(http, room, host=odd) == (403, "host-refused")


async def test_without_a_setting_only_loopback_is_a_name_of_it(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room(demo_app_id=APP)
    assert await ask(http, room, host="192.0.2.10") == (403, "host-refused")
    assert await ask(http, room, host="localhost") == (200, "")


async def test_no_page_of_another_site_asks(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room(demo_app_id=APP)
    own = f"localhost:{room.port}"
    assert await ask(http, room, host=own, origin=f"http://{own}") == (200, "")
    assert await ask(http, room, host=own, origin=f"https://{own}") == (200, "")
    others = (
        "https://evil.example",
        "null",
        "http://localhost:1",
        f"http://127.0.0.1:{room.port}",
        f"http://{own}.evil",
    )
    for origin in others:
        assert await ask(http, room, host=own, origin=origin) == (403, "origin-refused")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_a_form_of_another_site_can_send_is_refused(
    cloud: Cloud, http: httpx.AsyncClient, content_type: str
) -> None:
    room = await cloud.start_room(demo_app_id=APP)
    assert await ask(http, room, content_type=content_type) == (415, "request-malformed")
    assert (await http.options(f"{room.http}/demo/token")).status_code in (404, 405)


async def test_nobody_gets_the_user_id_of_somebody(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room(demo_app_id=APP)
    victim = await cloud.join(room, "r", "demo-ann-0123456789")

    async def given(user_id: str) -> str:
        reply = await http.post(f"{room.http}/demo/token", json={"userID": user_id, "roomID": "r"})
        assert reply.status_code == 200
        answer = reply.json()
        client = await cloud.connect(room)
        assert "loggedIn" in await client.log_in("r", answer["userID"], secret=answer["token"])
        assert "failed" in await (await cloud.connect(room)).log_in("r", user_id, secret=answer["token"])
        return str(answer["userID"])

    ids = [await given(name) for name in ("ann", "ann", "demo-ann-0123456789", victim.user_id)]
    assert len(set(ids)) == 4
    assert all(each.startswith("demo-") for each in ids)
    assert victim.user_id not in ids
    assert "messageAccepted" in await victim.say("still here")
    assert not victim.closed.is_set()


@pytest.mark.parametrize("user_id", ["a" * 49, "a b", "", "é"])
async def test_what_makes_no_user_id_is_refused(cloud: Cloud, http: httpx.AsyncClient, user_id: str) -> None:
    room = await cloud.start_room(demo_app_id=APP)
    assert await ask(http, room, {"userID": user_id, "roomID": "r"}) == (400, "invalid-field")
