"""Counts by user and address: streams, peer connections, offers under way, viewers. Each test has somebody who takes
all there is, somebody else who gets in at the same moment, and a look that everything is free again afterwards."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from salon_contracts.errors import OfferUnacceptable, QuotaExceeded, RateLimited, SalonError

from .abuse import NEIGHBOUR, bearer, claims_of, client_at, half_open_of, is_present, post
from .client import eventually
from .conftest import Cloud
from .responders import token

Json = dict[str, Any]
PATIENT = {"attempts_per_address_per_s": 0, "offers_per_user_per_s": 0, "peer_connections_per_user_per_s": 0}
"""For tests of counts: rates are out of the way."""


def reasons(replies: list[Json]) -> Counter[str]:
    return Counter(reply["failed"]["reason"] if "failed" in reply else "ok" for reply in replies)


async def until(done: Callable[[], Awaitable[bool]], timeout_s: float = 15.0) -> None:
    """Asks again until it is so."""
    async with asyncio.timeout(timeout_s):
        while True:
            if await done():
                return
            await asyncio.sleep(0.05)


# ---- streams and claims ----


async def test_403_streams_on_one_connection(cloud: Cloud) -> None:
    room = await cloud.start_room()
    mallory, bob = await cloud.join(room, "r", "mallory"), await cloud.join(room, "r", "bob")
    replies = await asyncio.gather(*(mallory.publish(f"m{number}") for number in range(403)), bob.publish("bobs"))
    assert "answer" in replies.pop()
    counted = reasons(replies)
    assert counted["ok"] == 16
    assert set(counted) == {"ok", "quota-exceeded", "rate-limited"}
    refused = next(r["failed"] for r in replies if "failed" in r and r["failed"]["reason"] == "quota-exceeded")
    assert (refused["code"], refused.get("retryable", False)) == (1109001, False)
    assert refused["message"] == "No more of this at a time: 16 streams of one user."
    assert await claims_of(cloud, "mallory") == 16
    # One goes, one comes.
    await eventually(lambda: mallory.request(unpublish={"streamId": "m0"}), "done")
    await eventually(lambda: mallory.publish("another"), "answer")
    assert await claims_of(cloud, "mallory") == 16
    await mallory.log_out()
    await bob.notices.until(lambda _: sum(kind == "DELETE" for kind, _ in bob.streams()) == 17)

    async def are_free() -> bool:
        return await claims_of(cloud, "mallory") == 0

    await until(are_free)


async def test_streams_over_peer_connections_of_their_own_count_as_much(cloud: Cloud) -> None:
    room = await cloud.start_room(streams_per_user=3, **PATIENT)
    mallory, bob = await cloud.join(room, "r", "mallory"), await cloud.join(room, "r", "bob")
    for number in range(3):
        assert "answer" in await mallory.publish(f"m{number}", pc=f"p{number}")
    replies = [await mallory.publish(f"n{number}", pc=f"p{number}") for number in range(8)]
    assert reasons(replies) == {"quota-exceeded": 8}
    assert "answer" in await mallory.publish("m1", pc="p1")  # an update of one it has
    assert "answer" in await bob.publish("bobs")
    assert await claims_of(cloud, "mallory") == 3
    await mallory.log_out()


async def test_a_user_who_logs_in_again_and_again_keeps_no_streams(cloud: Cloud) -> None:
    room = await cloud.start_room(streams_per_user=2, **PATIENT)
    for turn in range(6):
        mallory = await cloud.join(room, "r", "mallory")
        replies = [await mallory.publish(f"m{turn}-{number}") for number in range(4)]
        assert reasons(replies) == {"ok": 2, "quota-exceeded": 2}
    await mallory.log_out()

    async def are_free() -> bool:
        return await claims_of(cloud, "mallory") == 0

    await until(are_free)


async def test_an_app_has_its_streams_and_log_ins(cloud: Cloud) -> None:
    room = await cloud.start_room(streams_per_app=2, log_ins_per_app=3, **PATIENT)
    people = [await cloud.join(room, f"r{number % 2}", f"u{number}") for number in range(3)]
    fourth = await cloud.connect(room)
    refused = (await fourth.log_in("r9", "u9"))["failed"]
    assert (refused["code"], refused["reason"]) == (1109001, "quota-exceeded")
    assert not await is_present(cloud, "u9")
    assert await cloud.history("r9") == []
    again = await cloud.join(room, "r0", "u0")  # who is in may come anew
    assert "answer" in await again.publish("a")
    assert "answer" in await people[1].publish("b")
    assert reasons([await people[2].publish("c")]) == {"quota-exceeded": 1}
    async with client_at("127.0.0.1") as http:
        assert (await post(http, room, "whip", "u2", "d")).status_code == 429
    await people[1].log_out()
    assert "loggedIn" in await eventually(lambda: fourth.log_in("r9", "u9"), "loggedIn")
    assert "answer" in await eventually(lambda: fourth.publish("c"), "answer")
    await fourth.log_out()


# ---- peer connections that are never finished ----


@pytest.mark.parametrize("way", ["one connection", "many log-ins", "whip", "whep"])
async def test_500_unfinished_offers_by_one_user(cloud: Cloud, way: str) -> None:
    room = await cloud.start_room(
        peer_connections_per_user_per_s=0.001,
        peer_connections_per_user_burst=20,
        attempts_per_address_per_s=0,
        log_ins_per_user_per_s=0,
        whep_viewers_per_user=0,
    )
    bob = await cloud.join(room, "r", "bob")
    assert "answer" in await bob.publish("bobs")
    cloud.relay.connects = False
    offered_before = len(cloud.relay.offered.items)
    async with client_at("127.0.0.1") as http:
        if way in ("whip", "whep"):
            for _ in range(5):
                replies = await asyncio.gather(
                    *(post(http, room, way, "mallory", "m" if way == "whip" else "bobs") for _ in range(100))
                )
                refused = [reply for reply in replies if reply.status_code != 201]
                assert {reply.status_code for reply in refused} <= {429, 409}  # 409: a newer log-in has won
                assert all("retry-after" in reply.headers for reply in refused if reply.status_code == 429)
        else:
            mallory = await cloud.join(room, "r", "mallory")
            for number in range(500):
                if way == "many log-ins" and number % 10 == 0:
                    mallory = await cloud.join(room, "r", "mallory")
                pc = f"p{number}" if way == "many log-ins" else f"p{number % 15}"
                if way == "one connection" and number >= 15:
                    await mallory.request(closePeerConnection={"peerConnectionId": pc})
                await mallory.publish("m", pc=pc)
        assert len(cloud.relay.offered.items) - offered_before <= 20
        assert len(half_open_of(cloud, "mallory")) <= 20
        # At the same moment somebody else, in each way.
        carol = await cloud.join(room, "r", "carol")
        assert "answer" in await carol.publish("carols")
        assert (await post(http, room, "whip", "dave", "daves")).status_code == 201
        assert (await post(http, room, "whep", "erin", "bobs")).status_code == 201


async def test_one_log_in_has_sixteen_peer_connections(cloud: Cloud) -> None:
    room = await cloud.start_room(**PATIENT)
    alice = await cloud.join(room, "r", "alice")
    for number in range(16):
        assert "answer" in await alice.publish("cam", pc=f"p{number}")
    refused = await alice.publish("other", pc="one-more")
    assert refused["failed"]["reason"] == "quota-exceeded"
    assert await claims_of(cloud, "alice") == 1
    await alice.request(closePeerConnection={"peerConnectionId": "p3"})
    assert "answer" in await alice.publish("other", pc="one-more")
    await alice.log_out()


# ---- offers under way ----


async def test_one_user_has_four_offers_under_way(cloud: Cloud) -> None:
    room = await cloud.start_room(**PATIENT, whep_viewers_per_user=0)
    bob = await cloud.join(room, "r", "bob")
    assert "answer" in await bob.publish("bobs")
    began = len(cloud.relay.offered.items)
    cloud.relay.holds_offers = asyncio.Event()
    async with client_at("127.0.0.1") as http:
        first = [asyncio.create_task(post(http, room, "whep", "mallory", "bobs")) for _ in range(4)]
        await cloud.relay.offered.until(lambda orders: len(orders) == began + 4)
        for kind, stream in (("whep", "bobs"), ("whip", "m")) * 10:
            reply = await post(http, room, kind, "mallory", stream)
            assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
            assert reply.json()["error"]["code"] == "rate-limited"
        mallory = await cloud.join(room, "r", "mallory")
        assert reasons([await mallory.publish("m"), await mallory.play("bobs")]) == {"rate-limited": 2}
        assert await claims_of(cloud, "mallory") == 0
        # Others are answered as soon as the relay answers.
        other = asyncio.create_task(post(http, room, "whip", "dave", "daves"))
        carol = await cloud.join(room, "r", "carol")
        theirs = asyncio.create_task(carol.publish("carols"))
        await cloud.relay.offered.until(lambda orders: {"dave", "carol"} <= {order.user_id for order in orders})
        cloud.relay.holds_offers.set()
        assert (await other).status_code == 201
        assert "answer" in await theirs
        assert [reply.status_code for reply in await asyncio.gather(*first)] == [201] * 4
        assert "answer" in await mallory.publish("m")
        assert (await post(http, room, "whep", "mallory", "bobs")).status_code == 201


async def test_one_address_has_so_many_offers_under_way(cloud: Cloud) -> None:
    room = await cloud.start_room(**PATIENT, offers_under_way_per_address=3)
    people = [await cloud.join(room, "r", f"u{number}") for number in range(5)]
    cloud.relay.holds_offers = asyncio.Event()
    waiting = [asyncio.create_task(client.publish(f"s{n}")) for n, client in enumerate(people[:3])]
    await cloud.relay.offered.until(lambda orders: len(orders) == 3)
    assert reasons([await people[3].publish("s3"), await people[4].publish("s4")]) == {"rate-limited": 2}
    async with client_at("127.0.0.1") as here, client_at(NEIGHBOUR) as there:
        assert (await post(here, room, "whip", "w", "s5")).status_code == 429
        neighbour = asyncio.create_task(post(there, room, "whip", "w", "s5"))
        await cloud.relay.offered.until(lambda orders: len(orders) == 4)
        cloud.relay.holds_offers.set()
        assert (await neighbour).status_code == 201
    assert reasons(await asyncio.gather(*waiting)) == {"ok": 3}
    assert "answer" in await people[3].publish("s3")
    for client in people:
        await client.log_out()


@pytest.mark.parametrize(("kind", "stream"), [("whip", "m"), ("whep", "bobs")])
async def test_slow_bodies_are_offers_under_way(cloud: Cloud, kind: str, stream: str) -> None:
    """Somebody with one token must not make an instance hold any number of half-sent offers."""
    room = await cloud.start_room(**PATIENT, whep_viewers_per_user=0)
    bob = await cloud.join(room, "r", "bob")
    assert "answer" in await bob.publish("bobs")
    head = (
        f"POST /{kind}?app_id=7&room_id=r&stream_id={stream} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n"
        f"content-type: application/sdp\r\nauthorization: Bearer {token('mallory')}\r\n\r\nv=0"
    )
    sockets = []
    asked = cloud.tokens.asked
    for _ in range(4):
        sockets.append(await asyncio.open_connection("127.0.0.1", room.port))
        sockets[-1][1].write(head.encode())

    async def all_were_looked_at() -> bool:
        return cloud.tokens.asked == asked + 4

    await until(all_were_looked_at)
    async with client_at("127.0.0.1") as http:

        async def is_refused() -> bool:
            return (await post(http, room, kind, "mallory", stream)).status_code == 429

        await until(is_refused)
        assert (await post(http, room, "whep", "carol", "bobs")).status_code == 201
        for _, writer in sockets:
            writer.close()

        async def is_free() -> bool:
            return (await post(http, room, kind, "mallory", stream)).status_code == 201

        await until(is_free)


# ---- viewers over WHEP ----


async def test_a_viewer_has_its_place_until_its_connection_is_closed(cloud: Cloud) -> None:
    room = await cloud.start_room(
        **PATIENT, whep_viewers_per_user=2, whep_viewers_per_address=4, whep_viewers_per_app=6
    )
    bob = await cloud.join(room, "r", "bob")
    assert "answer" in await bob.publish("bobs")
    async with client_at("127.0.0.1") as here, client_at(NEIGHBOUR) as there:

        async def view(http: httpx.AsyncClient, user: str) -> tuple[int, str]:
            reply = await post(http, room, "whep", user, "bobs")
            code = reply.headers["location"] if reply.status_code == 201 else reply.json()["error"]["code"]
            return reply.status_code, code

        status, mallorys = await view(here, "mallory")
        assert status == 201
        cloud.relay.connects = False  # one that is never finished counts as well
        assert (await view(here, "mallory"))[0] == 201
        cloud.relay.connects = True
        assert [await view(here, "mallory") for _ in range(30)] == [(429, "quota-exceeded")] * 30
        assert [(await view(here, "carol"))[0] for _ in range(2)] == [201, 201]
        assert await view(here, "dave") == (429, "quota-exceeded")  # the address has four
        assert [(await view(there, user))[0] for user in ("dave", "erin", "frank")] == [201, 201, 429]  # the app six

        async def fits(http: httpx.AsyncClient, user: str) -> bool:
            return (await view(http, user))[0] == 201

        # Closed by itself, given up by the relay, and gone with the stream's relay: free each time.
        assert (await here.delete(room.http + mallorys, headers=bearer(token("mallory")))).status_code == 200
        await until(lambda: fits(here, "mallory"))
        assert await view(here, "mallory") == (429, "quota-exceeded")
        await cloud.relay.lose(half_open_of(cloud, "mallory")[0].transport_id)
        await until(lambda: fits(here, "mallory"))


async def test_a_viewer_of_a_stream_that_is_not_there_takes_no_place(cloud: Cloud) -> None:
    room = await cloud.start_room(**PATIENT, whep_viewers_per_user=1)
    async with client_at("127.0.0.1") as http:
        for _ in range(5):
            assert (await post(http, room, "whep", "carol", "nothing")).status_code == 404
        bob = await cloud.join(room, "r", "bob")
        assert "answer" in await bob.publish("bobs")
        for error in (RateLimited(limit="x"), QuotaExceeded(limit="x")):
            cloud.relay.refuses_offers = error
            reply = await post(http, room, "whep", "carol", "bobs")
            assert (reply.status_code, reply.json()["error"]["code"]) == (429, error.code)
        cloud.relay.refuses_offers = None
        assert (await post(http, room, "whep", "carol", "bobs")).status_code == 201


# ---- what the relay refuses ----

REFUSALS = [RateLimited(limit="of the relay"), QuotaExceeded(limit="of the relay"), OfferUnacceptable(problem="x")]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.code)
async def test_a_refusal_of_the_relay_comes_through_and_leaves_nothing(cloud: Cloud, error: SalonError) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    cloud.relay.refuses_offers = error
    for number in range(5):
        refused = (await alice.publish(f"cam{number}", pc="p"))["failed"]
        assert (refused["reason"], refused["message"]) == (error.code, str(error))
        assert await claims_of(cloud, "alice") == 0
    assert (await alice.play("nothing"))["failed"]["reason"] == "stream-not-found"
    async with client_at("127.0.0.1") as http:
        for number in range(3):
            reply = await post(http, room, "whip", "obs", f"obs{number}")
            assert (reply.json()["error"]["code"], await claims_of(cloud, "obs")) == (error.code, 0)
            assert not await is_present(cloud, "obs")
        cloud.relay.refuses_offers = None
        # The relay has nothing of it, so nothing is to be closed: the same peer connection is good for another try.
        assert cloud.relay.closed == []
        assert "answer" in await alice.publish("cam0", pc="p")
        assert (await post(http, room, "whip", "obs", "obs0")).status_code == 201
    await bob.until_streams(("ADD", "cam0"), ("ADD", "obs0"))
    assert bob.users().count(("DELETE", "obs")) == 3


async def test_the_relay_is_told_where_an_offer_comes_from(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    assert "answer" in await alice.publish("cam")
    assert "answer" in await alice.play("cam")
    await alice.drop()
    await alice.open()
    assert "resumed" in await alice.resume()
    assert "answer" in await alice.publish("cam", pc="again")
    async with client_at(NEIGHBOUR) as there:
        assert (await post(there, room, "whip", "obs", "obs")).status_code == 201
        assert (await post(there, room, "whep", "viewer", "cam")).status_code == 201
    assert [order.client_address for order in cloud.relay.negotiated] == ["127.0.0.1"] * 3 + [NEIGHBOUR] * 2
