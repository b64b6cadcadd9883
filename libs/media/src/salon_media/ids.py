"""Random values that go into answers."""

import secrets
import string
from collections.abc import Container
from typing import Final

_ICE_CHARS: Final = string.ascii_letters + string.digits + "+/"


def new_ufrag() -> str:
    """48 bits (RFC 8445 section 5.3 asks for 24)."""
    return "".join(secrets.choice(_ICE_CHARS) for _ in range(8))


def new_pwd() -> str:
    """144 bits (RFC 8445 section 5.3 asks for 128)."""
    return "".join(secrets.choice(_ICE_CHARS) for _ in range(24))


def new_cname() -> str:
    """96 bits that say nothing about the user (RFC 7022 section 4.2)."""
    return secrets.token_urlsafe(12)


def new_ssrc(taken: Container[int]) -> int:
    """A synchronisation source that is not 0 and not in `taken`."""
    while True:
        ssrc = secrets.randbits(32)
        if ssrc and ssrc not in taken:
            return ssrc
