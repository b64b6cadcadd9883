"""Tokens for tests: good ones, and ones whose content no generator of ours would write."""

import json
import struct
from base64 import b64encode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from salon_contracts.ids import AppId, UserId
from salon_token.token04 import Claims, Form, ServerSecret, generate

APP_ID = AppId(1234567890)
ALICE = UserId("alice")
SECRET = ServerSecret("0123456789abcdef0123456789abcdef")
OTHER_SECRET = ServerSecret("f" * 32)
NOW_S = 1767225600
NOW_MS = NOW_S * 1000
IV = {Form.CBC: b"i" * 16, Form.GCM: bytes(range(12))}


def make_token(
    *,
    app_id: int = APP_ID,
    user_id: str = ALICE,
    created_s: int = NOW_S,
    expires_s: int = NOW_S + 3600,
    payload: str = "",
    secret: ServerSecret = SECRET,
    form: Form = Form.GCM,
) -> str:
    claims = Claims(AppId(app_id), UserId(user_id), -5, created_s, expires_s, payload)
    return generate(claims, secret, form, IV[form])


def good_fields() -> dict[str, object]:
    return {
        "app_id": APP_ID,
        "user_id": ALICE,
        "nonce": 1,
        "ctime": NOW_S,
        "expire": NOW_S + 3600,
        "payload": "",
    }


def encrypt_content(content: bytes, form: Form = Form.GCM, outer_expiry_s: int = NOW_S + 3600) -> str:
    """A token with any bytes inside, rightly encrypted. The CBC form pads by hand, as a stranger might."""
    iv = IV[form]
    if form is Form.GCM:
        ciphertext = AESGCM(SECRET.key).encrypt(iv, content, None)
    else:
        padding = 16 - len(content) % 16
        ciphertext = encrypt_blocks(content + bytes([padding]) * padding)
    return assemble(struct.pack(">q", outer_expiry_s), iv, ciphertext, bytes([form.value]))


def encrypt_blocks(blocks: bytes) -> bytes:
    encryptor = Cipher(AES256(SECRET.key), CBC(IV[Form.CBC])).encryptor()
    return encryptor.update(blocks) + encryptor.finalize()


def encrypt_fields(fields: dict[str, object], form: Form = Form.GCM) -> str:
    return encrypt_content(json.dumps(fields).encode(), form)


def assemble(expiry: bytes, iv: bytes, ciphertext: bytes, mode: bytes) -> str:
    raw = expiry + struct.pack(">H", len(iv)) + iv + struct.pack(">H", len(ciphertext)) + ciphertext + mode
    return "04" + b64encode(raw).decode()
