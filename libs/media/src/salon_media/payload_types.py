"""Reads what a section says about its payload types: `a=rtpmap`, `a=fmtp`, `a=rtcp-fb`.

A line that cannot be read, or is about a payload type the section does not have, says nothing; what it leaves without a
codec is not usable, and that is all.
"""

from collections.abc import Iterator
from typing import Final

from salon_contracts.errors import OfferMalformed

from salon_media.codecs import CARRIED_FEEDBACK, OfferedCodec, parameters_of
from salon_media.description import Attributes, number_of

FMTP_MAX_CHARS: Final = 2048
"""Browsers write at most 100, encoders with parameter sets in it some hundred."""
NAME_MAX_CHARS: Final = 64

_PAYLOAD_TYPE_MAX: Final = 127
_CLOCK_RATE_MAX_HZ: Final = 2**32 - 1
_CHANNELS_MAX: Final = 255
_RTCP_CONFLICT: Final = range(72, 77)
"""Payload types that look like RTCP on the same port (RFC 5761 section 4)."""


_ByText = dict[str, int]
"""The payload types of a section by what their lines begin with."""


def payload_types(formats: tuple[str, ...]) -> tuple[int, ...]:
    """Those of an m-line that can be used, in the client's order of preference."""
    found = [number_of(text, _PAYLOAD_TYPE_MAX) for text in formats]
    return tuple(dict.fromkeys(item for item in found if item is not None and item not in _RTCP_CONFLICT))


def read_codecs(
    index: int, order: tuple[int, ...], attributes: Attributes, *, is_audio: bool
) -> Iterator[OfferedCodec]:
    """In the client's order of preference, without rtx. Raises OfferMalformed."""
    wanted = {str(payload_type): payload_type for payload_type in order}
    fmtp = _fmtp(index, wanted, attributes)
    mapped = _mapped(index, wanted, attributes)
    feedback = _feedback(wanted, attributes)
    rtx: dict[int, int] = {}
    for payload_type in order:
        if payload_type in mapped and mapped[payload_type][0].lower() == "rtx":
            repaired = number_of(parameters_of(fmtp.get(payload_type, "")).get("apt", ""), _PAYLOAD_TYPE_MAX)
            if repaired is not None:
                rtx.setdefault(repaired, payload_type)
    for payload_type in order:
        name, clock_rate_hz, channels = mapped.get(payload_type, ("rtx", 0, None))
        if name.lower() == "rtx":
            continue
        if is_audio:
            # Opus is two channels on the wire whatever is said (RFC 7587 section 7).
            channels = 2 if name.lower() == "opus" else channels or 1
        yield OfferedCodec(
            payload_type=payload_type,
            name=name,
            clock_rate_hz=clock_rate_hz,
            channels=channels if is_audio else None,
            fmtp=fmtp.get(payload_type, ""),
            feedback=feedback[payload_type],
            rtx_payload_type=rtx.get(payload_type),
        )


def _about(wanted: _ByText, attributes: Attributes, name: str) -> Iterator[tuple[int, str]]:
    """`<payload type> <something>` of every line that is like this and about a payload type of the section."""
    for value in attributes.all(name):
        text, _, rest = value.partition(" ")
        payload_type = wanted.get(text)
        if payload_type is not None and rest and rest.isascii():
            yield payload_type, rest.strip(" ")


def _fmtp(index: int, wanted: _ByText, attributes: Attributes) -> dict[int, str]:
    found: dict[int, str] = {}
    for payload_type, parameters in _about(wanted, attributes, "fmtp"):
        if len(parameters) > FMTP_MAX_CHARS:
            raise OfferMalformed(problem=f"an fmtp of section {index} is longer than {FMTP_MAX_CHARS} characters")
        found.setdefault(payload_type, parameters)
    return found


_Mapping = tuple[str, int, int | None]
"""Name, clock rate in Hz, channels if said."""


def _mapped(index: int, wanted: _ByText, attributes: Attributes) -> dict[int, _Mapping]:
    found: dict[int, _Mapping] = {}
    for payload_type, described in _about(wanted, attributes, "rtpmap"):
        mapping = _mapping(described)
        if mapping is not None and found.setdefault(payload_type, mapping) != mapping:
            raise OfferMalformed(problem=f"section {index} maps payload type {payload_type} to two codecs")
    return found


def _mapping(described: str) -> _Mapping | None:
    """`<name>/<clock rate>[/<channels>]`, None when it is not that."""
    name, *numbers = described.split("/", 3)
    clock_rate_hz = number_of(numbers[0], _CLOCK_RATE_MAX_HZ) if numbers else None
    channels = number_of(numbers[1], _CHANNELS_MAX) if len(numbers) == 2 else None
    if clock_rate_hz is None or not 0 < len(name) <= NAME_MAX_CHARS or " " in name:
        return None
    if len(numbers) > 2 or (len(numbers) == 2 and channels is None):
        return None
    return name, clock_rate_hz, channels


def _feedback(wanted: _ByText, attributes: Attributes) -> dict[int, tuple[str, ...]]:
    """What the relay knows of it, so that neither many lines nor `*` make it grow."""
    found: dict[int, dict[str, None]] = {payload_type: {} for payload_type in wanted.values()}
    everywhere: dict[str, None] = {}
    for value in attributes.all("rtcp-fb"):
        text, _, rest = value.partition(" ")
        feedback = " ".join(rest.split())
        if feedback not in CARRIED_FEEDBACK:
            continue
        if text == "*":
            everywhere[feedback] = None
        elif text in wanted:
            found[wanted[text]][feedback] = None
    return {payload_type: tuple(own | everywhere) for payload_type, own in found.items()}
