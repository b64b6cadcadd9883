"""H264 parameter sets that stand in an offer: `sprop-parameter-sets` (RFC 6184 section 8.1)."""

import binascii
from typing import Final

from salon_media.codecs import OfferedCodec

PARAMETER_SETS_MAX: Final = 16
"""An encoder has one of each kind, rarely some more."""
PARAMETER_SET_MAX_BYTES: Final = 1024

_KINDS: Final = frozenset({7, 8})
"""nal_unit_type of a sequence and of a picture parameter set (ITU-T H.264 table 7-1)."""


def parameter_sets(codec: OfferedCodec) -> tuple[bytes, ...]:
    """The NAL units, with their headers and without start codes. What is no parameter set is left out."""
    if codec.served != "H264":
        return ()
    written = codec.parameters.get("sprop-parameter-sets", "").split(",")[:PARAMETER_SETS_MAX]
    return tuple(unit for unit in map(_unit, written) if unit)


def _unit(written: str) -> bytes:
    """Empty for what cannot be read."""
    text = written.strip()
    try:
        unit = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError:
        return b""
    is_whole = 1 < len(unit) <= PARAMETER_SET_MAX_BYTES
    return unit if is_whole and unit[0] & 0x80 == 0 and unit[0] & 0x1F in _KINDS else b""
