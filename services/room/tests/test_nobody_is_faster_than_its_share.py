"""Rates by user and address, and the bytes that what a user does takes in the event stream. What is refused has taken
nothing and left nothing; somebody else is not touched; after a pause it goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from salon_contracts.errors import OfferUnacceptable
from websockets.asyncio.client import connect

from .abuse import NEIGHBOUR, bearer, claims_of, client_at, is_present, post, stored_bytes
from .client import Client, Json, eventually
from .conftest import Cloud
from .processes import RoomProcess
from .responders import APP, token

NEVER = 0.001
"""A second: what is taken stays taken for a test."""


class NeighbourClient(Client):
    """A client at another address."""

    async def open(self, *, hello: bool = True) -> None:
        self.closed.clear()
        self._socket = await connect(self.url, local_addr=(NEIGHBOUR, 0), compression=None)
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.request(hello={"protocolVersions": [1], "sdkName": "test"})


async def neighbour(cloud: Cloud, room: RoomProcess) -> Client:
    client = NeighbourClient(room.ws)
    cloud.clients.append(client)
    await client.open()
    return client


# ---- before anything is proved ----


@pytest.mark.parametrize("way", ["whip", "whep", "delete", "log-in", "resume"])
async def test_what_proves_nothing_is_limited_by_address_before_anybody_is_asked(cloud: Cloud, way: str) -> None:
    room = await cloud.start_room(attempts_per_address_per_s=NEVER, attempts_per_address_burst=10)
    async with client_at("127.0.0.1") as here, client_at(NEIGHBOUR) as there:
        if way in ("whip", "whep", "delete"):
            codes = []
            for _ in range(40):
                if way == "delete":
                    reply = await here.delete(f"{room.http}/whip/{APP}/u/s", headers=bearer("nonsense"))
                else:
                    reply = await post(here, room, way, "u", secret="nonsense")
                codes.append(reply.status_code)
            assert codes == [401] * 10 + [429] * 30
            assert reply.headers["retry-after"] == "1"
            assert cloud.tokens.asked == 10
        else:
            failed = []
            for _ in range(40):
                client = await cloud.connect(room)
                client.user_id, client.logged_in = "u", {"sessionId": "s", "resumeKey": "k"}
                said = await (client.log_in("r", "u", secret="nonsense") if way == "log-in" else client.resume())
                failed.append(said["failed"]["reason"])
            assert failed == [{"log-in": "token-malformed", "resume": "session-gone"}[way]] * 10 + ["rate-limited"] * 30
            assert cloud.tokens.asked == (10 if way == "log-in" else 0)
        # Another address is not touched, nor who is in already.
        bob = await neighbour(cloud, room)
        assert "loggedIn" in await bob.log_in("r", "bob")
        assert (await post(there, room, "whip", "obs")).status_code == 201
        assert "messageAccepted" in await bob.say("hello")


async def test_an_office_comes_in_at_once(cloud: Cloud) -> None:
    """30 people behind one address, with the limits as they are by default."""
    room = await cloud.start_room()
    people = [await cloud.connect(room) for _ in range(30)]

    async def come(number: int) -> None:
        client = people[number]
        assert "loggedIn" in await client.log_in("r", f"u{number}")
        assert "answer" in await client.publish(f"cam{number}")

    await asyncio.gather(*(come(number) for number in range(30)))
    plays = [client.play(f"cam{number}") for client in people for number in range(30)]
    assert all("answer" in reply for reply in await asyncio.gather(*plays))


# ---- log-ins ----


@pytest.mark.parametrize("way", ["websocket", "whip"])
async def test_a_war_of_log_ins_of_one_user_is_slowed_down(cloud: Cloud, way: str) -> None:
    room = await cloud.start_room(log_ins_per_user_per_s=NEVER, log_ins_per_user_burst=5)
    bob = await cloud.join(room, "r", "bob")
    for _ in range(5):
        mallory = await cloud.join(room, "r", "mallory")
    if way == "whip":
        async with client_at("127.0.0.1") as http:
            for _ in range(10):
                reply = await post(http, room, "whip", "mallory")
                assert (reply.status_code, reply.json()["error"]["code"]) == (429, "rate-limited")
            assert (await post(http, room, "whip", "obs")).status_code == 201
    else:
        for _ in range(10):
            failed = (await (await cloud.connect(room)).log_in("r", "mallory"))["failed"]
            assert (failed["code"], failed["reason"], failed["retryable"]) == (1109001, "rate-limited", True)
    # The last one that was let in is in still, and the others have left nothing.
    assert "messageAccepted" in await mallory.say("still here")
    said_about_mallory = [e for e in await cloud.history("r") if "mallory" in str(e.message)]
    assert len(said_about_mallory) == 5 + 4 + 1  # in, out for a newer one, the message
    assert await claims_of(cloud, "mallory") == 0
    assert "messageAccepted" in await bob.say("me too")


async def test_resumes_count_as_log_ins_and_strangers_do_not_use_up_what_a_user_has(cloud: Cloud) -> None:
    room = await cloud.start_room(log_ins_per_user_per_s=NEVER, log_ins_per_user_burst=5)
    alice = await cloud.join(room, "r", "alice")
    for _ in range(20):
        stranger = await cloud.connect(room)
        stranger.user_id, stranger.logged_in = "alice", {**alice.logged_in, "resumeKey": "guessed"}
        assert (await stranger.resume())["failed"]["reason"] == "session-gone"
    results = []
    for _ in range(8):
        await alice.drop()
        await alice.open()
        reply = await alice.resume()
        results.append(reply["failed"]["reason"] if "failed" in reply else "ok")
    assert results == ["ok"] * 4 + ["rate-limited"] * 4
    bob = await cloud.join(room, "r", "bob")
    await bob.drop()
    await bob.open()
    assert "resumed" in await bob.resume()


# ---- offers ----


async def test_offers_of_one_user_are_counted_over_all_its_connections(cloud: Cloud) -> None:
    room = await cloud.start_room(offers_per_user_per_s=NEVER, offers_per_user_burst=12)
    bob = await cloud.join(room, "r", "bob")
    assert "answer" in await bob.publish("bobs")
    reasons: list[str] = []
    for _ in range(3):
        mallory = await cloud.join(room, "r", "mallory")
        for _ in range(3):
            reply = await mallory.play("bobs")
            reasons.append(reply["failed"]["reason"] if "failed" in reply else "ok")
    async with client_at("127.0.0.1") as http:
        for kind, stream in (("whep", "bobs"), ("whip", "m")) * 3:
            made = await post(http, room, kind, "mallory", stream)
            reasons.append("ok" if made.status_code == 201 else made.json()["error"]["code"])
        assert reasons == ["ok"] * 12 + ["rate-limited"] * 3
        assert (await post(http, room, "whep", "carol", "bobs")).status_code == 201
    assert "answer" in await bob.play("bobs")


async def test_offers_of_one_address_are_counted_over_all_its_users(cloud: Cloud) -> None:
    room = await cloud.start_room(offers_per_address_per_s=NEVER, offers_per_address_burst=6)
    async with client_at("127.0.0.1") as here, client_at(NEIGHBOUR) as there:
        codes = [(await post(here, room, "whip", f"u{number}", f"s{number}")).status_code for number in range(9)]
        assert codes == [201] * 6 + [429] * 3
        assert not await is_present(cloud, "u8")
        assert (await post(there, room, "whip", "u8", "s8")).status_code == 201


async def test_viewers_that_never_were_are_not_stopped_at_any_speed(cloud: Cloud) -> None:
    room = await cloud.start_room(offers_per_user_per_s=NEVER, offers_per_user_burst=6)
    bob = await cloud.join(room, "r", "bob")
    assert "answer" in await bob.publish("bobs")
    async with client_at("127.0.0.1") as http:
        made = await post(http, room, "whep", "mallory", "bobs")
        resource = room.http + made.headers["location"]
        mine = bearer(token("mallory"))
        codes = [(await http.delete(resource, headers=mine)).status_code for _ in range(10)]
        assert codes == [200] + [404] * 4 + [429] * 5
        other = await post(http, room, "whep", "carol", "bobs")
        stopped = await http.delete(room.http + other.headers["location"], headers=bearer(token("carol")))
        assert stopped.status_code == 200


# ---- bad offers ----


async def test_a_flood_of_bad_offers_by_whip_costs_no_more_than_its_quota(cloud: Cloud) -> None:
    room = await cloud.start_room(peer_connections_per_user_per_s=NEVER, peer_connections_per_user_burst=8)
    cloud.relay.refuses_offers = OfferUnacceptable(problem="no codec in common")
    async with client_at("127.0.0.1") as http:
        codes = [(await post(http, room, "whip", "mallory", f"m{number}")).status_code for number in range(60)]
        assert codes == [422] * 8 + [429] * 52
        assert await claims_of(cloud, "mallory") == 0
        assert not await is_present(cloud, "mallory")
        assert sum("mallory" in str(event.message) for event in await cloud.history("r")) <= 8 * 6
        cloud.relay.refuses_offers = None
        assert (await post(http, room, "whip", "obs")).status_code == 201


# ---- bytes of events ----

BURST_BYTES = 65536
RATE_BYTES_PER_S = 1024


async def _messages(cloud: Cloud, room: RoomProcess) -> None:
    mallory = await cloud.join(room, "r", "mallory", userName="n" * 256)
    for _ in range(150):
        await mallory.say("x", "COMMAND", ("bob",))


async def _commands_to_many(cloud: Cloud, room: RoomProcess) -> None:
    mallory = await cloud.join(room, "r", "mallory")
    to = tuple(f"{number:03}" + "y" * 61 for number in range(300))
    for _ in range(60):
        await mallory.say("x" * 1024, "COMMAND", to)


async def _log_ins(cloud: Cloud, room: RoomProcess) -> None:
    for _ in range(60):
        mallory = await cloud.connect(room)
        if "loggedIn" in await mallory.log_in("r", "mallory", userName="n" * 256):
            await mallory.log_out()
        else:
            await mallory.close()


async def _streams(cloud: Cloud, room: RoomProcess) -> None:
    mallory = await cloud.join(room, "r", "mallory")
    for _ in range(150):
        await mallory.publish("m", extra_info="ü" * 1024)
        await mallory.request(unpublish={"streamId": "m"})


async def _effects(cloud: Cloud, room: RoomProcess) -> None:
    for number in range(320):
        if number % 40 == 0:  # one connection has a limit of its own
            mallory = await cloud.connect(room)
            await mallory.log_in("r", "mallory")
            await mallory.publish("m")
        await mallory.set_effects("m", enabled=number % 2 == 0, smoothIntensity=number % 100)


async def _mutes(cloud: Cloud, room: RoomProcess) -> None:
    mallory = await cloud.join(room, "r", "mallory")
    await mallory.publish("m", extra_info="ü" * 1024)
    for number in range(200):
        await mallory.request(muteStream={"streamId": "m", "mutedKinds": ["video"] if number % 2 else ["audio"]})


async def _refused_streams(cloud: Cloud, room: RoomProcess) -> None:
    for number in range(300):
        if number % 60 == 0:
            mallory = await cloud.connect(room)
            await mallory.log_in("r", "mallory", secret=token("mallory", publish=False))
        await mallory.publish("x" * 256)


FLOODS = [_messages, _commands_to_many, _log_ins, _streams, _effects, _mutes, _refused_streams]


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.__name__)
async def test_seven_gigabytes_a_day_are_refused(
    cloud: Cloud, flood: Callable[[Cloud, RoomProcess], Awaitable[None]]
) -> None:
    """Whatever one user does, it takes no more of the event stream than its bytes, log-outs included."""
    room = await cloud.start_room(
        event_bytes_per_user_burst=BURST_BYTES,
        event_bytes_per_user_per_s=RATE_BYTES_PER_S,
        # Nothing else is to be in the way.
        log_ins_per_user_per_s=0,
        offers_per_user_per_s=0,
        peer_connections_per_user_per_s=0,
        effects_per_user_per_s=0,
        mutes_per_user_per_s=0,
        mutes_per_room_per_s=0,
    )
    bob = await cloud.join(room, "r", "bob")
    before = {event.sequence for event in await cloud.history("r")}
    began_ns = time.monotonic_ns()
    await flood(cloud, room)
    elapsed_s = (time.monotonic_ns() - began_ns) / 1e9
    caused = [event for event in await cloud.history("r") if event.sequence not in before]
    assert BURST_BYTES / 8 < stored_bytes(caused) <= BURST_BYTES + RATE_BYTES_PER_S * elapsed_s
    assert "messageAccepted" in await bob.say("x" * 1024)
    assert "answer" in await bob.publish("bobs", extra_info="ü" * 1024)


async def test_a_talker_without_bytes_is_told_so_and_goes_on_after_a_pause(cloud: Cloud) -> None:
    room = await cloud.start_room(event_bytes_per_user_burst=BURST_BYTES, event_bytes_per_user_per_s=4096)
    mallory, bob = await cloud.join(room, "r", "mallory"), await cloud.join(room, "r", "bob")

    async def talk() -> Json:
        return await mallory.say("x" * 1024, "COMMAND", ("bob",))

    while "failed" not in (reply := await talk()):
        pass
    failed = reply["failed"]
    assert (failed["code"], failed["reason"], failed["retryable"]) == (1009015, "rate-limited", True)
    # A refused one takes nothing of what the room has for others.
    for _ in range(50):
        await mallory.say("x" * 1024, "BARRAGE")
    assert "messageAccepted" in await bob.say("hello", "BARRAGE")
    await eventually(talk, "messageAccepted", timeout_s=20)
    assert "done" in await mallory.log_out()  # never refused


async def test_an_app_has_its_bytes_too(cloud: Cloud) -> None:
    room = await cloud.start_room(event_bytes_per_app_burst=BURST_BYTES, event_bytes_per_app_per_s=NEVER)
    people = [await cloud.join(room, "r", f"u{number}") for number in range(4)]
    refused = 0
    for number in range(100):
        reply = await people[number % 4].say("x" * 1024, "COMMAND", ("u0",))
        refused += "failed" in reply
    assert refused > 50
    for client in people:
        assert "done" in await client.log_out()


# ---- effects ----


async def test_one_user_has_two_streams_with_effects(cloud: Cloud) -> None:
    room = await cloud.start_room()
    mallory, bob = await cloud.join(room, "r", "mallory"), await cloud.join(room, "r", "bob")
    for number in range(4):
        assert "answer" in await mallory.publish(f"m{number}")
    assert "effectsSet" in await mallory.set_effects("m0", enabled=True, smoothIntensity=10)
    # Published with effects: those two are all.
    assert "answer" in await mallory.publish("m1", effects={"enabled": True, "smoothIntensity": 10})
    await cloud.relay.effects.until(lambda orders: len(orders) == 2)
    for number in (2, 3):
        failed = (await mallory.set_effects(f"m{number}", enabled=True, smoothIntensity=10))["failed"]
        assert (failed["code"], failed["reason"]) == (1103075, "quota-exceeded")
    # A stream that is published with them is there without, and its publisher is told.
    assert "answer" in await mallory.publish("m4", effects={"enabled": True, "smoothIntensity": 10})
    await mallory.until_effects(("m4", "UNAVAILABLE", "full"))
    await bob.notices.until(lambda _: ("ADD", "m4") in bob.streams())
    assert {order.stream_id for order in cloud.relay.effects.items} == {"m0", "m1"}
    # One that has them may be changed, and one goes for one that comes.
    assert "effectsSet" in await mallory.set_effects("m1", enabled=True, smoothIntensity=20)
    assert "effectsSet" in await mallory.set_effects("m0", enabled=False)
    assert "effectsSet" in await mallory.set_effects("m2", enabled=True, smoothIntensity=10)
    assert "done" in await mallory.request(unpublish={"streamId": "m2"})
    assert "effectsSet" in await mallory.set_effects("m3", enabled=True, smoothIntensity=10)
    assert "answer" in await bob.publish("bobs", effects={"enabled": True, "smoothIntensity": 10})


async def test_changes_of_effects_are_counted_over_all_connections_of_a_user(cloud: Cloud) -> None:
    room = await cloud.start_room(effects_per_user_per_s=NEVER, effects_per_user_burst=10)
    bob = await cloud.join(room, "r", "bob")
    assert "answer" in await bob.publish("bobs")
    reasons = []
    for turn in range(4):
        mallory = await cloud.join(room, "r", "mallory")
        assert "answer" in await mallory.publish("m")
        for number in range(4):
            reply = await mallory.set_effects("m", enabled=True, smoothIntensity=turn * 4 + number)
            reasons.append(reply["failed"]["reason"] if "failed" in reply else "ok")
    assert reasons == ["ok"] * 10 + ["rate-limited"] * 6
    assert "effectsSet" in await mallory.set_effects("m", enabled=False)  # never refused
    assert "effectsSet" in await bob.set_effects("bobs", enabled=True, smoothIntensity=10)
