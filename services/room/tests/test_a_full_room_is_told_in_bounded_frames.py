"""Large rooms over real sockets: what a newcomer is sent, and what is sent of it."""

import asyncio
import json
from typing import Any

import pytest
from salon_room.core.signal_json import FRAME_MAX_BYTES

from .client import Client
from .conftest import Cloud
from .processes import RoomProcess

LONGEST_NAME = "\x01" * 256


async def fill(cloud: Cloud, room: RoomProcess, count: int, **more: Any) -> list[Client]:
    people = []
    for begin in range(0, count, 20):
        numbers = range(begin, min(begin + 20, count))
        people += await asyncio.gather(*(cloud.join(room, "r", f"u{number:03}", **more) for number in numbers))
    return people


def sizes(client: Client) -> list[int]:
    return [len(json.dumps(frame, ensure_ascii=False).encode()) for frame in client.frames]


@pytest.mark.parametrize(
    ("count", "more"),
    [(190, {"userName": LONGEST_NAME}), (120, {"userName": "\U0001f600" * 64}), (40, {"userName": "Ann"})],
)
async def test_a_newcomer_is_told_of_all_in_frames_of_bounded_length(
    cloud: Cloud, count: int, more: dict[str, Any]
) -> None:
    room = await cloud.start_room(hello_timeout_s=60)
    await fill(cloud, room, count, userUpdate=False, **more)
    newcomer = await cloud.join(room, "r", "newcomer")
    first = [user["userId"] for user in newcomer.logged_in["users"]]
    rest = [("ADD", f"u{number:03}") for number in range(count) if f"u{number:03}" not in first]
    await newcomer.notices.until(lambda _: len(newcomer.users()) == len(rest))
    assert len(first) + len(rest) == count
    assert sorted(newcomer.users()) == rest
    assert max(sizes(newcomer)) < FRAME_MAX_BYTES // 2
    assert newcomer.logged_in.get("pagesToCome", 0) == len(newcomer.notices.items)
    assert all(notice["sequence"] == 0 for notice in newcomer.notices.items)


async def test_what_happens_meanwhile_comes_behind_the_last_page(cloud: Cloud) -> None:
    room = await cloud.start_room(hello_timeout_s=60)
    people = await fill(cloud, room, 90, userUpdate=False, userName=LONGEST_NAME)
    newcomer = await cloud.connect(room)

    async def speak() -> None:
        while not newcomer.texts():
            await people[0].say("hello", "COMMAND", ("newcomer",))  # refused when it is too often: said again

    async with asyncio.timeout(60):
        await asyncio.gather(newcomer.log_in("r", "newcomer"), speak())
        await newcomer.notices.until(lambda _: len(newcomer.users()) == 90 - len(newcomer.logged_in["users"]))
    pages = newcomer.logged_in["pagesToCome"]
    assert pages > 0
    assert ["usersChanged" in notice for notice in newcomer.notices.items[: pages + 1]] == [True] * pages + [False]


async def test_those_who_come_and_go_are_told_before_what_happens_later(cloud: Cloud) -> None:
    room = await cloud.start_room()
    watcher = await cloud.join(room, "r", "watcher")
    for number in range(6):
        guest = await cloud.join(room, "r", f"guest{number}")
        if number % 2:
            assert "messageAccepted" in await guest.say(f"from {number}", "COMMAND", ("watcher",))
        else:
            assert "answer" in await guest.publish(f"stream{number}")
        await guest.log_out()
    await watcher.notices.until(lambda _: watcher.users()[-1:] == [("DELETE", "guest5")])
    told = [each for notice in watcher.notices.items for each in said(notice)]
    for number in range(6):
        own = [f"text from {number}"] if number % 2 else [f"+stream{number}", f"-stream{number}"]
        assert [each for each in told if each.endswith(str(number))] == [f"+guest{number}", *own, f"-guest{number}"]
        if number:  # what came before a message or a stream is told before it, also of others
            assert told.index(f"-guest{number - 1}") < told.index(own[0])


async def test_a_crowd_is_told_in_few_frames_and_nobody_is_missing(cloud: Cloud) -> None:
    one, two = await asyncio.gather(cloud.start_room(), cloud.start_room())
    watchers = [await cloud.join(one, "r", "watcher1"), await cloud.join(two, "r", "watcher2")]
    guests = await asyncio.gather(*(cloud.join((one, two)[n % 2], "r", f"g{n:02}") for n in range(40)))
    await asyncio.gather(*(guest.log_out() for guest in guests))
    for watcher in watchers:
        await until_told(watcher, 80)
        told = [user for user in watcher.users() if user[1].startswith("g")]
        for number in range(40):
            assert [kind for kind, user_id in told if user_id == f"g{number:02}"] == ["ADD", "DELETE"]
    for guest in guests:
        present = {user["userId"] for user in guest.logged_in["users"]}
        for kind, user_id in guest.users():
            assert (user_id in present) == (kind == "DELETE"), (user_id, kind)
            present ^= {user_id}
        assert guest.user_id not in present


async def until_told(client: Client, changes: int) -> None:
    await client.notices.until(lambda _: len(client.users()) >= changes)


def said(notice: dict[str, Any]) -> list[str]:
    if "messageReceived" in notice:
        return [f"text {notice['messageReceived']['text']}"]
    body = notice.get("usersChanged") or notice["streamsChanged"]
    sign = "+" if body["updateType"] == "UPDATE_TYPE_ADD" else "-"
    names = [each.get("userId") or each["streamId"] for each in body.get("users") or body["streams"]]
    return [sign + name for name in names]
