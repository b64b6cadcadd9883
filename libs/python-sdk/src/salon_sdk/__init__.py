"""The verbs of the browser SDK in Python, on aiortc: for bots, recorders, tests and load."""

from salon_sdk.beauty import BeautyEffectError
from salon_sdk.engine import SalonEngine, SentMessage
from salon_sdk.errors import EngineError, ErrorCode
from salon_sdk.events import (
    EventName,
    PlayerStateUpdate,
    PublisherStateUpdate,
    RoomMessage,
    StreamInfo,
    User,
)
from salon_sdk.media import LocalStream, PatternVideo, PlayedStream, PlayedTrack, ToneAudio
from salon_sdk.peer import VideoBitrate, VideoCodec
from salon_sdk.publisher import Publication
from salon_sdk.states import PlayState, PublishState
from salon_sdk.timing import Timing

__all__ = [
    "BeautyEffectError",
    "EngineError",
    "ErrorCode",
    "EventName",
    "LocalStream",
    "PatternVideo",
    "PlayState",
    "PlayedStream",
    "PlayedTrack",
    "PlayerStateUpdate",
    "Publication",
    "PublishState",
    "PublisherStateUpdate",
    "RoomMessage",
    "SalonEngine",
    "SentMessage",
    "StreamInfo",
    "Timing",
    "ToneAudio",
    "User",
    "VideoBitrate",
    "VideoCodec",
]
