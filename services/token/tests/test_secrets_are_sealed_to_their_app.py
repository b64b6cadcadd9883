"""Sealing: what is stored opens only with the right master key and in its own record, and shows nothing."""

import pytest
from salon_contracts.ids import AppId
from salon_token.sealing import MasterKey, Sealer, SealError
from salon_token.token04 import ServerSecret

from .tokens import APP_ID, SECRET

OLD = MasterKey.from_hex("11" * 32)
NEW = MasterKey.from_hex("22" * 32)


def test_what_was_sealed_opens() -> None:
    sealer = Sealer(NEW)
    sealed = sealer.seal(APP_ID, SECRET)
    assert sealer.open(APP_ID, sealed) == SECRET
    assert sealer.is_present(sealed)


def test_the_same_secret_is_never_sealed_the_same_way() -> None:
    sealer = Sealer(NEW)
    assert sealer.seal(APP_ID, SECRET) != sealer.seal(APP_ID, SECRET)


def test_an_older_master_key_still_opens_and_is_recognised() -> None:
    sealed = Sealer(OLD).seal(APP_ID, SECRET)
    sealer = Sealer(NEW, [OLD])
    assert sealer.open(APP_ID, sealed) == SECRET
    assert not sealer.is_present(sealed)


def test_another_master_key_is_a_sentence_that_says_what_to_do() -> None:
    sealed = Sealer(OLD).seal(APP_ID, SECRET)
    with pytest.raises(SealError, match="SALON_TOKEN_PREVIOUS_MASTER_KEYS") as caught:
        Sealer(NEW).open(APP_ID, sealed)
    assert OLD.key_id.hex() in str(caught.value)
    assert "11" * 4 not in str(caught.value)


def test_a_secret_moved_to_another_app_does_not_open() -> None:
    sealer = Sealer(NEW)
    sealed = sealer.seal(APP_ID, SECRET)
    with pytest.raises(SealError, match="damaged"):
        sealer.open(AppId(APP_ID + 1), sealed)


@pytest.mark.parametrize("field", ["nonce", "ciphertext"])
@pytest.mark.parametrize("value", [b"", b"\0" * 12, b"\0" * 48])
def test_a_damaged_record_does_not_open(field: str, value: bytes) -> None:
    sealer = Sealer(NEW)
    sealed = sealer.seal(APP_ID, SECRET)
    setattr(sealed, field, value)
    with pytest.raises(SealError, match="damaged"):
        sealer.open(APP_ID, sealed)


@pytest.mark.parametrize("text", ["", "zz" * 32, "11" * 31, "11" * 33, "1 " * 32, "é" * 64])
def test_a_master_key_is_64_hex_characters(text: str) -> None:
    with pytest.raises(ValueError, match="64 hex characters") as caught:
        MasterKey.from_hex(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("shown", [repr, str, "{!r}".format, "{}".format])
def test_secrets_do_not_show(shown: object) -> None:
    assert callable(shown)
    secret = ServerSecret("topsecrettopsecrettopsecret00000")
    assert "topsecret" not in shown(secret)
    assert "1111" not in shown(OLD).replace(repr(OLD.key_id), "")
    assert "1111" not in shown(Sealer(OLD))
