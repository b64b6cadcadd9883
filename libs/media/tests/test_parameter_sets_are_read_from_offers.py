"""`sprop-parameter-sets` as encoders write it, and as they should not."""

import base64

import pytest
from salon_media.codecs import OfferedCodec
from salon_media.parameter_sets import PARAMETER_SETS_MAX, parameter_sets

SPS = bytes.fromhex("6742e01f8d680a03da")
PPS = bytes.fromhex("68ce3c80")


def text(unit: bytes) -> str:
    return base64.b64encode(unit).decode()


def offered(sprop: str, name: str = "H264") -> OfferedCodec:
    fmtp = f"packetization-mode=1; sprop-parameter-sets={sprop}; profile-level-id=42e01f"
    return OfferedCodec(102, name, 90_000, None, fmtp, (), None)


@pytest.mark.parametrize(
    ("sprop", "units"),
    [
        (f"{text(SPS)},{text(PPS)}", (SPS, PPS)),
        (f"{text(PPS)} , {text(SPS)}", (PPS, SPS)),
        (text(SPS + b"1").rstrip("="), (SPS + b"1",)),  # without padding
        ("", ()),
        (",,", ()),
        ("%%%", ()),
        ("Zÿ==", ()),
        (text(b"\0\0\0\1" + SPS), ()),
        (text(b"g"), ()),
        (text(b"\x65" + SPS), ()),
        (text(SPS + bytes(1024)) + "," + text(PPS), (PPS,)),
        (",".join([text(PPS)] * 100), (PPS,) * PARAMETER_SETS_MAX),
    ],
)
def test_what_is_read(sprop: str, units: tuple[bytes, ...]) -> None:
    assert parameter_sets(offered(sprop)) == units


def test_other_codecs_have_none() -> None:
    assert parameter_sets(offered(text(SPS), "VP8")) == ()
    assert parameter_sets(OfferedCodec(102, "H264", 90_000, None, "", (), None)) == ()
