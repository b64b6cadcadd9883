import asyncio
import json

import pytest
from salon.room.v1.events_pb2 import LoginRefused
from websockets.exceptions import ConnectionClosed

from .client import Json
from .conftest import Cloud
from .responders import token

REFUSALS: list[tuple[str, str, Json, int]] = [
    ("", "u", {}, 1002011),
    ("a b", "u", {}, 1002012),
    ("r" * 129, "u", {}, 1002013),
    ("r", "", {}, 1002005),
    ("r", "a/b", {}, 1002006),
    ("r", "u" * 65, {}, 1002007),
    ("r", "u", {"userName": "n" * 257}, 1002010),
    ("r", "u", {"appId": 0}, 1001004),
    ("r", "u", {"secret": "nonsense"}, 1102016),
    ("r", "u", {"secret": token("other")}, 1102020),
    ("r", "u", {"secret": token("u", "elsewhere")}, 1102020),
    ("r", "u", {"secret": token("u", expires_in_s=-5)}, 1102018),
    ("r", "u", {"secret": token("u", log_in=False)}, 1102020),
    ("r", "u", {"appId": 999}, 1102020),
]


async def test_refusals_have_the_numbers_app_authors_know(cloud: Cloud) -> None:
    room = await cloud.start_room()
    client = await cloud.connect(room)
    for room_id, user_id, more, code in REFUSALS:
        reply = await client.log_in(room_id, user_id, **more)
        assert reply["failed"]["code"] == code, (room_id, user_id, more)
    assert "loggedIn" in await client.log_in("r", "u")  # the connection is good for another attempt


async def test_hello_and_log_in_may_come_in_one_breath(cloud: Cloud) -> None:
    room = await cloud.start_room()
    client = await cloud.connect(room, hello=False)
    hello, welcome = client.send_later(hello={"protocolVersions": [1, 2]})
    login, reply = client.send_later(login={"appId": 7, "roomId": "r", "userId": "u", "token": token("u")})
    say, accepted = client.send_later(sendMessage={"kind": "SIGNAL_MESSAGE_KIND_BROADCAST", "text": "first"})
    for text in (hello, login, say):
        await client.send_text(text)
    assert "welcome" in await welcome
    assert "loggedIn" in await reply
    assert "messageAccepted" in await accepted


async def test_every_request_is_answered_once(cloud: Cloud) -> None:
    room = await cloud.start_room()
    client = await cloud.join(room, "r", "u")
    texts, replies = [], []
    for number in range(60):
        bodies: list[Json] = [{"heartbeat": {}}, {"unpublish": {"streamId": "none"}}, {"login": {}}, {"future": {}}]
        body = bodies[number % 4]
        text, reply = client.send_later(**body)
        texts.append(text)
        replies.append(reply)
    before = len(client.replies)
    for text in texts[:40]:
        await client.send_text(text)
    await asyncio.gather(*replies[:40])
    numbers = [reply["requestId"] for reply in client.replies[before:]]
    assert sorted(numbers) == sorted(set(numbers))
    assert len(numbers) == 40


async def test_the_member_limit_of_the_first_user_counts(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    await cloud.join(one, "r", "u0", maxMemberCount=5)
    clients = [await cloud.connect(one if number % 2 else two) for number in range(20)]
    replies = await asyncio.gather(
        *(client.log_in("r", f"u{number + 1}", maxMemberCount=1) for number, client in enumerate(clients))
    )
    failed = [reply["failed"]["code"] for reply in replies if "failed" in reply]
    assert failed == [1002034] * 16
    refused = [event for event in await cloud.history("r") if isinstance(event.message, LoginRefused)]
    assert len(refused) == 16


async def test_a_socket_that_dies_in_the_middle_of_a_log_in_leaves_nobody(cloud: Cloud) -> None:
    room = await cloud.start_room(view_linger_s=0.1)
    watcher = await cloud.join(room, "r", "watcher")
    for number in range(20):
        client = await cloud.connect(room)
        text, _ = client.send_later(
            login={"appId": 7, "roomId": "r", "userId": f"u{number}", "token": token(f"u{number}")}
        )
        await client.send_text(text)
        await client.drop()
    await watcher.say("end")
    last = await cloud.join(room, "r", "last")

    def nobody_is_left(_: object) -> bool:
        came = [user for change, user in watcher.users() if change == "ADD"]
        went = [user for change, user in watcher.users() if change == "DELETE"]
        return sorted(came) == sorted([*went, "last"])

    await watcher.notices.until(nobody_is_left)
    await last.log_out()


async def test_an_instance_takes_only_so_many_connections(cloud: Cloud) -> None:
    room = await cloud.start_room(max_connections=2)
    first, _ = await cloud.connect(room), await cloud.connect(room)
    third = await cloud.connect(room, hello=False)
    assert await third.until_closed() == 4429
    await first.close()
    for _ in range(50):
        fourth = await cloud.connect(room, hello=False)
        try:
            assert "welcome" in await fourth.request(hello={"protocolVersions": [1]})
        except (ConnectionError, ConnectionClosed):
            continue
        return
    pytest.fail("the place of the first was not given to anybody")


async def test_who_does_not_beat_is_logged_out_and_the_connection_closed(cloud: Cloud) -> None:
    room = await cloud.start_room(presence_ttl_s=2, heartbeat_interval_s=0.5)
    silent = await cloud.join(room, "r", "silent")
    lively = await cloud.join(room, "r", "lively")
    while silent.close_code is None:
        await lively.request(heartbeat={})
        await asyncio.sleep(0.2)
    assert silent.close_code in (4001, 4002)
    await lively.until_users(("DELETE", "silent"))


async def test_too_much_nonsense_ends_the_connection(cloud: Cloud) -> None:
    room = await cloud.start_room()
    client = await cloud.connect(room)
    for number in range(19):
        nonsense = ["{", "[]", "\x00", json.dumps({"requestId": number + 50, "login": 1})]
        await client.send_text(nonsense[number % 4])
    assert "loggedIn" in await client.log_in("r", "u")
    malformed = [reply for reply in client.replies if reply.get("failed", {}).get("code") == 1100001]
    assert len(malformed) == 19
    assert {reply["failed"]["reason"] for reply in malformed} == {"request-malformed"}
    await client.send_text("}")
    assert await client.until_closed() == 4400


async def test_a_frame_over_the_bound_closes_the_connection(cloud: Cloud) -> None:
    room = await cloud.start_room()
    client = await cloud.connect(room)
    await client.send_text('{"requestId":5,"login":{"token":"' + "x" * 300_000 + '"}}')
    assert await client.until_closed() == 1009
    assert "loggedIn" in (await (await cloud.connect(room)).log_in("r", "u"))
