"""Who does not hold a log-in's key learns nothing by trying to resume it: not whether the user is there, nor where."""

import pytest
from salon.room.v1.events_pb2 import Presence
from salon_contracts.errors import LoggedInElsewhere, SalonError, SessionGone
from salon_contracts.ids import AppId, UserId
from salon_contracts.subjects import PRESENCE_BUCKET
from salon_kit.buckets import Entry, LeaseBucket
from salon_kit.bus import Bus
from salon_room.members.presence import REPLACED_MAX, PresenceBook, hash_of

from .client import Client, Json
from .conftest import Cloud
from .responders import APP

GONE = {
    "code": 1102001,
    "reason": "session-gone",
    "message": "There is no such log-in any more; log in again.",
}


async def attempt(client: Client, user_id: str, session_id: str, key: str, app_id: int = APP) -> Json:
    resume = {"appId": app_id, "userId": user_id, "sessionId": session_id, "resumeKey": key, "lastSequence": "0"}
    return dict((await client.request(resume=resume))["failed"])


async def test_every_refusal_is_the_same(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(one, "r", "bob")
    said, other = alice.logged_in, bob.logged_in
    await bob.log_out()
    guesses: list[tuple[str, str, str, int]] = [
        ("alice", said["sessionId"], "k_guess", APP),  # the id is known to others of the room
        ("alice", "s_guess", said["resumeKey"], APP),
        ("alice", "s_guess", "k_guess", APP),
        ("alice", "", "", APP),
        ("alice", said["sessionId"], "", APP),
        ("alice", other["sessionId"], other["resumeKey"], APP),  # a good one, but another user's
        ("bob", other["sessionId"], other["resumeKey"], APP),  # it is over
        ("nobody", said["sessionId"], said["resumeKey"], APP),
        ("alice", said["sessionId"], said["resumeKey"], APP + 1),
    ]
    for room in (one, two):
        for guess in guesses:
            assert await attempt(await cloud.connect(room), *guess) == GONE, guess
    assert "messageAccepted" in await alice.say("still here")


async def test_who_holds_the_key_of_a_replaced_log_in_is_told_so_and_nobody_else(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    older = await cloud.join(one, "r", "alice")
    await cloud.join(two, "elsewhere", "alice")
    await older.until_closed()
    said = older.logged_in
    told = await attempt(await cloud.connect(two), "alice", said["sessionId"], said["resumeKey"])
    assert (told["code"], told["reason"]) == (1002086, "logged-in-elsewhere")
    assert await attempt(await cloud.connect(two), "alice", said["sessionId"], "k_guess") == GONE
    assert await attempt(await cloud.connect(two), "alice", "s_guess", said["resumeKey"]) == GONE


async def test_a_connection_has_few_attempts_and_may_log_in_all_the_same(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    stranger = await cloud.connect(room)
    said = [(await attempt(stranger, "alice", "s_guess", f"k_{number}"))["reason"] for number in range(5)]
    assert said == ["session-gone"] * 3 + ["rate-limited"] * 2
    right = await attempt(stranger, "alice", alice.logged_in["sessionId"], alice.logged_in["resumeKey"])
    assert right["reason"] == "rate-limited"
    assert "loggedIn" in await stranger.log_in("r", "stranger")
    await alice.drop()  # whose own next connection is not the stranger's
    await alice.open()
    assert "resumed" in await alice.resume()


class CountingLeases(LeaseBucket):
    """Counts what goes over the bus."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, PRESENCE_BUCKET)
        self.asked = 0

    async def get(self, key: str, *, timeout_s: float = 2.0) -> Entry | None:
        self.asked += 1
        return await super().get(key, timeout_s=timeout_s)

    async def put(
        self, key: str, value: bytes, ttl_s: int, *, expected_revision: int | None = None, timeout_s: float = 5.0
    ) -> int:
        self.asked += 1
        return await super().put(key, value, ttl_s, expected_revision=expected_revision, timeout_s=timeout_s)


def record(number: int) -> Presence:
    key = hash_of(f"k_{number}")
    return Presence(app_id=APP, room_id="r", user_id="alice", session_id=f"s_{number}", resume_key_sha256=key)


@pytest.mark.parametrize(
    ("user_id", "session_id", "key"),
    [("alice", "s_1", "k_1"), ("alice", "s_9", "k_x"), ("alice", "s_x", "k_9"), ("nobody", "s_9", "k_9")],
)
async def test_every_refusal_takes_the_same_work(bus: Bus, user_id: str, session_id: str, key: str) -> None:
    leases = CountingLeases(bus)
    await leases.ensure()
    book = PresenceBook(leases, 60)
    for number in range(10):
        await book.take(record(number))
    leases.asked = 0
    with pytest.raises(SessionGone):
        await book.resume(AppId(APP), UserId(user_id), session_id, key)
    assert leases.asked == 1


async def test_the_last_few_log_ins_that_were_replaced_are_known(bus: Bus) -> None:
    leases = LeaseBucket(bus, PRESENCE_BUCKET)
    await leases.ensure()
    book = PresenceBook(leases, 60)
    for number in range(10):
        lease, _ = await book.take(record(number))

    async def answer(number: int) -> type[SalonError]:
        with pytest.raises(SalonError) as caught:
            await book.resume(AppId(APP), UserId("alice"), f"s_{number}", f"k_{number}")
        return type(caught.value)

    expected = [SessionGone] * (9 - REPLACED_MAX) + [LoggedInElsewhere] * REPLACED_MAX
    assert [await answer(number) for number in range(9)] == expected
    await book.move(lease, record(9))  # another room session, the same log-in
    assert [await answer(number) for number in range(9)] == expected
    assert (await book.resume(AppId(APP), UserId("alice"), "s_9", "k_9")).record.session_id == "s_9"
