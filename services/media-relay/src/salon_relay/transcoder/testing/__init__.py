"""For tests: a camera, a viewer, and a real transcoder process between them."""

from salon_relay.transcoder.testing.camera import BASE_LUMA, Camera, Codec
from salon_relay.transcoder.testing.h264_streams import GROUP, Encoded, encoded, number_of
from salon_relay.transcoder.testing.stage import (
    RING_PREFIX,
    START_S,
    EffectsProcess,
    Stage,
    bus_environment,
    filming,
    staged,
)
from salon_relay.transcoder.testing.viewer import Seen, is_bright, is_original

__all__ = [
    "BASE_LUMA",
    "GROUP",
    "RING_PREFIX",
    "START_S",
    "Camera",
    "Codec",
    "EffectsProcess",
    "Encoded",
    "Seen",
    "Stage",
    "bus_environment",
    "encoded",
    "filming",
    "is_bright",
    "is_original",
    "number_of",
    "staged",
]
