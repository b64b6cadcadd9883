"""Where the browser has closed its socket already, a page says that it leaves: `POST /ws` with its log-in's key."""

import json
from typing import Any

import httpx
import pytest
from salon.relay.v1.relay_pb2 import Direction

from .client import Client
from .conftest import Cloud
from .processes import RoomProcess
from .responders import APP

WAIT_S = 30.0


def last_word(client: Client, **changes: Any) -> dict[str, Any]:
    said = client.logged_in
    whose = {"appId": APP, "userId": client.user_id}
    return {**whose, "sessionId": said["sessionId"], "resumeKey": said["resumeKey"], **changes}


async def post(room: RoomProcess, body: object) -> httpx.Response:
    """As `sendBeacon` sends a text, from a page of another origin."""
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"content-type": "text/plain;charset=UTF-8", "origin": "https://app.example.org"}
    async with httpx.AsyncClient(timeout=20) as http:
        return await http.post(f"{room.http}/ws", content=text, headers=headers)


async def until_out(cloud: Cloud, watcher: Client, user_id: str) -> None:
    await watcher.notices.until(lambda _: ("DELETE", user_id) in watcher.users(), WAIT_S)
    await cloud.relay.changes.until(lambda _: not cloud.relay.open_of(user_id, Direction.DIRECTION_SEND), WAIT_S)


async def test_its_user_is_out_with_everything_it_had_wherever_it_says_so(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    watcher = await cloud.join(one, "r", "watcher")
    for name, instance, leave in (("open", one, None), ("dropped", one, "drop"), ("elsewhere", two, "drop")):
        leaver = await cloud.join(one, "r", name)
        await leaver.publish(f"cam-{name}")
        if leave == "drop":
            await leaver.drop()
        answer = await post(instance, last_word(leaver))
        assert (answer.status_code, answer.content) == (204, b"")
        # Whoever is dropped keeps the time of a whole lease otherwise.
        await until_out(cloud, watcher, name)
        assert ("DELETE", f"cam-{name}") in watcher.streams()
        if leave is None:
            assert await leaver.until_closed() == 4002
        await leaver.open()
        assert (await leaver.resume())["failed"]["reason"] == "session-gone"


async def test_said_twice_and_after_a_socket_that_closed_with_1001_it_is_said_once(cloud: Cloud) -> None:
    room = await cloud.start_room()
    watcher, leaver = await cloud.join(room, "r", "watcher"), await cloud.join(room, "r", "leaver")
    await leaver.close(1001)
    for _ in range(2):
        assert (await post(room, last_word(leaver))).status_code == 204
    again = await cloud.join(room, "r", "leaver")
    assert (await post(room, last_word(leaver))).status_code == 204
    assert "messageAccepted" in await again.say("still here")
    assert watcher.users() == [("ADD", "leaver"), ("DELETE", "leaver"), ("ADD", "leaver")]


async def test_nobody_sends_another_out_or_learns_who_is_there(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    guesses = [
        last_word(alice, resumeKey="k_guess"),
        last_word(alice, resumeKey=""),
        last_word(alice, sessionId="s_guess"),
        last_word(alice, userId="bob"),
        last_word(alice, userId="nobody"),
        last_word(alice, appId=APP + 1),
        last_word(bob, userId="alice"),
        last_word(alice, resumeKey="\ud800"),
    ]
    for guess in guesses:
        answer = await post(room, guess)
        assert (answer.status_code, answer.content) == (204, b""), guess
    for client in (alice, bob):
        assert "messageAccepted" in await client.say("still here")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "[" * 2000,
        "{}",
        '{"appId":true,"userId":"alice","sessionId":"s","resumeKey":"k"}',
        '{"appId":7,"userId":"","sessionId":"s","resumeKey":"k"}',
        '{"appId":7,"userId":"alice","sessionId":1,"resumeKey":"k"}',
        '{"appId":7,"userId":"alice","sessionId":"s"}',
        json.dumps({"appId": 7, "userId": "alice", "sessionId": "s", "resumeKey": "k" * 2048}),
    ],
    ids=range(10),
)
async def test_what_cannot_be_read_is_refused(cloud: Cloud, body: str) -> None:
    room = await cloud.start_room()
    answer = await post(room, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("request-malformed", "invalid-field")
    assert room.troubles() == []


async def test_it_counts_as_an_attempt_to_log_in(cloud: Cloud) -> None:
    room = await cloud.start_room(attempts_per_address_per_s=0.001, attempts_per_address_burst=3)
    said = [(await post(room, "{}")).status_code for _ in range(5)]
    assert said == [400, 400, 400, 429, 429]
