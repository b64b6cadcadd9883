"""Fuzzing: no text, no bytes behind a good prefix and no content behind a good key makes anything but a TokenError."""

import struct
from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon_contracts.errors import TokenError
from salon_token.privileges import Privileges
from salon_token.token04 import Claims, Form, SealedToken, generate, new_iv, new_nonce, open_token

from .tokens import APP_ID, IV, NOW_S, SECRET, assemble, encrypt_blocks, encrypt_content, encrypt_fields, make_token

EXPIRY = struct.pack(">q", NOW_S + 3600)
FORMS = st.sampled_from(Form)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.dictionaries(
    st.sampled_from(["app_id", "user_id", "nonce", "ctime", "expire", "payload"]) | st.text(max_size=8), JSON
)


def read_or_refuse(token: str) -> Claims | None:
    with suppress(TokenError):
        claims, _ = open_token(SealedToken.parse(token), APP_ID, [SECRET])
        if claims.payload:
            Privileges.from_payload(claims.payload)
        return claims
    return None


@given(st.text(st.characters()) | st.text(st.characters()).map("04{}".format))
def test_any_text(token: str) -> None:
    read_or_refuse(token)


@given(st.binary(max_size=300))
def test_any_bytes_behind_the_prefix(raw: bytes) -> None:
    read_or_refuse("04" + b64encode(raw).decode())


@given(
    expiry=st.binary(min_size=8, max_size=8),
    iv=st.sampled_from([0, 11, 12, 13, 16, 17]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    ciphertext=st.binary(max_size=200),
    mode=st.sampled_from([b"", b"\0", b"\1", b"\2", b"\1\0"]),
)
def test_any_fields_in_the_right_layout(expiry: bytes, iv: bytes, ciphertext: bytes, mode: bytes) -> None:
    assert read_or_refuse(assemble(expiry, iv, ciphertext, mode)) is None


@given(content=st.binary(max_size=300), form=FORMS)
def test_any_content_rightly_encrypted(content: bytes, form: Form) -> None:
    read_or_refuse(encrypt_content(content, form))


@given(fields=FIELDS, form=FORMS)
def test_any_json_rightly_encrypted(fields: dict[str, object], form: Form) -> None:
    read_or_refuse(encrypt_fields(fields, form))


@given(st.integers(1, 20).flatmap(lambda blocks: st.binary(min_size=16 * blocks, max_size=16 * blocks)))
def test_any_blocks_under_the_right_key(blocks: bytes) -> None:
    read_or_refuse(assemble(EXPIRY, IV[Form.CBC], encrypt_blocks(blocks), b""))


@given(form=FORMS, flips=st.dictionaries(st.integers(2, 187), st.integers(0, 63), min_size=1, max_size=8))
def test_any_change_of_a_good_token(form: Form, flips: dict[int, int]) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    characters = list(make_token(form=form))
    for index, value in flips.items():
        if index < len(characters):
            characters[index] = alphabet[value]
    read_or_refuse("".join(characters))


@given(JSON.map(str) | st.text())
def test_any_payload(payload: str) -> None:
    with suppress(TokenError):
        Privileges.from_payload(payload)


@given(
    form=FORMS,
    user_id=st.from_regex(r"[0-9A-Za-z~!@#$^&*()_+=\-;',.`]{1,64}", fullmatch=True),
    nonce=st.integers(-(2**63), 2**63 - 1),
    lifetime_s=st.integers(-(10**6), 10**6),
    payload=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
)
def test_whatever_is_generated_is_read_back(
    form: Form, user_id: str, nonce: int, lifetime_s: int, payload: str
) -> None:
    claims = Claims(APP_ID, user_id, nonce, NOW_S, NOW_S + lifetime_s, payload)  # type: ignore[arg-type]
    token = generate(claims, SECRET, form, new_iv(form))
    assert open_token(SealedToken.parse(token), APP_ID, [SECRET])[0] == claims


@pytest.mark.parametrize("form", Form)
def test_nothing_random_repeats(form: Form) -> None:
    assert len({new_iv(form) for _ in range(100)}) == 100
    assert len({new_nonce() for _ in range(100)}) > 90
