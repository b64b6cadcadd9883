"""Coded frames and RTP packets in files, each after its length: for programs that read and write no containers."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from aiortc.codecs import depayload
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket

from tests.clients.encoding import ENCODERS, KEY_FRAME_EVERY, audio_frame, video_frame
from tests.clients.reference import FPS, HEIGHT, RATE_HZ, WIDTH
from tests.clients.seen import Seen, first_channel, rgb

LENGTH_BYTES = 4
DECODERS = {"VP8": "vp8", "H264": "h264", "opus": "libopus"}


def write_video_frames(path: Path, codec: str, seconds: int) -> Path:
    name, settings = ENCODERS[codec]
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = WIDTH, HEIGHT, "yuv420p", 500_000
    encoder.framerate, encoder.time_base = Fraction(FPS), Fraction(1, FPS)
    encoder.options = settings | {"g": str(KEY_FRAME_EVERY)}
    frames = [video_frame(number) for number in range(seconds * FPS)]
    return _write(path, (bytes(packet) for frame in (*frames, None) for packet in encoder.encode(frame)))


def write_audio_frames(path: Path, seconds: int) -> Path:
    """Opus, 20 ms each."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "stereo", "s16"
    frames = [audio_frame(first) for first in range(0, seconds * RATE_HZ, 960)]
    return _write(path, (bytes(packet) for frame in (*frames, None) for packet in encoder.encode(frame)))


def read_packets(path: Path, codec: str, seen: Seen) -> None:
    """Decodes RTP packets in the order of their sequence numbers, each as often as it came."""
    decoder = av.CodecContext.create(DECODERS[codec], "r")
    assert isinstance(decoder, av.VideoCodecContext | av.AudioCodecContext)
    parameters = RTCRtpCodecParameters(f"video/{codec}" if codec != "opus" else "audio/opus", 90_000, payloadType=96)
    packets = [packet for each in _read(path) if (packet := RtpPacket.parse(each)).payload]
    for unit in _units(packets, parameters):
        try:
            frames = decoder.decode(av.Packet(unit))
        except av.error.InvalidDataError:
            continue  # before the first key frame
        for frame in frames:
            if isinstance(frame, av.VideoFrame):
                seen.picture(rgb(frame))
            elif isinstance(frame, av.AudioFrame):
                seen.sound(first_channel(frame), frame.sample_rate)


def _units(packets: list[RtpPacket], codec: RTCRtpCodecParameters) -> Iterator[bytes]:
    """What has one timestamp is one frame."""
    if not packets:
        return
    first = packets[0].sequence_number
    packets = sorted(packets, key=lambda each: (each.sequence_number - first + 0x8000) & 0xFFFF)
    unit, timestamp = b"", packets[0].timestamp
    for packet in packets:
        if packet.timestamp != timestamp:
            yield unit
            unit, timestamp = b"", packet.timestamp
        unit += depayload(codec, packet.payload)
    yield unit


def _write(path: Path, frames: Iterable[bytes]) -> Path:
    with path.open("wb") as file:
        for frame in frames:
            file.write(len(frame).to_bytes(LENGTH_BYTES) + frame)
    return path


def _read(path: Path) -> Iterator[bytes]:
    """The last one may be cut off."""
    data, at = path.read_bytes(), 0
    while at + LENGTH_BYTES <= len(data):
        length = int.from_bytes(data[at : at + LENGTH_BYTES])
        at += LENGTH_BYTES
        if at + length <= len(data):
            yield data[at : at + length]
        at += length
