"""Who sees a token of the CBC form can change it unseen by the cipher; what it then says is refused, on an app that
accepts the form.

The attacker here knows the whole plaintext, which is more than one has, and wants any token to be accepted that says
something else than the original: another user, a later end, more rights.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import Any

import pytest
from salon_contracts.errors import TokenError, TokenForged, TokenFormRefused, TokenMalformed
from salon_contracts.ids import RoomId
from salon_token.core import App, Policy, create, verify
from salon_token.token04 import Claims, Form, SealedToken, open_token

from .tokens import APP_ID, IV, NOW_MS, NOW_S, SECRET, encrypt_content

ROOM = RoomId("room1")
PAYLOAD = '{"room_id":"room1","privilege":{"1":1,"2":0},"stream_id_list":["stream1"]}'
FIELDS: dict[str, object] = {
    "app_id": APP_ID,
    "user_id": "xxxxbob",
    "nonce": 12345,
    "ctime": NOW_S - 7200,
    "expire": NOW_S + 3600,
    "payload": "",
}
KNOWN_ORDERS = {
    ("app_id", "user_id", "nonce", "ctime", "expire", "payload"),
    ("app_id", "user_id", "ctime", "expire", "nonce", "payload"),
    ("app_id", "user_id", "payload", "ctime", "expire", "nonce"),
}
Dump = Callable[[dict[str, object]], str]


def compact(fields: dict[str, object]) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def an_app(app_id: int = APP_ID, **policy: Any) -> App:
    return create(app_id, "old", Policy(accept_cbc=True, **policy), SECRET, NOW_MS)  # type: ignore[arg-type]


def seal(plaintext: bytes, expires_s: int = NOW_S + 3600) -> SealedToken:
    return SealedToken.parse(encrypt_content(plaintext, Form.CBC, expires_s))


def with_first_block(token: SealedToken, plaintext: bytes, wanted: bytes, expires_s: int | None = None) -> SealedToken:
    """The same token whose first 16 bytes decrypt to `wanted`: all it takes is another IV."""
    iv = bytes(a ^ b ^ c for a, b, c in zip(token.iv, plaintext[:16], wanted, strict=True))
    return SealedToken(Form.CBC, token.expires_at_unix_s if expires_s is None else expires_s, iv, token.ciphertext)


def read(token: SealedToken) -> Claims | None:
    try:
        return open_token(token, APP_ID, [SECRET])[0]
    except TokenError:
        return None


def first_blocks(plaintext: bytes) -> Iterator[bytes]:
    """What an attacker would like the first 16 bytes to be: as JSON as the original, and something else."""
    block = plaintext[:16]
    digits = [index for index, byte in enumerate(block) if chr(byte).isdigit()]
    letters = [index for index, byte in enumerate(block) if chr(byte).isalpha()]
    for index in digits:
        for digit in b"019":
            yield block[:index] + bytes([digit]) + block[index + 1 :]
    for index in letters:
        for letter in b"y ":
            yield block[:index] + bytes([letter]) + block[index + 1 :]
    for start in range(16):  # shorter texts and numbers, spaces in place of what goes
        for end in range(start + 1, min(start + 8, 17)):
            yield block[:start] + b" " * (end - start) + block[end:]
            moved = block[:start] + block[end:]
            yield moved[:start] + b" " * (end - start) + moved[start:]
            yield b" " * (end - start) + moved
    for start in range(11):  # a letter as an escape, six characters wide
        yield block[:start] + b"\\u0062" + block[start + 6 :]
    for start in range(13):
        for number in (b"9999", b"1e99"):
            yield block[:start] + number + block[start + 4 :]


def expiry_of(plaintext: bytes) -> int:
    """What the copy in clear text has to be, so that nobody finds that the two differ."""
    try:
        said = json.loads(plaintext)["expire"]
    except (ValueError, KeyError, TypeError):
        return NOW_S + 3600
    return said if isinstance(said, int) and -(2**63) <= said < 2**63 else NOW_S + 3600


def deliberate(plaintext: bytes) -> Iterator[bytes]:
    """For an order that begins with something worth having."""
    for said, wanted in (
        (b'{"user_id":"xxxx', b'{"user_id":    "'),
        (b'{"user_id":"xxxx', b'{"user_id":"yyyy'),
        (b'{"user_id":"xxxx', b'{    "user_id":"'),
        (b'{"user_id": "xxx', b'{"user_id": "yyy'),
        (b'{"expire":176722', b'{"expire":999999'),
        (b'{"expire": 17672', b'{"expire": 99999'),
        (b'{"ctime":1767218', b'{"ctime":1767228'),
        (b'{"payload":"{\\"r', b'{"payload":"",\\"'),
    ):
        if plaintext.startswith(said):
            yield wanted


@pytest.mark.parametrize(
    ("dump", "payload"), [(compact, PAYLOAD), (json.dumps, "")], ids=["compact-privileges", "spaced-basic"]
)
def test_no_first_block_makes_a_token_say_something_else_whatever_the_order_of_its_keys(
    dump: Dump, payload: str
) -> None:
    accepted = set()
    for order in permutations(FIELDS):
        plaintext = dump({name: payload if name == "payload" else FIELDS[name] for name in order}).encode()
        original = seal(plaintext)
        if (claims := read(original)) is not None:
            accepted.add(order)
        for wanted in {*deliberate(plaintext), *first_blocks(plaintext)}:
            expires_s = expiry_of(wanted + plaintext[16:])
            changed = read(with_first_block(original, plaintext, wanted, expires_s))
            if changed is not None and changed.app_id == APP_ID:
                assert changed == claims, (order, wanted)
    assert accepted == KNOWN_ORDERS


@pytest.mark.parametrize(
    ("order", "block"),
    [
        (("user_id", "app_id", "nonce", "ctime", "expire", "payload"), b'{"user_id":    "'),  # xxxxbob -> bob
        (("user_id", "payload", "expire", "ctime", "app_id", "nonce"), b'{"user_id":    "'),  # Java's hash table
        (("user_id", "app_id", "nonce", "ctime", "expire", "payload"), b'{"user_id":"yyyy'),  # xxxxbob -> yyyybob
        (("expire", "app_id", "user_id", "nonce", "ctime", "payload"), b'{"expire":999999'),
        (("ctime", "app_id", "user_id", "nonce", "expire", "payload"), b'{"ctime":1767228'),
    ],
)
def test_the_changes_that_matter_are_refused_with_a_sentence(order: tuple[str, ...], block: bytes) -> None:
    plaintext = compact({name: FIELDS[name] for name in order}).encode()
    original = seal(plaintext)
    later_s = 9999992800 if b"expire" in block else NOW_S + 3600
    for token in (original, with_first_block(original, plaintext, block, later_s)):
        with pytest.raises(TokenError) as caught:
            verify(an_app(), token, None, ROOM, NOW_MS)
        if token is original:
            assert isinstance(caught.value, TokenFormRefused)
            assert "begin with app_id" in str(caught.value)


@pytest.mark.parametrize("app_id", [7, 42, 999, 1234, 99999, 123456, 4294967295])
def test_an_app_id_of_any_length_fills_the_first_block_safely(app_id: int) -> None:
    app = an_app(app_id)
    for dump in (compact, json.dumps):
        for order in sorted(KNOWN_ORDERS):
            plaintext = dump({name: app_id if name == "app_id" else FIELDS[name] for name in order}).encode()
            original = seal(plaintext)
            allowed = verify(app, original, None, ROOM, NOW_MS)
            assert allowed.user_id == "xxxxbob"
            for wanted in first_blocks(plaintext):
                if wanted == plaintext[:16]:
                    continue
                with pytest.raises(TokenError):
                    verify(app, with_first_block(original, plaintext, wanted), None, ROOM, NOW_MS)


@pytest.mark.parametrize("order", sorted(KNOWN_ORDERS))
def test_noise_in_a_block_and_a_chosen_one_behind_it_are_seen(order: tuple[str, ...]) -> None:
    """Every later block: what was changed is 16 bytes of noise, what is behind it is what the attacker likes."""
    random = Random(4)  # the attacker's, and the same in every run
    fields = {name: PAYLOAD if name == "payload" else FIELDS[name] for name in order} | {"user_id": "x" * 60 + "bob"}
    plaintext = compact({name: fields[name] for name in order}).encode()
    original = seal(plaintext)
    blocks = len(original.ciphertext) // 16
    tried = 0
    for block in range(blocks - 1):
        behind = plaintext[16 * (block + 1) : 16 * (block + 2)].ljust(16, b"\0")
        for _ in range(40):
            wanted = bytes(random.choice(b'09bx",:{}\\ ') if random.random() < 0.5 else byte for byte in behind)
            if wanted == behind:
                continue
            start = 16 * block
            mask = bytes(a ^ b for a, b in zip(behind, wanted, strict=True))
            changed = bytes(a ^ b for a, b in zip(original.ciphertext[start : start + 16], mask, strict=True))
            ciphertext = original.ciphertext[:start] + changed + original.ciphertext[start + 16 :]
            with pytest.raises(TokenError):
                verify(an_app(), SealedToken(Form.CBC, NOW_S + 3600, original.iv, ciphertext), None, ROOM, NOW_MS)
            tried += 1
    assert tried > 300


def test_blocks_of_two_tokens_make_no_third() -> None:
    one = seal(compact({**FIELDS, "payload": PAYLOAD}).encode())
    two = seal(compact({**FIELDS, "user_id": "bob", "payload": ""}).encode())
    for head in range(16, len(one.ciphertext), 16):
        for tail in range(0, len(two.ciphertext), 16):
            ciphertext = one.ciphertext[:head] + two.ciphertext[tail:]
            if ciphertext in (one.ciphertext, two.ciphertext):
                continue
            with pytest.raises(TokenError):
                verify(an_app(), SealedToken(Form.CBC, NOW_S + 3600, one.iv, ciphertext), None, ROOM, NOW_MS)


@dataclass(frozen=True)
class Generator:
    name: str
    order: tuple[str, ...]
    write: Callable[[str], str] = lambda text: text
    dump: Dump = compact


def go(text: str) -> str:
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@pytest.mark.parametrize(
    "generator",
    [
        Generator("node.js", ("app_id", "user_id", "nonce", "ctime", "expire", "payload")),
        Generator("c++", ("app_id", "user_id", "nonce", "ctime", "expire", "payload")),
        Generator("without payload", ("app_id", "user_id", "nonce", "ctime", "expire")),
        Generator("python", ("app_id", "user_id", "nonce", "ctime", "expire", "payload"), dump=json.dumps),
        Generator("go", ("app_id", "user_id", "ctime", "expire", "nonce", "payload"), go),
        Generator(
            "php",
            ("app_id", "user_id", "ctime", "expire", "nonce", "payload"),
            lambda text: json.dumps(json.loads(text), separators=(",", ":")).replace("/", "\\/"),
        ),
        Generator("c#", ("app_id", "user_id", "payload", "ctime", "expire", "nonce")),
    ],
    ids=lambda generator: generator.name,
)
def test_tokens_of_the_known_generators_are_accepted(generator: Generator) -> None:
    payload = '{"room_id": "room1", "privilege": {"1": 1, "2": 0}, "stream_id_list": null}'
    values = {**FIELDS, "user_id": "m’lady&co", "payload": payload, "nonce": -5}
    plaintext = generator.write(generator.dump({name: values[name] for name in generator.order})).encode()
    allowed = verify(an_app(), seal(plaintext), None, ROOM, NOW_MS)
    assert allowed.user_id == "m’lady&co"
    assert allowed.may_publish is ("payload" not in generator.order)


@pytest.mark.parametrize(
    "plaintext",
    [
        compact(FIELDS).replace('"user_id":', '"user_id": '),  # one space that no generator puts there
        compact(FIELDS).replace("xxxxbob", "xxxx\\u0062ob"),
        compact(FIELDS).replace('"nonce"', '"nonc\\u0065"'),
        compact(FIELDS).replace(":12345,", ":1.2345e4,"),
        compact(FIELDS).replace(":12345,", ":-0,"),
        compact(FIELDS) + " ",
        " " + compact(FIELDS),
        compact({**FIELDS, "v": 1}),
        compact({name: value for name, value in FIELDS.items() if name != "nonce"}),
        compact(FIELDS).replace('"nonce":12345', '"nonce":12345,"nonce":12345'),
        compact({**FIELDS, "app_id": True}),
    ],
)
def test_what_no_generator_writes_is_as_if_it_were_garbage(plaintext: str) -> None:
    with pytest.raises(TokenForged):
        verify(an_app(), seal(plaintext.encode()), None, ROOM, NOW_MS)


@pytest.mark.parametrize(
    "payload",
    [
        '{"room_id":"ro\\u0000m","privilege":{"1":1}}',
        '{"room_id":"","privilege":{"1":1},"stream_id_list":["a b"]}',
        '{"room_id":"","privilege":{"1":1},"stream_id_list":["team#1_ann"]}',
        '{"room_id":"","privilege":{"1":1},"play_room_id_list":["a%b"]}',
        '{"room_id":"","privilege":{"1":1},"note":"anything"}',
    ],
)
def test_a_payload_has_no_place_for_noise(payload: str) -> None:
    with pytest.raises(TokenMalformed):
        verify(an_app(), seal(compact({**FIELDS, "payload": payload}).encode()), None, ROOM, NOW_MS)


def test_the_iv_of_these_tests_is_the_one_tokens_are_made_with() -> None:
    assert seal(compact(FIELDS).encode()).iv == IV[Form.CBC]
