"""A camera, a viewer, and a real transcoder process between them."""

from salon_testing.transcoder.camera import BASE_LUMA, Camera, Codec
from salon_testing.transcoder.h264_streams import GROUP, Encoded, encoded, number_of
from salon_testing.transcoder.stage import (
    RING_PREFIX,
    Stage,
    filming,
    staged,
)
from salon_testing.transcoder.viewer import Seen, is_bright, is_original

__all__ = [
    "BASE_LUMA",
    "GROUP",
    "RING_PREFIX",
    "Camera",
    "Codec",
    "Encoded",
    "Seen",
    "Stage",
    "encoded",
    "filming",
    "is_bright",
    "is_original",
    "number_of",
    "staged",
]
