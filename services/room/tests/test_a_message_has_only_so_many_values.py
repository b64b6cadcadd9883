"""JSON that is short to send and dear to turn into fields is refused before it is turned into any."""

import json
from unittest import mock

import pytest
from google.protobuf import json_format
from salon_contracts.errors import RequestMalformed
from salon_room.core.signal_json import MEMBERS_VALUES_MAX, STRANGERS_VALUES_MAX, decode

from .conftest import Cloud

SIZES = [32 * 1024, 250 * 1024]


def shapes(size: int) -> dict[str, str]:
    def many(begin: str, item: str, end: str) -> str:
        count = (size - len(begin) - len(end)) // (len(item) + 1)
        return begin + ",".join([item] * count) + end

    offer = '{"requestId":7,"publish":{"streamId":"s","offer":{"sdp":"v=0","tracks":['
    return {
        "tracks of nothing": many(offer, "{}", "]}}}"),
        "tracks with an error at the end": many(offer, "{}", ",7]}}}"),
        "tracks with a mid": many(offer, '{"mid":""}', "]}}}"),
        "versions": many('{"requestId":7,"hello":{"protocolVersions":[', "1", "]}}"),
        "receivers": many('{"requestId":7,"sendMessage":{"toUserIds":[', '""', "]}}"),
        "fields that nobody knows": many('{"requestId":7,"x":[', "[]", "]}"),
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", shapes(1000))
def test_no_value_of_it_becomes_a_field(shape: str, size: int) -> None:
    text = shapes(size)[shape]
    with mock.patch.object(json_format, "ParseDict", side_effect=AssertionError("it was converted")):
        for values_max in (STRANGERS_VALUES_MAX, MEMBERS_VALUES_MAX):
            with pytest.raises(RequestMalformed):
                decode(text, values_max)


def test_what_clients_send_has_fewer() -> None:
    offer = {
        "peerConnectionId": "p",
        "sdp": "v=0,:," * 10_000,
        "tracks": [{"mid": str(number), "streamId": f"s{number}"} for number in range(256)],
    }
    decode(json.dumps({"requestId": 1, "publish": {"streamId": "s", "offer": offer}}))
    decode(json.dumps({"requestId": 1, "sendMessage": {"toUserIds": [f"u{number}" for number in range(500)]}}))
    hello = {"protocolVersions": [1, 2, 3], "sdkName": "web", "sdkVersion": "3.12.0"}
    decode(json.dumps({"requestId": 1, "hello": hello}), STRANGERS_VALUES_MAX)
    offer["tracks"] = [{"mid": str(number), "streamId": f"s{number}"} for number in range(64)]
    decode(json.dumps({"requestId": 1, "publish": {"streamId": "s", "offer": offer}}), STRANGERS_VALUES_MAX)


async def test_it_is_answered_with_a_code_and_the_log_in_goes_on(cloud: Cloud) -> None:
    room = await cloud.start_room()
    stranger = await cloud.connect(room)
    await stranger.send_text(shapes(2000)["tracks of nothing"])
    assert "loggedIn" in await stranger.log_in("r", "u")
    failed = [reply["failed"]["reason"] for reply in stranger.replies if "failed" in reply]
    assert failed == ["request-malformed"]
