"""Reads the ICE and DTLS side of an offer: of the session, of each section, and which of them counts."""

from dataclasses import dataclass
from typing import Final, Literal

from salon_contracts.errors import OfferMalformed, OfferUnacceptable

from salon_media.description import Attributes

FINGERPRINTS_MAX: Final = 8
"""Of the session and of one section; there are three hashes that count."""
CREDENTIAL_MAX_CHARS: Final = 256
"""RFC 8839 section 5.4."""
UFRAG_MIN_CHARS: Final = 4
PWD_MIN_CHARS: Final = 22

SetupRole = Literal["active", "passive", "actpass"]

_ROLES: Final[tuple[SetupRole, ...]] = ("active", "passive", "actpass")
_DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_HEX_DIGITS: Final = frozenset("0123456789ABCDEF")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    algorithm: str
    """"sha-256", "sha-384" or "sha-512"."""
    value: str
    """Upper-case hex pairs with colons."""


@dataclass(frozen=True, slots=True)
class TransportParameters:
    """ICE and DTLS of the offering side."""

    ufrag: str
    pwd: str
    fingerprints: tuple[Fingerprint, ...]
    """At least one; all must match the peer's certificate."""
    role: SetupRole = "actpass"
    """The DTLS role that the client leaves to itself; `passive` makes the relay begin the handshake."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the session or a section says; each may leave a part to the other."""

    ufrag: str | None
    pwd: str | None
    role: SetupRole | None
    fingerprints: tuple[tuple[str, str], ...]
    """(algorithm, value) as written."""

    @classmethod
    def of(cls, attributes: Attributes, where: str) -> "Said":
        written = attributes.all("fingerprint")
        if len(written) > FINGERPRINTS_MAX:
            raise OfferMalformed(problem=f"{where} has more than {FINGERPRINTS_MAX} fingerprints")
        pairs = [value.partition(" ") for value in written]
        roles = [role for said in attributes.all("setup") for role in _ROLES if role == said]
        return cls(
            ufrag=attributes.last("ice-ufrag"),
            pwd=attributes.last("ice-pwd"),
            role=roles[-1] if roles else None,
            fingerprints=tuple((algorithm.lower(), value.strip(" ").upper()) for algorithm, _, value in pairs),
        )

    def within(self, session: "Said") -> "Said":
        """Completed by what the session says for all sections."""
        return Said(
            self.ufrag or session.ufrag,
            self.pwd or session.pwd,
            self.role or session.role,
            session.fingerprints + self.fingerprints,
        )


def read_transport(index: int, said: Said) -> TransportParameters | None:
    """None when the section leaves it to the bundle. Raises OfferMalformed and OfferUnacceptable."""
    if said.ufrag is None or said.pwd is None or not said.fingerprints:
        return None
    if not _is_credential(said.ufrag, UFRAG_MIN_CHARS) or not _is_credential(said.pwd, PWD_MIN_CHARS):
        raise OfferMalformed(problem=f"the ICE credentials of section {index} are not as RFC 8839 says")
    known = [Fingerprint(*pair) for pair in said.fingerprints if pair[0] in _DIGEST_BYTES]
    if not all(map(_is_digest, known)):
        raise OfferMalformed(problem=f"a fingerprint of section {index} is not a digest")
    if not known:
        raise OfferUnacceptable(problem="it has no fingerprint with sha-256, sha-384 or sha-512")
    # Who says nothing of the role (or holdconn) leaves both.
    return TransportParameters(said.ufrag, said.pwd, tuple(dict.fromkeys(known)), said.role or "actpass")


def _is_credential(text: str, min_chars: int) -> bool:
    """Opaque beyond its length and being one word: the relay only hands it back."""
    return min_chars <= len(text) <= CREDENTIAL_MAX_CHARS and text.isascii() and " " not in text


def _is_digest(fingerprint: Fingerprint) -> bool:
    if len(fingerprint.value) != 3 * _DIGEST_BYTES[fingerprint.algorithm] - 1:
        return False
    pairs = fingerprint.value.split(":")
    return all(len(pair) == 2 and _HEX_DIGITS.issuperset(pair) for pair in pairs)
