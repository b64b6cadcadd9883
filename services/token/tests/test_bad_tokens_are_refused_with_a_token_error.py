"""Whatever is wrong with a token, the answer is a TokenError that says so in one sentence."""

import json
import struct
from base64 import b64encode

import pytest
from salon_contracts.errors import TokenError, TokenForged, TokenMalformed
from salon_token.privileges import Privileges
from salon_token.token04 import TOKEN_MAX_CHARS, Claims, Form, SealedToken, open_token

from .tokens import (
    APP_ID,
    IV,
    NOW_S,
    OTHER_SECRET,
    SECRET,
    assemble,
    encrypt_blocks,
    encrypt_content,
    encrypt_fields,
    good_fields,
    make_token,
)

EXPIRY = struct.pack(">q", NOW_S + 3600)


def read(token: str) -> Claims:
    return open_token(SealedToken.parse(token), APP_ID, [SECRET])[0]


def problem_of(token: str) -> str:
    with pytest.raises(TokenMalformed) as caught:
        read(token)
    return caught.value.problem


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("", "version is not 04"),
        ("0", "version is not 04"),
        ("03AAAA", "version is not 04"),
        ("04", "shorter than its layout"),
        ("04AAA", "not standard Base64 with padding"),
        ("04A A=", "not standard Base64 with padding"),
        ("04é", "not standard Base64 with padding"),
        ("04\udcff", "not standard Base64 with padding"),
        ("04_-8=", "not standard Base64 with padding"),
        ("04AB==", "not standard Base64 with padding"),  # bits beyond the last byte are set
        (make_token() + "\n", "not standard Base64 with padding"),
        (make_token().rstrip("=") if make_token().endswith("=") else make_token() + "=", "not standard Base64 with"),
        ("04" + "A" * TOKEN_MAX_CHARS, "longer than 8192 characters"),
        ("04" + b64encode(EXPIRY).decode(), "shorter than its layout"),
        ("04" + b64encode(EXPIRY + b"\xff\xff" + b"x" * 16).decode(), "shorter than its layout"),
        ("04" + b64encode(EXPIRY + b"\x00\x0c" + b"x" * 12 + b"\x00\xff" + b"x" * 16).decode(), "shorter than its"),
        (assemble(EXPIRY, IV[Form.GCM], b"x" * 40, b"\x02"), "unknown mode byte"),
        (assemble(EXPIRY, IV[Form.GCM], b"x" * 40, b"\x01\x00"), "longer than its layout"),
        (assemble(EXPIRY, IV[Form.GCM], b"x" * 48, b""), "lengths do not fit its form"),
        (assemble(EXPIRY, IV[Form.CBC], b"x" * 48, b"\x01"), "lengths do not fit its form"),
        (assemble(EXPIRY, IV[Form.CBC], b"", b""), "lengths do not fit its form"),
        (assemble(EXPIRY, IV[Form.CBC], b"x" * 17, b""), "lengths do not fit its form"),
        (assemble(EXPIRY, IV[Form.GCM], b"x" * 16, b"\x01"), "lengths do not fit its form"),
        (assemble(EXPIRY, b"", b"x" * 32, b""), "lengths do not fit its form"),
    ],
)
def test_layout(token: str, problem: str) -> None:
    assert problem_of(token).startswith(problem)


BAD_CLAIMS = pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"app_id": 0}, "app_id is not an integer of 1 to 4294967295"),
        ({"app_id": 2**32}, "app_id is not an integer of 1 to 4294967295"),
        ({"app_id": True}, "app_id is not an integer of 1 to 4294967295"),
        ({"app_id": 1234567890.0}, "app_id is not an integer of 1 to 4294967295"),
        ({"app_id": "1234567890"}, "app_id is not an integer of 1 to 4294967295"),
        ({"app_id": None}, "app_id is not an integer of 1 to 4294967295"),
        ({"user_id": ""}, "user_id is not a user id"),
        ({"user_id": 7}, "user_id is not a user id"),
        ({"user_id": "a" * 65}, "user_id is not a user id"),
        ({"user_id": "\ud800"}, "user_id is not a user id"),
        ({"user_id": "a b"}, "user_id is not a user id"),
        ({"nonce": 1.0}, "nonce is not an integer"),
        ({"nonce": True}, "nonce is not an integer"),
        ({"nonce": "1"}, "nonce is not an integer"),
        ({"nonce": 2**63}, "nonce is not an integer"),
        ({"ctime": None}, "ctime is not an integer"),
        ({"ctime": -(2**63) - 1}, "ctime is not an integer"),
        ({"expire": 1e30}, "expire is not an integer"),
        ({"expire": NOW_S + 3601}, "its two expiry times differ"),
        ({"payload": None}, "payload is not a text"),
        ({"payload": {}}, "payload is not a text"),
        ({"payload": "\udfff"}, "payload is not a text"),
    ],
)


@BAD_CLAIMS
def test_claims(change: dict[str, object], problem: str) -> None:
    assert problem_of(encrypt_fields({**good_fields(), **change})) == problem


@BAD_CLAIMS
def test_claims_of_the_form_that_is_not_authenticated(change: dict[str, object], problem: str) -> None:
    """What no generator writes is as if it were garbage."""
    with pytest.raises(TokenError) as caught:
        read(encrypt_fields({**good_fields(), **change}, Form.CBC))
    assert isinstance(caught.value, TokenForged) or problem in str(caught.value)


@pytest.mark.parametrize("missing", ["app_id", "user_id", "nonce", "ctime", "expire"])
def test_every_claim_but_the_payload_is_needed(missing: str) -> None:
    fields = good_fields()
    del fields[missing]
    assert missing in problem_of(encrypt_fields(fields))


def test_a_missing_payload_is_an_empty_one() -> None:
    fields = good_fields()
    del fields["payload"]
    assert read(encrypt_fields(fields)).payload == ""


@pytest.mark.parametrize("nonce", [-(2**63), -(2**31), -1, 0, 2**31, 2**63 - 1])
def test_nonces_of_32_and_64_bits_of_either_sign_are_read(nonce: int) -> None:
    assert read(encrypt_fields({**good_fields(), "nonce": nonce})).nonce == nonce


def test_unknown_claims_are_ignored() -> None:
    assert read(encrypt_fields({**good_fields(), "v": 1.5})).user_id == "alice"


NOT_AN_OBJECT = {
    "empty": b"",
    "not json": b"hello",
    "list": b"[]",
    "number": b"1",
    "null": b"null",
    "not utf-8": b'{"app_id": "\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "duplicate key": b'{"app_id":1,"app_id":2}',
    "nan": b'{"app_id":NaN}',
    "infinity": b'{"app_id":-Infinity}',
    "huge number": b'{"app_id":' + b"9" * 5000 + b"}",
    "deep list": b'{"a":' + b"[" * 5900,
    "deep object": b'{"a":' * 1100,
    "trailing text": b"{} x",
    "control character": b'{"user_id":"\x00"}',
}


@pytest.mark.parametrize("content", NOT_AN_OBJECT.values(), ids=NOT_AN_OBJECT.keys())
def test_content_that_is_no_object_is_malformed_when_authenticated(content: bytes) -> None:
    if content:
        assert problem_of(encrypt_content(content, Form.GCM)) == "content is not a JSON object"
    else:
        assert problem_of(encrypt_content(content, Form.GCM)) == "lengths do not fit its form"


@pytest.mark.parametrize("content", NOT_AN_OBJECT.values(), ids=NOT_AN_OBJECT.keys())
def test_content_that_is_no_object_is_forged_when_not_authenticated(content: bytes) -> None:
    with pytest.raises(TokenForged):
        read(encrypt_content(content, Form.CBC))


@pytest.mark.parametrize("last", [b"\x00", b"\x11", b"\x02", b"}"])
def test_bad_padding_is_no_different_from_garbage(last: bytes) -> None:
    content = json.dumps(good_fields()).encode()
    blocks = content + b" " * (-len(content) % 16 + 15) + last
    token = assemble(EXPIRY, IV[Form.CBC], encrypt_blocks(blocks), b"")
    with pytest.raises(TokenForged):
        read(token)


def test_a_huge_exponent_is_not_a_number_we_take() -> None:
    content = json.dumps(good_fields()).replace(f'"nonce": {1}', '"nonce": 1e999999999')
    assert problem_of(encrypt_content(content.encode())) == "nonce is not an integer"


@pytest.mark.parametrize("form", Form)
def test_another_secret_is_forged(form: Form) -> None:
    with pytest.raises(TokenForged) as caught:
        read(make_token(secret=OTHER_SECRET, form=form))
    assert caught.value.app_id == APP_ID


def test_a_changed_gcm_token_is_refused_wherever_it_was_changed() -> None:
    token = make_token()
    for index in range(2, len(token)):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        with pytest.raises(TokenError):
            read(changed)


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ("x", "payload is not a JSON object"),
        ("[]", "payload is not a JSON object"),
        ('{"room_id":"r","room_id":"s"}', "payload is not a JSON object"),
        ("[" * 6000, "payload is not a JSON object"),
        ("{}", "payload has no room_id"),
        ('{"room_id":1}', "payload has no room_id"),
        ('{"room_id":"\\ud800"}', "payload has no room_id"),
        ('{"room_id":"r"}', "payload has no privilege object"),
        ('{"room_id":"r","privilege":[1,1]}', "payload has no privilege object"),
        ('{"room_id":"r","privilege":{"1":true}}', "a privilege is neither 0 nor 1"),
        ('{"room_id":"r","privilege":{"1":1.0}}', "a privilege is neither 0 nor 1"),
        ('{"room_id":"r","privilege":{"1":2}}', "a privilege is neither 0 nor 1"),
        ('{"room_id":"r","privilege":{"1":null}}', "a privilege is neither 0 nor 1"),
        ('{"room_id":"r","privilege":{},"stream_id_list":"s"}', "stream_id_list is not a list of texts"),
        ('{"room_id":"r","privilege":{},"stream_id_list":[1]}', "stream_id_list is not a list of texts"),
        ('{"room_id":"r","privilege":{},"stream_id_list":["\\ud800"]}', "stream_id_list is not a list of texts"),
    ],
)
def test_privilege_payload(payload: str, problem: str) -> None:
    with pytest.raises(TokenMalformed) as caught:
        Privileges.from_payload(payload)
    assert caught.value.problem == problem


@pytest.mark.parametrize("streams", ["", ',"stream_id_list":null', ',"stream_id_list":[]'])
def test_no_stream_list_is_any_stream(streams: str) -> None:
    privileges = Privileges.from_payload('{"room_id":"","privilege":{"1":1}' + streams + "}")
    assert privileges == Privileges(room_id="", may_log_in=True, may_publish=False)
