"""ServerSecrets at rest: AES-256-GCM under the master key, bound to their app.

The associated data names the purpose, its version and the AppID: a sealed secret moved to another app's record does not
open. `key_id` says which master key sealed it, so that a wrong key is a clear sentence and an older one is recognised.
"""

import hashlib
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from salon.token.v1.token_pb2 import SealedSecret
from salon_contracts.ids import AppId

from salon_token.token04 import ServerSecret

MASTER_KEY_BYTES: Final = 32
_PURPOSE: Final = b"salon/app-record/v1/server-secret"
_KEY_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12


class SealError(Exception):
    """A sealed secret that cannot be opened. The sentence says what to do and holds no secret."""


class SealedWithOtherKey(SealError):
    """No master key of this process sealed it: a mistake in the settings, not in the record."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Not shown in `repr`; its `key_id` is public."""

    raw: bytes = field(repr=False)
    key_id: bytes

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Raises ValueError unless it is 64 hex characters; the text is not part of the error."""
        try:
            raw = bytes.fromhex(text) if len(text) == 2 * MASTER_KEY_BYTES else b""
        except ValueError:
            raw = b""
        if len(raw) != MASTER_KEY_BYTES:
            raise ValueError(f"must be {MASTER_KEY_BYTES} bytes as {2 * MASTER_KEY_BYTES} hex characters")
        return cls(raw, hashlib.sha256(raw).digest()[:_KEY_ID_BYTES])


class Sealer:
    """Seals with the present master key, opens with that or an older one."""

    def __init__(self, present: MasterKey, older: Sequence[MasterKey] = ()) -> None:
        self._present = present
        self._keys = {key.key_id: key for key in (*older, present)}

    def seal(self, app_id: AppId, secret: ServerSecret) -> SealedSecret:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = AESGCM(self._present.raw).encrypt(nonce, secret.key, _associated_data(app_id))
        return SealedSecret(nonce=nonce, ciphertext=ciphertext, key_id=self._present.key_id)

    def open(self, app_id: AppId, sealed: SealedSecret) -> ServerSecret:
        """Raises SealError."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise SealedWithOtherKey(
                f"The secret of app {app_id} was sealed with another master key (id {sealed.key_id.hex()}; the present "
                f"one is {self._present.key_id.hex()}). Set SALON_TOKEN_MASTER_KEY to that key, or add it to "
                "SALON_TOKEN_PREVIOUS_MASTER_KEYS."
            )
        try:
            raw = AESGCM(key.raw).decrypt(sealed.nonce, sealed.ciphertext, _associated_data(app_id))
        except (InvalidTag, ValueError):  # ValueError: a nonce of impossible length
            raise SealError(
                f"The sealed secret of app {app_id} is damaged; delete the app and create it again."
            ) from None
        return ServerSecret(raw.decode("ascii"))

    def is_present(self, sealed: SealedSecret) -> bool:
        """Sealed with the present master key."""
        return sealed.key_id == self._present.key_id


def _associated_data(app_id: AppId) -> bytes:
    return _PURPOSE + struct.pack(">I", app_id)
