"""What the fatal alerts of a DTLS handshake mean, in words for the log."""

from typing import Final

from OpenSSL import SSL

_FATAL: Final = 2
_MEANINGS: Final = {
    40: "handshake failure: no cipher suite, curve or signature in common, as with a certificate on P-224",
    42: "bad certificate",
    43: "unsupported certificate",
    46: "certificate unknown",
    47: "illegal parameter: a curve or signature that the other side does not have, as of a certificate on P-224",
    70: "protocol version",
    71: "insufficient security",
    80: "internal error",
}
"""RFC 5246 section 7.2."""


def fatal_alert(where: int, value: int) -> str | None:
    """A fixed text for what an information callback of OpenSSL is told; None if it is no fatal alert."""
    if not where & SSL.SSL_CB_ALERT or value >> 8 != _FATAL:
        return None
    number = value & 0xFF
    by = "the peer" if where & SSL.SSL_CB_READ else "the relay"
    return f"alert {number} of {by} ({_MEANINGS.get(number, 'see RFC 5246')})"
