"""Around the offers of WHIP and WHEP: candidates that trickle, preflights of browsers, addresses with a slash."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from .conftest import Cloud
from .responders import APP, OFFER, token

FRAGMENT = "application/trickle-ice-sdpfrag"
CANDIDATES = (
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n"
)


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


def bearer(user: str) -> dict[str, str]:
    return {"content-type": "application/sdp", "authorization": f"Bearer {token(user)}"}


async def begin(http: httpx.AsyncClient, base: str, kind: str, user: str, slash: str = "") -> httpx.Response:
    where = {"app_id": str(APP), "room_id": "r", "stream_id": "cam"}
    made = await http.post(f"{base}/{kind}{slash}", params=where, headers=bearer(user), content=OFFER)
    assert made.status_code == 201, made.text
    return made


@pytest.mark.parametrize("kind", ["whip", "whep"])
async def test_candidates_are_taken_at_any_instance_as_long_as_the_session_lives(
    cloud: Cloud, http: httpx.AsyncClient, kind: str
) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    if kind == "whep":
        alice = await cloud.join(one, "r", "alice")
        await alice.publish("cam")
    made = await begin(http, one.http, kind, "u")
    path, etag = made.headers["location"], made.headers["etag"]
    for base in (one.http, two.http):
        for headers in (
            {"content-type": FRAGMENT, "if-match": "*"},  # players of MediaMTX
            {"content-type": FRAGMENT, "if-match": etag},
            {**bearer("u"), "content-type": f"{FRAGMENT}; charset=utf-8", "if-match": '"another"'},
            {},
        ):
            taken = await http.patch(base + path, headers=headers, content=CANDIDATES)
            assert (taken.status_code, taken.content) == (204, b"")
            assert taken.headers["access-control-allow-origin"] == "*"
        for empty in ({"content-type": FRAGMENT}, {}, {"content-type": "application/sdp"}):
            assert (await http.patch(base + path, headers=empty)).status_code == 204
    other = await http.patch(one.http + path, headers={"content-type": "application/sdp"}, content=OFFER)
    assert (other.status_code, other.headers["accept-patch"]) == (415, FRAGMENT)
    long = await http.patch(one.http + path, headers={"content-type": FRAGMENT}, content=b"a" * 40_000)
    assert long.status_code == 413
    # Nothing of that has ended it, and it takes a token to do so.
    assert (await http.delete(two.http + path)).status_code == 401
    assert (await http.delete(two.http + path, headers=bearer("u"))).status_code == 200
    for base in (one.http, two.http):
        late = await http.patch(base + path, headers={"content-type": FRAGMENT}, content=CANDIDATES)
        assert late.status_code == 404


async def test_candidates_for_what_never_was_are_told_so(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    by_socket = f"/whip/{APP}/alice/{alice.logged_in['sessionId']}"
    unknown = (f"/whip/{APP}/nobody/s_1", "/whip/x/u/s_1", f"/whep/{APP}/r/rs_1/v_1.whep", "/whep/0/r/rs/t")
    for path in (by_socket, *unknown):
        reply = await http.patch(room.http + path, headers={"content-type": FRAGMENT}, content=CANDIDATES)
        assert (reply.status_code, set(reply.json()["error"])) == (404, {"code", "message"}), path


@pytest.mark.parametrize("name", ["a" * 129, "a" * 4_100, "=C3=A9" * 900, "a" * 16_000])
async def test_addresses_with_names_nobody_can_have_cost_nobody_the_bus(
    cloud: Cloud, http: httpx.AsyncClient, name: str
) -> None:
    room = await cloud.start_room()
    paths = (
        f"/whip/{APP}/{name}/s_1",
        f"/whep/{APP}/{name}/rs_1/v_1.whep",
        f"/whep/{APP}/r/{name}/v_1.whep",
        f"/whep/{APP}/r/rs_1/{name}",
    )
    for path in paths:
        assert (await http.patch(room.http + path, content=CANDIDATES)).status_code == 404, path
        assert (await http.delete(room.http + path, headers=bearer("u"))).status_code == 404, path
        assert (await http.get(room.http + "/readyz")).status_code == 200, path


async def test_candidates_may_come_before_a_viewer_is_connected(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    await alice.publish("cam")
    cloud.relay.connects = False
    made = await begin(http, room.http, "whep", "v")
    patched = await http.patch(room.http + made.headers["location"], content=CANDIDATES)
    assert patched.status_code == 204


async def test_those_who_try_too_often_are_told_so(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room(attempts_per_address_per_s=0.001, attempts_per_address_burst=3)
    made = await begin(http, room.http, "whip", "u")
    codes = [(await http.patch(room.http + made.headers["location"])).status_code for _ in range(4)]
    assert codes == [204, 204, 429, 429]


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_slash_at_the_end_changes_nothing(cloud: Cloud, http: httpx.AsyncClient, slash: str) -> None:
    room = await cloud.start_room()
    whip = await begin(http, room.http, "whip", "obs", slash)
    whep = await begin(http, room.http, "whep", "viewer", slash)
    for made, user in ((whep, "viewer"), (whip, "obs")):
        resource = room.http + made.headers["location"] + slash
        assert (await http.patch(resource)).status_code == 204
        assert (await http.get(resource)).headers["allow"] == "PATCH, DELETE, OPTIONS"
        assert (await http.delete(resource, headers=bearer(user))).status_code == 200
        assert (await http.delete(resource, headers=bearer(user))).status_code == 404
    for path in ("/whip", "/whep"):
        assert (await http.get(room.http + path + slash)).headers["allow"] == "POST, OPTIONS"
        assert (await http.patch(room.http + path + slash)).status_code == 405


async def test_options_say_what_is_taken(cloud: Cloud, http: httpx.AsyncClient) -> None:
    room = await cloud.start_room()
    for path in ("/whip", "/whep", "/whip/", "/whep/?app_id=7"):
        said = await http.options(room.http + path)
        assert (said.status_code, said.headers["accept-post"]) == (204, "application/sdp")
        assert said.headers["allow"] == "POST, OPTIONS"
    for path in ("/whip/1/2/3", "/whep/1/2/3/4", "/whep/1/2/3/4/"):
        said = await http.options(room.http + path)
        assert (said.status_code, said.headers["accept-patch"]) == (204, FRAGMENT)


@pytest.mark.parametrize("path", ["/whip", "/whep/", "/whip/1/2/3", "/whep/1/2/3/4"])
async def test_pages_may_send_whatever_headers_they_like(cloud: Cloud, http: httpx.AsyncClient, path: str) -> None:
    room = await cloud.start_room()
    ask = {"origin": "https://studio.example", "access-control-request-method": "PATCH"}

    async def allowed(asked: str | None) -> set[str]:
        more = {} if asked is None else {"access-control-request-headers": asked}
        reply = await http.options(room.http + path, headers=ask | more)
        assert reply.status_code == 204
        assert {"POST", "PATCH", "DELETE"} <= set(reply.headers["access-control-allow-methods"].split(", "))
        assert reply.headers["access-control-allow-origin"] == "*"
        return set(reply.headers["access-control-allow-headers"].lower().split(", "))

    assert await allowed("authorization,content-type,if-match") == {"authorization", "content-type", "if-match"}
    assert await allowed("x-request-id , traceparent") == {"x-request-id", "traceparent"}
    usual = {"authorization", "content-type", "if-match", "*"}
    for odd in (None, "", "a b", "x,,y", "x-" + "y" * 5000, "x(y)"):
        assert await allowed(odd) == usual
