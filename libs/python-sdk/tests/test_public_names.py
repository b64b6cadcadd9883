import salon_sdk


def test_what_apps_may_rely_on() -> None:
    assert set(salon_sdk.__all__) == {
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
    }
    assert all(hasattr(salon_sdk, name) for name in salon_sdk.__all__)
