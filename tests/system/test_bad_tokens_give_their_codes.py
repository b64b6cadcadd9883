import base64
import json

import pytest

from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

BAD = {
    "not a token": 1102016,
    "cut short": 1102016,
    "expired": 1102018,
    "wrong secret": 1102020,
    "another app": 1102020,
    "another user": 1102020,
    "another room": 1102020,
    "log-in not allowed": 1102020,
}


def bad_token(kind: str, cloud: Cloud, user: str) -> str:
    good = cloud.mint(user)
    privileges = {"room_id": "", "privilege": {"1": 1, "2": 1}, "stream_id_list": None}
    match kind:
        case "not a token":
            return "04" + base64.b64encode(b"nothing of the kind").decode()
        case "cut short":
            return good[: len(good) // 2]
        case "expired":
            return cloud.mint(user, lifetime_s=-60)
        case "wrong secret":
            return cloud.mint(user, secret="0" * 32)
        case "another app":
            return cloud.mint(user, app_id=cloud.app_id + 1)
        case "another user":
            return cloud.mint("somebody-else")
        case "another room":
            return cloud.mint(user, payload=json.dumps(privileges | {"room_id": "elsewhere"}))
        case _:
            return cloud.mint(user, payload=json.dumps(privileges | {"privilege": {"1": 0, "2": 1}}))


@pytest.mark.parametrize("kind", BAD)
async def test_each_bad_token_gives_its_code(arrive: Arrive, cloud: Cloud, kind: str) -> None:
    alice = await arrive(fresh("alice"))
    result = await alice.login(fresh("room"), bad_token(kind, cloud, alice.user_id))
    assert result["errorCode"] == BAD[kind]
    failed = await alice.wait_event("roomStateChanged", "args[1] === 'LOGIN_FAILED'")
    assert failed[2] == BAD[kind]
    assert (await alice.events("roomStateUpdate"))[-1]["args"][1:3] == ["DISCONNECTED", BAD[kind]]


async def test_a_token_without_the_publish_privilege_may_watch_but_not_publish(arrive: Arrive, cloud: Cloud) -> None:
    alice = await arrive(fresh("alice"))
    payload = json.dumps({"room_id": "", "privilege": {"1": 1, "2": 0}, "stream_id_list": None})
    assert await alice.login(fresh("room"), cloud.mint(alice.user_id, payload=payload)) == {"ok": True}
    await alice.publish(fresh("stream"))
    refused = await alice.wait_event("publisherStateUpdate", "args[0].state === 'NO_PUBLISH'")
    assert refused[0]["errorCode"] == 1103019


@pytest.mark.parametrize(
    ("room", "code"), [("", 1002011), ("a%b", 1002012), ("x" * 129, 1002013)], ids=["empty", "illegal", "long"]
)
async def test_a_room_id_that_breaks_the_rules_is_refused(arrive: Arrive, room: str, code: int) -> None:
    alice = await arrive(fresh("alice"))
    assert (await alice.login(room))["errorCode"] == code
