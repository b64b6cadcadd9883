"""What DTLS agrees on and the packet path works with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What `Relay.set_srtp` wants."""

    profile: int
    local: bytes
    remote: bytes
