import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from salon.relay.v1.relay_pb2 import Direction, TransportClosed
from salon.room.v1.events_pb2 import ClientKind, LogoutReason, UserLoggedIn, UserLoggedOut
from salon_room.config import RoomSettings
from salon_room.http.whip import add_routes
from salon_room.members.tokens import Permit
from salon_room.quotas import Quotas

from .conftest import Cloud
from .responders import APP, OFFER, token

SDP = {"content-type": "application/sdp"}


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {**SDP, "authorization": f"Bearer {secret}"}


def where(room_id: str = "r", stream_id: str = "cam", app_id: object = APP) -> dict[str, str]:
    return {"app_id": str(app_id), "room_id": room_id, "stream_id": stream_id}


async def test_a_publisher_is_a_user_like_any_other(cloud: Cloud, http: httpx.AsyncClient) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    viewer = await cloud.join(one, "r", "viewer")
    made = await http.post(f"{one.http}/whip", params=where(), headers=bearer(token("obs")), content=OFFER)
    assert (made.status_code, made.text) == (201, "v=0 answer 1")
    assert made.headers["content-type"] == "application/sdp"
    assert made.headers["etag"].startswith('"')
    assert "Location" in made.headers["access-control-expose-headers"]
    await viewer.until_users(("ADD", "obs"))
    await viewer.until_streams(("ADD", "cam"))
    assert "answer" in await viewer.play("cam")
    assert cloud.relay.negotiated[0].single_stream_id == "cam"
    # Any instance ends it.
    resource, mine = two.http + made.headers["location"], bearer(token("obs"))
    assert (await http.put(resource)).status_code == 405
    assert (await http.delete(resource + "x", headers=mine)).status_code == 404
    assert (await http.delete(resource, headers=mine)).status_code == 200
    assert (await http.delete(resource, headers=mine)).status_code == 404
    await viewer.until_users(("ADD", "obs"), ("DELETE", "obs"))
    await viewer.until_streams(("ADD", "cam"), ("DELETE", "cam"))
    history = await cloud.history("r")
    logins = [event.message for event in history if isinstance(event.message, UserLoggedIn)]
    assert [login.client for login in logins if login.user_id == "obs"] == [ClientKind.CLIENT_KIND_WHIP]
    await cloud.relay.changes.until(lambda _: not cloud.relay.open_of("obs", Direction.DIRECTION_SEND))


async def test_only_the_publisher_ends_its_session(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    mine = token("obs", "r")
    made = await http.post(f"{room.http}/whip", params=where(), headers=bearer(mine), content=OFFER)
    path = made.headers["location"]
    session_id = made.headers["location"].rpartition("/")[2]
    assert path == f"/whip/{APP}/obs/{session_id}"

    async def delete(path: str, headers: dict[str, str]) -> tuple[int, str]:
        reply = await http.delete(room.http + path, headers=headers)
        assert reply.headers["access-control-allow-origin"] == "*"
        assert reply.headers.get("www-authenticate", "Bearer").startswith("Bearer")
        return reply.status_code, reply.json()["error"]["code"]

    assert await delete(path, {}) == (401, "token-missing")
    assert await delete(path, bearer("nonsense")) == (401, "token-malformed")
    assert await delete(path, bearer(token("obs", expires_in_s=-9))) == (401, "token-expired")
    assert await delete(path, bearer(token("other"))) == (403, "token-user-mismatch")
    assert await delete(path, bearer(token("obs", "elsewhere"))) == (403, "token-room-mismatch")
    assert await delete(path.replace("obs", "other"), bearer(token("other"))) == (404, "session-gone")
    # Who may not end it does not learn whether it is there.
    assert await delete(f"{path}x", {}) == (401, "token-missing")
    assert await delete(f"{path}x", bearer(token("other"))) == (403, "token-user-mismatch")
    assert await delete(f"{path}x", bearer(mine)) == (404, "session-gone")
    # A log-in with a WebSocket is not a session of WHIP.
    alice = await cloud.join(room, "r", "alice")
    session_id = alice.logged_in["sessionId"]
    assert await delete(f"/whip/{APP}/alice/{session_id}", bearer(token("alice"))) == (404, "session-gone")
    assert (await http.delete(room.http + path, headers=bearer(mine))).status_code == 200
    await alice.until_users(("DELETE", "obs"))


async def test_the_token_is_checked_before_the_body(cloud: Cloud) -> None:
    room = await cloud.start_room()
    for authorization, status in (("", 401), ("Bearer nonsense", 401), (f"Bearer {token('obs', publish=False)}", 403)):
        reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
        head = f"POST /whip?app_id={APP}&room_id=r&stream_id=cam HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n"
        writer.write(f"{head}authorization: {authorization}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            assert (await reader.readline()).split()[1] == str(status).encode()
        writer.close()


async def test_a_publisher_without_media_is_logged_out(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room(presence_ttl_s=2, heartbeat_interval_s=0.5)
    made = await http.post(f"{room.http}/whip", params=where(), headers=bearer(token("obs")), content=OFFER)
    assert made.status_code == 201
    viewer = await cloud.join(room, "r", "viewer")
    # Longer than a lease: the instance renews it.
    for _ in range(4):
        with pytest.raises(AssertionError):
            await viewer.notices.until(lambda _: viewer.users() != [], timeout_s=0.8)
        await viewer.request(heartbeat={})
    await cloud.relay.lose(cloud.relay.open_of("obs", Direction.DIRECTION_SEND)[0])
    await viewer.until_users(("DELETE", "obs"))
    assert viewer.streams() == [("DELETE", "cam")]
    history = await cloud.history("r")
    outs = [event.message for event in history if isinstance(event.message, UserLoggedOut)]
    assert [out.reason for out in outs] == [LogoutReason.LOGOUT_REASON_MEDIA_LOST]
    causes = {event.envelope.id: event.message for event in history}
    (why,) = [causes[str(event.envelope.cause_id)] for event in history if isinstance(event.message, UserLoggedOut)]
    assert isinstance(why, TransportClosed), "not the request that it began with"


async def test_an_encoder_that_comes_again_replaces_its_older_self(cloud: Cloud, http: httpx.AsyncClient) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    viewer = await cloud.join(one, "r", "viewer")
    for instance in (one, two, one):
        made = await http.post(f"{instance.http}/whip", params=where(), headers=bearer(token("obs")), content=OFFER)
        assert made.status_code == 201, made.text
    await viewer.until_streams(*[("ADD", "cam"), ("DELETE", "cam")] * 2, ("ADD", "cam"))
    other = await http.post(f"{two.http}/whip", params=where(), headers=bearer(token("other")), content=OFFER)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "stream-exists")
    assert ("ADD", "other") not in viewer.users()
    assert await one.stop() == 0
    await viewer.until_closed()


async def test_a_viewer_plays_without_being_a_user(cloud: Cloud, http: httpx.AsyncClient) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    missing = await http.post(f"{one.http}/whep", params=where(), headers=bearer(token("v")), content=OFFER)
    assert missing.status_code == 404
    alice = await cloud.join(one, "r", "alice")
    await alice.publish("cam")
    made = await http.post(f"{two.http}/whep", params=where(), headers=bearer(token("v")), content=OFFER)
    assert (made.status_code, made.text) == (201, "v=0 answer 2")
    order = cloud.relay.negotiated[-1]
    assert (order.direction, order.single_stream_id) == (Direction.DIRECTION_RECEIVE, "cam")
    resource, mine = one.http + made.headers["location"], bearer(token("v"))
    for headers, status in ((SDP, 401), (bearer("nonsense"), 401), (bearer(token("w")), 403), (mine, 200), (mine, 404)):
        assert (await http.delete(resource, headers=headers)).status_code == status
    elsewhere = resource.replace("/r/rs_", "/r/rs_0")
    assert (await http.delete(elsewhere, headers=mine)).status_code == 404
    assert (await http.delete(resource.rpartition("/")[0] + "/guess", headers=mine)).status_code == 403
    cloud.relay.connects = False
    made = await http.post(f"{two.http}/whep", params=where(), headers=bearer(token("v")), content=OFFER)
    resource = one.http + made.headers["location"]
    assert (await http.delete(resource, headers=bearer(token("w")))).status_code == 403
    assert [(await http.delete(resource, headers=mine)).status_code for _ in range(2)] == [200, 404]
    assert alice.users() == []
    may_not = bearer(token("v", log_in=False))
    refused = await http.post(f"{two.http}/whep", params=where(), headers=may_not, content=OFFER)
    assert refused.status_code == 403


async def test_refusals_over_http(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    url = f"{room.http}/whip"
    good = bearer(token("obs"))

    async def status(headers: dict[str, str], content: str | bytes = OFFER, **params: str) -> int:
        reply = await http.post(url, params={**where(), **params}, headers=headers, content=content)
        assert reply.headers["access-control-allow-origin"] == "*"
        if reply.status_code == 401:
            assert reply.headers["www-authenticate"].startswith("Bearer")
        assert set(reply.json()["error"]) == {"code", "message"}
        return reply.status_code

    assert await status({**good, "content-type": "text/plain"}) == 415
    assert await status(good, "v=0\r\nm=" + "x" * 140_000) == 413
    for garbage in ("", "garbage", b"\xff\xfe", "v=0\r\n"):
        assert await status(good, garbage) == 400
    assert await status(SDP) == 401
    assert await status({**SDP, "authorization": "Basic x"}) == 401
    assert await status(bearer("nonsense")) == 401
    assert await status(bearer(token("obs", expires_in_s=-9))) == 401
    assert await status(bearer(token("obs", publish=False))) == 403
    assert await status(bearer(token("obs", streams=("other",)))) == 403
    assert await status(bearer(token("obs", "elsewhere"))) == 403
    for field, value in (("room_id", "a b"), ("stream_id", "%"), ("app_id", "x"), ("app_id", "0"), ("room_id", "")):
        assert await status(good, **{field: value}) == 400
    for serving in cloud.relay.serving:
        await serving.stop()
    reply = await http.post(url, params=where(), headers=good, content=OFFER)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert not await _present(cloud)
    assert (await http.get(url)).status_code == 405
    assert (await http.get(url)).headers["allow"] == "POST, OPTIONS"


async def test_an_instance_that_stops_takes_no_publisher() -> None:
    async def admit(*_: object) -> Permit:
        return Permit("obs", 2**40, may_log_in=True, may_publish=True, stream_ids=())

    app = FastAPI()
    stopping: Any = SimpleNamespace(is_draining=True, admit=admit)
    add_routes(app, stopping, stopping, Quotas(RoomSettings()))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
        reply = await http.post("/whip", params=where(), headers=bearer("any"), content=OFFER)
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "going-away")
    assert reply.headers["retry-after"] == "1"


async def test_browsers_of_other_origins_may_ask(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    for path in ("/whip", "/whep", "/whip/1/2/3", "/whep/1/2/3/4"):
        reply = await http.options(room.http + path)
        assert reply.status_code == 204
        assert reply.headers["access-control-allow-headers"] == "Authorization, Content-Type, If-Match, *"
        assert "DELETE" in reply.headers["access-control-allow-methods"]


async def _present(cloud: Cloud) -> set[str]:
    inside: set[str] = set()
    for event in await cloud.history("r"):
        if isinstance(event.message, UserLoggedIn):
            inside.add(event.message.session_id)
        elif isinstance(event.message, UserLoggedOut):
            inside.discard(event.message.session_id)
    return inside
