import contextlib
import json
import random
import string
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from salon.room.v1.signal_pb2 import (
    SIGNAL_MESSAGE_KIND_BROADCAST,
    ClientMessage,
    Hello,
    Login,
    Offer,
    OfferedTrack,
    Publish,
    SendMessage,
    ServerMessage,
)
from salon_contracts.errors import InvalidField, RequestMalformed
from salon_room.core.signal_json import FRAME_MAX_BYTES, SDP_MAX_BYTES, check_sdp, decode, encode, request_id_of

EXAMPLES = [
    ClientMessage(request_id=1, hello=Hello(protocol_versions=[1], sdk_name="x")),
    ClientMessage(request_id=2, login=Login(app_id=7, room_id="r", token="t", user_id="u", user_update=True)),
    ClientMessage(
        request_id=3,
        publish=Publish(
            stream_id="s",
            offer=Offer(peer_connection_id="p", sdp="v=0", tracks=[OfferedTrack(mid="0", stream_id="s")]),
        ),
    ),
    ClientMessage(
        request_id=4, send_message=SendMessage(kind=SIGNAL_MESSAGE_KIND_BROADCAST, text="hä", to_user_ids=["a"])
    ),
]


def test_frames_are_protobufs_json() -> None:
    for message in EXAMPLES:
        assert decode(json.dumps(MessageToDict(message))) == message


def test_unknown_fields_are_ignored() -> None:
    text = '{"requestId": 5, "future": {"deep": [1, {"x": null}]}, "heartbeat": {"more": 1}}'
    assert decode(text).WhichOneof("body") == "heartbeat"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "nope", "[]", "1", "null", '"x"', "{", '{"requestId": }',
        '{"requestId": -1}', '{"requestId": 4294967296}',
        '{"requestId": 1.5}', '{"requestId": NaN}', '{"requestId": 1e400}', '{"requestId": "x"}',
        '{"login": {"appId": "x"}}', '{"login": {"roomId": 1}}', '{"login": {"roomId": "\\ud800"}}', "\ud800",
        '{"hello": {"protocolVersions": {"a": 1}}}', '{"hello": {}, "login": {}}', '{"sendMessage": {"kind": {}}}',
        '{"requestId": ' + "9" * 5000 + "}", '{"a":' * 17 + "1" + "}" * 17, "[" * 100_000, '{"a":' * 100_000,
        '{"requestId":1,"requestId":2,"login":{"token":' + "[" * 40 + "]" * 40 + "}}",
    ],
)  # fmt: skip
def test_what_is_not_a_message_is_refused(text: str) -> None:
    with pytest.raises(RequestMalformed):
        decode(text)


def test_a_frame_has_a_bound() -> None:
    big = json.dumps({"requestId": 1, "sendMessage": {"text": "ä" * (FRAME_MAX_BYTES // 2)}}, ensure_ascii=False)
    with pytest.raises(RequestMalformed, match="longer"):
        decode(big)


def test_an_offer_has_a_bound_of_its_own() -> None:
    assert check_sdp("x" * SDP_MAX_BYTES)
    for sdp in ("", "x" * (SDP_MAX_BYTES + 1), "ä" * (SDP_MAX_BYTES // 2 + 1)):
        with pytest.raises(InvalidField):
            check_sdp(sdp)


def test_brackets_in_texts_are_not_depth() -> None:
    text = json.dumps({"requestId": 1, "sendMessage": {"text": '[[[{{{\\"' * 50}})
    assert decode(text).send_message.text.startswith("[[[")


def test_the_number_of_a_malformed_request_is_found_if_it_can_be() -> None:
    assert request_id_of('{"requestId": 9, "login": 3}') == 9
    for text in ("", "[", '{"requestId": "9"}', '{"requestId": true}', "[" * 100_000, '{"requestId": -2}'):
        assert request_id_of(text) == 0


def test_what_is_sent_has_no_spaces_and_keeps_unicode() -> None:
    assert encode(ServerMessage(sequence=3)) == '{"sequence":"3"}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    with contextlib.suppress(RequestMalformed):
        decode(json.dumps(document))


def test_mutated_messages_are_read_or_refused() -> None:
    rng = random.Random(20)
    texts = [json.dumps(MessageToDict(message)) for message in EXAMPLES]
    names = [*ClientMessage.DESCRIPTOR.fields_by_name, "requestId", "tracks", "protocolVersions"]
    for _ in range(20_000):
        text = rng.choice(texts)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(text) + 1)
            new = [rng.choice(string.printable), rng.choice(names), "{}", "[]", "null", "1e9", '"', "\\u0000"]
            text = text[:at] + rng.choice(new) + text[at + rng.randint(0, 3) :]
        try:
            decode(text)
        except RequestMalformed:
            request_id_of(text)
