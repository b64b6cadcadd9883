"""One stream's decoder and encoder, VP8 or H.264: pictures out of frames, and frames out of pictures.

Calls block, on one processor core, and release the GIL for nearly all of their time. A decoder or an encoder belongs to
one thread at a time.
"""

from fractions import Fraction

import av
import av.error
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.plane import VideoPlane
from salon_frames import I420
from salon_frames.i420 import Plane

from salon_transcoder.picture import MATRIX_GBR, RANGE_FULL, UNSAID, Colour, DecodedPicture, colour_of

MAX_PICTURE_PX = 3840 * 2160
"""A stream with larger pictures is not decoded."""

REORDER_MAX = 16
"""So many pictures may wait for others that are shown before them: no decoder has room for more (H.264 section A.3)."""

_NEVER = 1 << 30  # frames from one periodic key frame to the next
_FRAMES_PER_S = 30.0  # what encoders expect; whatever else comes is made up for in the budget of a frame
_RTP_CLOCK_HZ = 90_000
_X264_CEILING_BPS = 8_000_000
_X264_BUFFER_BITS = 300_000  # with less it could not follow a bitrate that grows
_VP8_CLOCK = Fraction(1, 1_000_000)

_VP8_OPTIONS = {
    "deadline": "realtime",
    "cpu-used": "-8",  # a positive one means "take this share of the processor" and costs nearly twice as much
    "lag-in-frames": "0",
    "auto-alt-ref": "0",
    "error-resilient": "0",
    "static-thresh": "1",
    "max-intra-rate": "900",  # per cent of a frame: what libwebrtc allows a key frame at 30 fps
    "undershoot-pct": "100",
    "overshoot-pct": "15",
    "qmin": "2",
    "qmax": "63",  # no frame is ever dropped, so the coarsest quantizer has to keep the bitrate
}
_X264_OPTIONS = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "profile": "baseline",
    "forced-idr": "1",
    "sc_threshold": "0",
    "slices": "1",
}


class DecodeFailed(Exception):
    """These bytes are no picture, or none that is served. The decoder goes on with the next key frame: ask for one."""

    code = "decode-failed"
    retryable = True


class Decoder:
    """Takes the frames of one stream in order, beginning with a key frame. ValueError for a codec it does not know.

    Pictures come in the order in which they are shown. Where the parameter sets of H.264 allow for pictures that are
    sent before others and shown after them, each comes as many frames later as they allow for, whether or not there
    are any.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._parameters = b""
        self._decoded = self._held = 0
        self._began = 0
        """The frame that parameter sets came with last: nothing from it on needs what was before it."""
        self._context = self._open()

    def decode(self, data: bytes) -> DecodedPicture | None:
        """The picture of one whole frame (H.264 as Annex B), or of one before it where pictures are reordered.

        None if there is none to be shown yet. The planes are the decoder's own memory: read-only, and kept for as long
        as anyone has them. A last column or row without a partner is left out. DecodeFailed for anything else, then
        also for all that comes before a key frame.
        """
        if not data:  # it would mean the end of the stream
            raise self._failed("an empty frame")
        self._follow(data)
        packet = av.Packet(data)
        packet.pts = self._decoded
        self._decoded += 1
        try:
            frames = self._context.decode(packet)
        except av.error.FFmpegError as error:
            raise self._failed(str(error)) from error
        if frames:
            self._held = 0
            return self._picture(frames[-1])
        if self._codec == "VP8" and not data[0] & 0x10:  # show_frame, RFC 6386 section 9.1
            return None
        self._held += 1
        if self._codec == "H264" and self._held <= min(self._context.reorder_depth, REORDER_MAX):
            return None
        raise self._failed("no picture came of it")

    def _follow(self, data: bytes) -> None:
        """When other parameter sets come nothing of the old ones is left, neither colours nor pictures held back."""
        parameters = _sequence_parameters(data) if self._codec == "H264" else b""
        if parameters:
            self._began = self._decoded
        if parameters and parameters != self._parameters:
            if self._parameters:
                self._context = self._open()
            self._parameters = parameters

    def _picture(self, frame: VideoFrame) -> DecodedPicture | None:
        number = self._decoded - 1 if frame.pts is None else frame.pts
        if frame.format.name not in ("yuv420p", "yuvj420p"):
            raise self._failed(f"pixel format {frame.format.name}")
        if frame.is_corrupt:
            if number < self._began:
                return None  # it was held back, and what follows does without it
            raise self._failed("parts of the picture are missing")
        rows, columns = frame.height // 2, frame.width // 2
        y, u, v = (_view(plane) for plane in frame.planes)
        planes = (y[: 2 * rows, : 2 * columns], u[:rows, :columns], v[:rows, :columns])
        for plane in planes:
            plane.flags.writeable = False  # later frames are predicted from it
        # What VP8 has in this place (RFC 6386 section 9.2) tells decoders what they need not do; the range is limited.
        is_full = self._codec == "H264" and (frame.format.name == "yuvj420p" or frame.color_range == RANGE_FULL)
        colour = _colour(frame, is_full=is_full) if self._codec == "H264" else Colour()
        try:
            return DecodedPicture(*planes, is_full, colour, self._decoded - 1 - number)
        except ValueError as error:
            raise self._failed(str(error)) from error

    def _failed(self, reason: str) -> DecodeFailed:
        # Nothing is predicted from what is not whole. A flush would not do: hostile frames can make a decoder hold
        # pictures back for reordering, and that stays.
        self._context = self._open()
        self._parameters = b""
        return DecodeFailed(reason)

    def _open(self) -> VideoCodecContext:
        self._held = 0
        context = _context(self._codec, {"VP8": "vp8", "H264": "h264"}, "r")
        context.flags |= Flags.low_delay
        context.options = {"max_pixels": str(MAX_PICTURE_PX)}
        return context


class Encoder:
    """Gives a frame for every picture, at a bitrate that may change at any time. ValueError for what it does not know.

    Key frames: the first one, the first one of another size or other colours, and where asked for; never else. H.264
    says of the colours what the picture says; a VP8 frame can say nothing of them.

    libvpx cannot be given another bitrate here once it is open, but its clock is ours: an encoder made for 1 Mb/s that
    sees 17 ms pass where 33 ms do spends half of that. x264 does not look at the clock, but takes a new bitrate up to
    the one it was opened with; so it is opened with a high one. Either way a key frame that is asked for is the
    occasion to make the encoder anew, with a buffer that fits the present bitrate.
    """

    def __init__(self, codec: str, target_bps: int) -> None:
        _context(codec, {"VP8": "libvpx", "H264": "libx264"}, "w")
        self._codec = codec
        self._target_bps = _positive(target_bps)
        self._interval_s = 1 / _FRAMES_PER_S
        self._timestamp: int | None = None
        self._colour = Colour()
        self._frame: VideoFrame | None = None
        self._context: VideoCodecContext | None = None
        self._made_for_bps = 0
        self._clock = 0.0
        self._last_pts = -1

    def set_bitrate(self, target_bps: int) -> None:
        """What to spend from the next picture on."""
        self._target_bps = _positive(target_bps)

    def encode(self, picture: I420, timestamp: int, *, keyframe: bool) -> bytes:
        """One whole frame: VP8, or H.264 as Annex B with parameter sets in front of each key frame.

        `timestamp` is RTP's (90 kHz, 32 bits) and is only used to learn how often pictures come.
        """
        self._follow(timestamp)
        frame = self._copy(picture)
        if self._context is None or (keyframe and not 0.7 < self._target_bps / self._made_for_bps < 1.4):
            self._context = self._make(picture.width, picture.height)
        if self._codec == "VP8":
            self._clock += self._interval_s * self._target_bps / self._made_for_bps / float(_VP8_CLOCK)
        else:
            self._clock += 1
            budget_bps = self._target_bps * self._interval_s * _FRAMES_PER_S
            if not 0.95 < (self._context.bit_rate or 0) / budget_bps < 1.05:
                self._context.bit_rate = round(budget_bps)
        frame.pts = max(round(self._clock), self._last_pts + 1)
        frame.duration = frame.pts - self._last_pts
        frame.time_base = self._context.time_base
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        self._last_pts = frame.pts
        return b"".join(bytes(packet) for packet in self._context.encode(frame))

    def _follow(self, timestamp: int) -> None:
        """A pause or a jump says nothing about the frame rate."""
        if self._timestamp is not None:
            elapsed_s = ((timestamp - self._timestamp) & 0xFFFF_FFFF) / _RTP_CLOCK_HZ
            if 0 < elapsed_s < 1:
                self._interval_s += (elapsed_s - self._interval_s) / 8
        self._timestamp = timestamp

    def _copy(self, picture: I420) -> VideoFrame:
        frame = self._frame
        if frame is None or (frame.width, frame.height) != (picture.width, picture.height):
            frame = self._frame = VideoFrame(picture.width, picture.height, "yuv420p")
            self._context = None
        colour = colour_of(picture)
        if colour != self._colour:
            self._colour = colour
            self._context = None
        frame.make_writable()
        for plane, given in zip(frame.planes, picture.planes, strict=True):
            _view(plane)[:] = given
        return frame

    def _make(self, width: int, height: int) -> VideoCodecContext:
        target_bps = self._target_bps
        self._made_for_bps, self._clock, self._last_pts = target_bps, 0.0, -1
        context = _context(self._codec, {"VP8": "libvpx", "H264": "libx264"}, "w")
        context.width, context.height = width, height
        context.pix_fmt = "yuv420p"
        context.gop_size = _NEVER
        context.framerate = Fraction(_FRAMES_PER_S)
        if self._codec == "H264":
            colour = self._colour
            context.color_primaries, context.color_trc = colour.primaries, colour.transfer
            context.colorspace, context.color_range = colour.matrix, colour.sample_range
        if self._codec == "VP8":
            # The buffer of libwebrtc's encoders: a second, half of it there at the start.
            opened_bps, buffer_bits, options = target_bps, target_bps, _VP8_OPTIONS
            options = options | {"rc_init_occupancy": str(target_bps // 2)}
            context.time_base = _VP8_CLOCK
        else:
            opened_bps = max(2 * target_bps, _X264_CEILING_BPS)
            buffer_bits, options = max(target_bps // 2, _X264_BUFFER_BITS), _X264_OPTIONS
            context.time_base = 1 / context.framerate
        constant = {"minrate": opened_bps, "maxrate": opened_bps, "bufsize": buffer_bits, "keyint_min": _NEVER}
        context.bit_rate = opened_bps
        context.options = options | {name: str(value) for name, value in constant.items()}
        context.open()
        return context


def _context(codec: str, names: dict[str, str], mode: str) -> VideoCodecContext:
    if codec not in names:
        raise ValueError(f"codec {codec!r} is neither VP8 nor H264")
    context = av.CodecContext.create(names[codec], "w" if mode == "w" else "r")
    assert isinstance(context, VideoCodecContext)  # noqa: S101  # all of these are
    context.thread_count = 1
    return context


def _colour(frame: VideoFrame, *, is_full: bool) -> Colour:
    matrix = int(frame.colorspace)
    return Colour(
        int(frame.color_primaries),
        int(frame.color_trc),
        UNSAID if matrix == MATRIX_GBR else matrix,
        RANGE_FULL if is_full else int(frame.color_range),
    )


def _sequence_parameters(data: bytes) -> bytes:
    """The sequence parameter set that this frame begins with, if it does."""
    if data[:4] != b"\0\0\0\1" or len(data) < 5 or data[4] & 31 != 7:
        return b""
    end = data.find(b"\0\0\1", 5)
    return data[4 : end if end > 0 else None]


def _positive(target_bps: int) -> int:
    if target_bps <= 0:
        raise ValueError(f"a bitrate of {target_bps} b/s")
    return target_bps


def _view(plane: VideoPlane) -> Plane:
    """Without the padding of the rows."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    view: Plane = rows[:, : plane.width]
    return view
