"""Splits the text of an SDP description into the attributes of its session and of its media sections.

Every line is looked at once, and what nobody reads is not kept: the work is linear in the text, whatever it says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from salon_contracts.errors import OfferMalformed

# Chromium 156 offers 32 audio and 32 video sections in 190 kB and 6,219 lines.
OFFER_MAX_BYTES: Final = 256 * 1024
OFFER_MAX_LINES: Final = 10_000
OFFER_MAX_SECTIONS: Final = 64
SECTION_MAX_LINES: Final = 512
"""Attribute lines, of the session as well."""
SECTION_MAX_FORMATS: Final = 64
"""With rtcp-mux 61 payload types can be assigned freely (35 to 63, 96 to 127: RFC 5761 section 4, RFC 8843)."""
OFFER_MAX_FORMATS: Final = 2560
"""Chromium's 64 sections have some 1,800."""
FORMAT_MAX_CHARS: Final = 64

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("sendrecv", "sendonly", "recvonly", "inactive")

_READ: Final = frozenset(
    {
        *DIRECTIONS,
        "bundle-only",
        "extmap",
        "extmap-allow-mixed",
        "fingerprint",
        "fmtp",
        "group",
        "ice-lite",
        "ice-options",
        "ice-pwd",
        "ice-ufrag",
        "mid",
        "msid",
        "rid",
        "rtcp-fb",
        "rtcp-mux",
        "rtcp-rsize",
        "rtpmap",
        "setup",
        "simulcast",
        "ssrc",
        "ssrc-group",
    }
)
"""The attributes anybody asks for; a direction counts as the value of one called `direction`."""


@dataclass(slots=True)
class Attributes:
    """Of the session or of one section, by name; in the order they stand in. A flag has the value ""."""

    _values: dict[str, list[str]] = field(default_factory=dict)
    lines: int = 0

    def add(self, name: str, value: str) -> None:
        self._values.setdefault(name, []).append(value)

    def has(self, name: str) -> bool:
        return name in self._values

    def all(self, name: str) -> Sequence[str]:
        return self._values.get(name, ())

    def last(self, name: str) -> str | None:
        """What counts when it is said more than once."""
        found = self._values.get(name)
        return None if found is None else found[-1]


@dataclass(slots=True)
class MediaDescription:
    """An `m=` line and the attributes under it."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: Attributes = field(default_factory=Attributes)


@dataclass(frozen=True, slots=True)
class Description:
    session: Attributes
    media: tuple[MediaDescription, ...]
    """At least one."""


def split_description(text: str) -> Description:
    """The description within its bounds, or OfferMalformed. Values are printable; more is up to who reads them."""
    if len(text) > OFFER_MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > OFFER_MAX_BYTES:
        raise OfferMalformed(problem=f"longer than {OFFER_MAX_BYTES} bytes")
    if text.count("\n") > OFFER_MAX_LINES:
        raise OfferMalformed(problem=f"more than {OFFER_MAX_LINES} lines")
    session = current = Attributes()
    media: list[MediaDescription] = []
    for number, written in enumerate(text.split("\n"), 1):
        line = written.rstrip(" \t\r")
        if not line:
            continue
        if line[1:2] != "=" or not "a" <= line[0] <= "z":
            raise OfferMalformed(problem=f"line {number} is not of the form <letter>=<text>")
        if line[0] == "m":
            if len(media) == OFFER_MAX_SECTIONS:
                raise OfferMalformed(problem=f"more than {OFFER_MAX_SECTIONS} media sections")
            media.append(_media(line, len(media)))
            current = media[-1].attributes
        elif line[0] == "a":
            _attribute(current, line, number, len(media) - 1)
        # origin, name, times, connection, bandwidth decide nothing here
    if sum(len(item.formats) for item in media) > OFFER_MAX_FORMATS:
        raise OfferMalformed(problem=f"it names more than {OFFER_MAX_FORMATS} payload types")
    if not media:
        raise OfferMalformed(problem="it has no media section")
    return Description(session, tuple(media))


def _attribute(attributes: Attributes, line: str, number: int, section: int) -> None:
    attributes.lines += 1
    if attributes.lines > SECTION_MAX_LINES:
        raise OfferMalformed(problem=f"section {section} has more than {SECTION_MAX_LINES} lines")
    name, _, value = line[2:].partition(":")
    if name not in _READ:
        return
    if not line.isprintable():
        raise OfferMalformed(problem=f"line {number} has characters that are neither printable ASCII nor other text")
    if name in DIRECTIONS:
        name, value = "direction", name
    attributes.add(name, value.strip(" "))


def _media(line: str, index: int) -> MediaDescription:
    parts = line[2:].split() if line.isascii() and line.isprintable() else []
    port = number_of(parts[1], 65535) if len(parts) >= 4 else None
    if port is None or max(len(parts[0]), len(parts[2])) > FORMAT_MAX_CHARS:
        raise OfferMalformed(problem=f"the m-line of section {index} cannot be read")
    formats = tuple(parts[3:])
    if len(formats) > SECTION_MAX_FORMATS:
        raise OfferMalformed(problem=f"section {index} names more than {SECTION_MAX_FORMATS} payload types")
    if max(map(len, formats)) > FORMAT_MAX_CHARS:
        raise OfferMalformed(problem=f"a payload type of section {index} is longer than {FORMAT_MAX_CHARS} characters")
    return MediaDescription(parts[0], port, parts[2], formats)


def number_of(text: str, highest: int) -> int | None:
    """A number written in ASCII digits, 0 to `highest`; None for everything else."""
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(highest)):
        return None
    number = int(text)
    return number if number <= highest else None
