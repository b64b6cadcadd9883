"""One authenticated STUN binding (RFC 8489, RFC 8445) of an ICE client: written, and its answer read. Pure."""

import hashlib
import hmac
import secrets
import struct
import zlib
from dataclasses import dataclass
from typing import Final

MAGIC_COOKIE: Final = 0x2112A442
BINDING_REQUEST: Final = 0x0001
BINDING_SUCCESS: Final = 0x0101
_HEADER_BYTES: Final = 20
_USERNAME: Final = 0x0006
_MESSAGE_INTEGRITY: Final = 0x0008
_PRIORITY: Final = 0x0024
_FINGERPRINT: Final = 0x8028
_ICE_CONTROLLING: Final = 0x802A
_FINGERPRINT_XOR: Final = 0x5354554E
_INTEGRITY_BYTES: Final = 24
"""Of the whole attribute."""


@dataclass(frozen=True, slots=True)
class IceCredentials:
    ufrag: str
    pwd: str

    @classmethod
    def new(cls) -> "IceCredentials":
        return cls(secrets.token_hex(4), secrets.token_hex(16))


def binding_request(ours: IceCredentials, theirs: IceCredentials, transaction_id: bytes) -> bytes:
    """A connectivity check of the controlling side. `transaction_id` has 12 bytes."""
    body = _attribute(_USERNAME, f"{theirs.ufrag}:{ours.ufrag}".encode())
    body += _attribute(_PRIORITY, struct.pack(">I", 0x7E0000FF))
    body += _attribute(_ICE_CONTROLLING, secrets.token_bytes(8))
    # Integrity and fingerprint cover a header that already counts them (RFC 8489 sections 14.5 and 14.7).
    signed = _header(len(body) + _INTEGRITY_BYTES, transaction_id) + body
    digest = hmac.new(theirs.pwd.encode(), signed, hashlib.sha1).digest()
    body += _attribute(_MESSAGE_INTEGRITY, digest)
    summed = _header(len(body) + 8, transaction_id) + body
    return summed + _attribute(_FINGERPRINT, struct.pack(">I", zlib.crc32(summed) ^ _FINGERPRINT_XOR))


def is_success(datagram: bytes, transaction_id: bytes) -> bool:
    """The datagram is the good answer to the request with this id."""
    if len(datagram) < _HEADER_BYTES:
        return False
    kind, length, cookie = struct.unpack_from(">HHI", datagram)
    is_stun = cookie == MAGIC_COOKIE and length == len(datagram) - _HEADER_BYTES
    return is_stun and kind == BINDING_SUCCESS and datagram[8:_HEADER_BYTES] == transaction_id


def _header(length: int, transaction_id: bytes) -> bytes:
    return struct.pack(">HHI", BINDING_REQUEST, length, MAGIC_COOKIE) + transaction_id


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)
