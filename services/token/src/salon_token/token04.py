"""Token04: the text form of a log-in permit, made by app servers and checked here. Pure; layout: docs/tokens.md.

Two forms. GCM is authenticated encryption: what decrypts was written by whoever has the ServerSecret. CBC has no
integrity of its own, so a check that told *why* a decrypted text is unusable would help to forge one (a padding
oracle): everything up to and including "is this JSON as a generator writes it" (`cbc_layout`) fails as one error,
`TokenForged`, after the same work.
"""

import base64
import binascii
import enum
import json
import secrets
import string
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from salon_contracts.errors import InvalidField, SalonError, TokenForged, TokenMalformed
from salon_contracts.ids import AppId, UserId, parse_app_id, parse_user_id

from salon_token import cbc_layout
from salon_token.strict_json import int64, parse_object, text

VERSION: Final = "04"
TOKEN_MAX_CHARS: Final = 8192
SECRET_CHARS: Final = 32
_BLOCK_BYTES: Final = 16
_TAG_BYTES: Final = 16
_CBC_IV_ALPHABET: Final = string.digits + string.ascii_lowercase
_SECRET_ALPHABET: Final = frozenset(map(chr, range(0x21, 0x7F)))


class Form(enum.Enum):
    """How the content is encrypted. The value is the mode byte."""

    CBC = 0
    GCM = 1

    @property
    def iv_bytes(self) -> int:
        return 16 if self is Form.CBC else 12


@dataclass(frozen=True, slots=True)
class ServerSecret:
    """What an app's server and Salon share; its 32 characters themselves are the AES-256 key. Not shown in `repr`."""

    characters: str = field(repr=False)

    @classmethod
    def parse(cls, characters: str) -> Self:
        """Raises InvalidField."""
        if len(characters) != SECRET_CHARS:
            problem = "too long" if len(characters) > SECRET_CHARS else "too short"
            raise InvalidField(field="server_secret", problem=problem, limit=f"{SECRET_CHARS} characters")
        if not _SECRET_ALPHABET.issuperset(characters):
            raise InvalidField(field="server_secret", problem="illegal", limit="visible ASCII characters")
        return cls(characters)

    @classmethod
    def new(cls) -> Self:
        """128 random bits, as app servers know it: 32 hex characters."""
        return cls(secrets.token_hex(SECRET_CHARS // 2))

    @property
    def key(self) -> bytes:
        return self.characters.encode("ascii")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. Construct it from valid ids only."""

    app_id: AppId
    user_id: UserId
    nonce: int
    created_at_unix_s: int
    expires_at_unix_s: int
    payload: str = ""
    """Empty, or a privilege payload."""

    def to_json(self) -> bytes:
        fields = {
            "app_id": self.app_id,
            "user_id": self.user_id,
            "nonce": self.nonce,
            "ctime": self.created_at_unix_s,
            "expire": self.expires_at_unix_s,
            "payload": self.payload,
        }
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_fields(cls, fields: dict[str, object]) -> Self:
        """Raises TokenMalformed. Keys of newer generators are ignored."""
        payload = text(fields.get("payload", ""))
        if payload is None:
            raise TokenMalformed(problem="payload is not a text")
        return cls(
            app_id=_app_id(fields.get("app_id")),
            user_id=_user_id(fields.get("user_id")),
            nonce=_integer(fields, "nonce"),
            created_at_unix_s=_integer(fields, "ctime"),
            expires_at_unix_s=_integer(fields, "expire"),
            payload=payload,
        )


@dataclass(frozen=True, slots=True)
class SealedToken:
    """A token taken apart, not yet decrypted."""

    form: Form
    expires_at_unix_s: int
    """The copy in clear text: good for nothing before it was compared with the encrypted one."""
    iv: bytes
    ciphertext: bytes
    """With the 16-byte tag at its end in the GCM form."""

    @classmethod
    def parse(cls, token: str) -> Self:
        """Raises TokenMalformed."""
        if len(token) > TOKEN_MAX_CHARS:
            raise TokenMalformed(problem=f"longer than {TOKEN_MAX_CHARS} characters")
        if not token.startswith(VERSION):
            raise TokenMalformed(problem="version is not 04")
        raw = _decode_base64(token[len(VERSION) :])
        expires_at_unix_s, iv, rest = _take_expiry_and_iv(raw)
        ciphertext, mode = _take_sized(rest)
        form = _form(mode)
        sealed = cls(form, expires_at_unix_s, iv, ciphertext)
        if not sealed._has_possible_lengths():
            raise TokenMalformed(problem="lengths do not fit its form")
        return sealed

    def to_text(self) -> str:
        mode = bytes([self.form.value]) if self.form is Form.GCM else b""
        head = struct.pack(">qH", self.expires_at_unix_s, len(self.iv)) + self.iv
        raw = head + struct.pack(">H", len(self.ciphertext)) + self.ciphertext + mode
        return VERSION + base64.b64encode(raw).decode("ascii")

    def open(self, secret: ServerSecret) -> dict[str, object] | None:
        """The fields of the content; None when this secret did not make it.

        Raises TokenMalformed for content that is provably the secret holder's own and still not a JSON object.
        """
        if self.form is Form.CBC:
            return self._open_cbc(secret)
        try:
            plaintext = AESGCM(secret.key).decrypt(self.iv, self.ciphertext, None)
        except InvalidTag:
            return None
        try:
            return parse_object(plaintext)
        except ValueError:
            raise TokenMalformed(problem="content is not a JSON object") from None

    def _open_cbc(self, secret: ServerSecret) -> dict[str, object] | None:
        decryptor = Cipher(AES256(secret.key), CBC(self.iv)).decryptor()
        padded = decryptor.update(self.ciphertext) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK_BYTES * 8).unpadder()
        try:
            plaintext = unpadder.update(padded) + unpadder.finalize()
            padding_is_good = True
        except ValueError:
            plaintext = padded
            padding_is_good = False
        # Parsed even when the padding is bad, so that both kinds of failure take the same time.
        try:
            fields = cbc_layout.read(plaintext)
        except ValueError:
            return None
        return fields if padding_is_good else None

    def _has_possible_lengths(self) -> bool:
        if len(self.iv) != self.form.iv_bytes:
            return False
        if self.form is Form.CBC:
            return len(self.ciphertext) >= _BLOCK_BYTES and len(self.ciphertext) % _BLOCK_BYTES == 0
        return len(self.ciphertext) > _TAG_BYTES


def generate(claims: Claims, secret: ServerSecret, form: Form, iv: bytes) -> str:
    """The token. `iv` comes from `new_iv` and is used once. Raises InvalidField when the payload makes it too long."""
    content = claims.to_json()
    if form is Form.GCM:
        ciphertext = AESGCM(secret.key).encrypt(iv, content, None)
    else:
        padder = PKCS7(_BLOCK_BYTES * 8).padder()
        encryptor = Cipher(AES256(secret.key), CBC(iv)).encryptor()
        ciphertext = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
    limit = InvalidField(field="payload", problem="too long", limit=f"a token of {TOKEN_MAX_CHARS} characters")
    if len(ciphertext) > TOKEN_MAX_CHARS:
        raise limit
    token = SealedToken(form, claims.expires_at_unix_s, iv, ciphertext).to_text()
    if len(token) > TOKEN_MAX_CHARS:
        raise limit
    return token


def new_iv(form: Form) -> bytes:
    """Random. In the CBC form printable, as every public generator makes it."""
    if form is Form.GCM:
        return secrets.token_bytes(form.iv_bytes)
    return "".join(secrets.choice(_CBC_IV_ALPHABET) for _ in range(form.iv_bytes)).encode("ascii")


def new_nonce() -> int:
    return secrets.randbits(32) - 2**31


def open_token(token: SealedToken, app_id: AppId, accepted: Sequence[ServerSecret]) -> tuple[Claims, ServerSecret]:
    """What the token says and which of the app's secrets made it. Every accepted secret is tried, whichever fits.

    Checked here: made with one of the secrets, well-formed, both expiry times equal. Left to the caller: app, user,
    room and time. Raises TokenForged, TokenMalformed or TokenFormRefused.
    """
    opened = [(token.open(secret), secret) for secret in accepted]
    for fields, secret in opened:
        if fields is None:
            continue
        if token.form is Form.CBC:
            cbc_layout.check_order(fields)
        claims = Claims.from_fields(fields)
        if claims.expires_at_unix_s != token.expires_at_unix_s:
            raise TokenMalformed(problem="its two expiry times differ")
        return claims, secret
    raise TokenForged(app_id=app_id)


def _decode_base64(body: str) -> bytes:
    try:
        raw = binascii.a2b_base64(body, strict_mode=True)
    except ValueError:  # not ASCII; or binascii.Error: bad characters, bad padding
        raise TokenMalformed(problem="not standard Base64 with padding") from None
    if base64.b64encode(raw).decode("ascii") != body:
        raise TokenMalformed(problem="not standard Base64 with padding")
    return raw


def _take_expiry_and_iv(raw: bytes) -> tuple[int, bytes, bytes]:
    if len(raw) < 8:
        raise TokenMalformed(problem="shorter than its layout")
    (expires_at_unix_s,) = struct.unpack_from(">q", raw)
    iv, rest = _take_sized(raw[8:])
    return expires_at_unix_s, iv, rest


def _take_sized(raw: bytes) -> tuple[bytes, bytes]:
    """A field behind its 16-bit length, and what follows it."""
    if len(raw) < 2:
        raise TokenMalformed(problem="shorter than its layout")
    end = 2 + int.from_bytes(raw[:2])
    if len(raw) < end:
        raise TokenMalformed(problem="shorter than its layout")
    return raw[2:end], raw[end:]


def _form(mode: bytes) -> Form:
    if mode in (b"", b"\0"):
        return Form.CBC
    if mode == b"\1":
        return Form.GCM
    problem = "unknown mode byte" if len(mode) == 1 else "longer than its layout"
    raise TokenMalformed(problem=problem)


def _app_id(value: object) -> AppId:
    try:
        return parse_app_id(int64(value) or 0)
    except SalonError:
        raise TokenMalformed(problem="app_id is not an integer of 1 to 4294967295") from None


def _user_id(value: object) -> UserId:
    try:
        return parse_user_id(text(value) or "")
    except SalonError:
        raise TokenMalformed(problem="user_id is not a user id") from None


def _integer(fields: dict[str, object], name: str) -> int:
    value = int64(fields.get(name))
    if value is None:
        raise TokenMalformed(problem=f"{name} is not an integer")
    return value
