"""Tokens of the public generators, made with pinned randomness and clock, come out identical and are read back."""

from dataclasses import dataclass

import pytest
from salon_contracts.ids import AppId, UserId
from salon_token.privileges import Privileges
from salon_token.token04 import Claims, Form, SealedToken, ServerSecret, generate, open_token

APP_ID = AppId(1234567890)
SECRET = ServerSecret("0123456789abcdef0123456789abcdef")
CREATED_S = 1767225600
PAYLOAD = '{"room_id":"room1","privilege":{"1":1,"2":1},"stream_id_list":["stream1"]}'


@dataclass(frozen=True)
class Vector:
    form: Form
    iv: bytes
    nonce: int
    payload: str
    token: str


VECTORS = {
    "cbc-basic": Vector(
        Form.CBC,
        b"i" * 16,
        1073741824,
        "",
        "04AAAAAGlVxxAAEGlpaWlpaWlpaWlpaWlpaWkAcFWabs0WrbT/39KGT9LX/DSptzXv/mhgVw0bYgYrT/Zd4XFEmePLZxuBv2FjlwGcEM4y7ntN"
        "icm1wMwIWWgrw9XmDQ+Kv4BUVf50rN7joQFzGaE5f2rGC5hxfc1e5lTcRXMPumhZon1j+14J99PUMgA=",
    ),
    "cbc-privileges": Vector(
        Form.CBC,
        b"i" * 16,
        1073741824,
        PAYLOAD,
        "04AAAAAGlVxxAAEGlpaWlpaWlpaWlpaWlpaWkA0FWabs0WrbT/39KGT9LX/DSptzXv/mhgVw0bYgYrT/Zd4XFEmePLZxuBv2FjlwGcEM4y7ntN"
        "icm1wMwIWWgrw9XmDQ+Kv4BUVf50rN7joQFzGaE5f2rGC5hxfc1e5lTcRVyyficdidFBu/9f+pCjXS/MZyKNmBc2HvMiJTGDX4Ohqo+36EgwQQ"
        "ANT9hrt68sHTP7Eu43IHkBa4eS0F1WteUzaLG2KMZWe1SURa34f3xelruOzqM53FB2bFtaOdLDmRUF8AqNbbvoEScgGsHoG88=",
    ),
    "gcm-basic": Vector(
        Form.GCM,
        bytes(range(12)),
        0,
        "",
        "04AAAAAGlVxxAADAABAgMEBQYHCAkKCwB1VsfaDKlHu8iK5kCMQvvkMtEwOrcQngH4Ra7k3dwHlqbcx199LJc7Mv9K1T+/jvkKAMn+hWHd8OAS"
        "cgN4KyktS5syVB0URiPbNBstP8NAOw4z5fBJdl3VyKLAJqbOIPIxzqo5qvBNKDwtR/4PobDYGPnKSCjZAQ==",
    ),
}


def claims_of(vector: Vector) -> Claims:
    return Claims(APP_ID, UserId("alice"), vector.nonce, CREATED_S, CREATED_S + 3600, vector.payload)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_generation_is_identical(vector: Vector) -> None:
    assert generate(claims_of(vector), SECRET, vector.form, vector.iv) == vector.token


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_verification_reads_every_claim(vector: Vector) -> None:
    sealed = SealedToken.parse(vector.token)
    assert sealed.form is vector.form
    assert open_token(sealed, APP_ID, [SECRET]) == (claims_of(vector), SECRET)


def test_cbc_may_carry_its_mode_byte() -> None:
    without = SealedToken.parse(VECTORS["cbc-basic"].token)
    # 140 bytes are 188 characters with one "="; one zero byte more fits into the padding exactly.
    with_mode = SealedToken.parse(VECTORS["cbc-basic"].token[:-1] + "A")
    assert with_mode == without


def test_the_privilege_payload_is_written_and_read_as_the_generators_do() -> None:
    privileges = Privileges("room1", may_log_in=True, may_publish=True, stream_ids=("stream1",))
    assert privileges.to_payload() == PAYLOAD
    assert Privileges.from_payload(PAYLOAD) == privileges
