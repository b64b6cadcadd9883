"""H.264 as encoders other than a browser's write it; each picture has a white bar as long as its number."""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType
from salon_contracts.errors import InvariantBroken
from salon_transcoder.picture import Colour

from salon_testing.transcoder.camera import rows_of

WIDTH, HEIGHT = 192, 128
BAR_PX = 4
GROUP = 15


@dataclass(frozen=True)
class Encoded:
    data: bytes
    """Annex B."""
    number: int
    """In the order in which pictures are shown."""


def encoded(
    count: int, *, profile: str = "high", x264: str = "bframes=0", only_p: bool = False, colour: Colour | None = None
) -> list[Encoded]:
    """`count` pictures, 48 at most, in the order of decoding; a key frame every `GROUP`.

    `only_p`: none is reordered, whatever the parameters of x264 allow for.
    """
    context = av.CodecContext.create("libx264", "w")
    if not isinstance(context, av.VideoCodecContext):
        raise InvariantBroken("a video encoder that makes no video")
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.framerate, context.time_base, context.gop_size = Fraction(30), Fraction(1, 30), GROUP
    context.bit_rate, context.thread_count = 800_000, 1
    if colour is not None:
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        context.colorspace, context.color_range = colour.matrix, colour.sample_range
    options = f"b-adapt=0:rc-lookahead=0:sync-lookahead=0:scenecut=0:sliced-threads=0:{x264}"
    context.options = {"preset": "veryfast", "profile": profile, "x264-params": options}
    packets = []
    for number in range(count):
        frame = _frame(number)
        frame.time_base = context.time_base
        if only_p:
            frame.pict_type = PictureType.P if number % GROUP else PictureType.I
        packets += context.encode(frame)
    packets += context.encode(None)
    return [Encoded(bytes(packet), packet.pts) for packet in packets if packet.pts is not None]


def number_of(luma: npt.NDArray[np.uint8]) -> int:
    """Which picture this is."""
    return round(int((luma[3] > 120).sum()) / BAR_PX)


def _frame(number: int) -> av.VideoFrame:
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    frame.pts = number
    for plane, grey in zip(frame.planes, (100, 120, 140), strict=True):
        rows = rows_of(plane)
        rows[:] = grey
        if plane.width == WIDTH:
            rows[:8] = 16
            rows[:8, : BAR_PX * number] = 235
            rows[8:] += (np.arange(8, HEIGHT)[:, None] * 7 + number * 3).astype(np.uint8) % 40  # every row changes
    return frame
