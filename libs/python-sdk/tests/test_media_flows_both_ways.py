import asyncio

import numpy as np
import pytest
from av import AudioFrame, VideoFrame
from salon_sdk import EngineError, ErrorCode, LocalStream, PatternVideo, PlayedTrack, SalonEngine, VideoCodec
from salon_testing.fake_cloud import WAIT_S, FakeCloud, MakeEngine


async def picture(track: PlayedTrack | None) -> VideoFrame:
    assert track is not None
    frame = None
    async with asyncio.timeout(WAIT_S):
        for _ in range(3):
            frame = await track.recv()
    assert isinstance(frame, VideoFrame)
    return frame


def chroma(frame: VideoFrame) -> tuple[int, int]:
    rows = frame.to_ndarray(format="yuv420p")
    height = frame.height
    return round(rows[height : height * 5 // 4].mean()), round(rows[height * 5 // 4 :].mean())


async def pair(make_engine: MakeEngine) -> tuple[SalonEngine, SalonEngine]:
    alice, bob = make_engine(), make_engine()
    await alice.login_room("room", "04", "alice")
    await bob.login_room("room", "04", "bob")
    return alice, bob


async def test_picture_and_sound_arrive(make_engine: MakeEngine, small_stream: LocalStream) -> None:
    alice, bob = await pair(make_engine)
    await alice.start_publishing_stream("camera", small_stream)
    played = await bob.start_playing_stream("camera")

    frame = await picture(played.video)
    assert (frame.width, frame.height) == (160, 120)
    assert np.allclose(chroma(frame), (90, 200), atol=4)

    assert played.audio is not None
    async with asyncio.timeout(WAIT_S):
        while True:  # Opus needs a moment to swing in
            sound = await played.audio.recv()
            assert isinstance(sound, AudioFrame)
            if np.abs(sound.to_ndarray()).max() > 4_000:
                break


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_either_codec_is_offered_alone(cloud: FakeCloud, make_engine: MakeEngine, codec: VideoCodec) -> None:
    alice, bob = await pair(make_engine)
    stream = LocalStream(None, PatternVideo(160, 120, 15, u=90, v=200))
    await alice.start_publishing_stream("camera", stream, video_codec=codec)
    (published,) = await cloud.wait_for("publish")
    names = {line.split()[1].split("/")[0] for line in published.publish.offer.sdp.splitlines() if "a=rtpmap:" in line}
    assert names == {codec, "rtx"}
    played = await bob.start_playing_stream("camera")
    assert played.audio is None
    assert np.allclose(chroma(await picture(played.video)), (90, 200), atol=4)


async def test_several_streams_share_two_peer_connections_and_stay_apart(
    cloud: FakeCloud, make_engine: MakeEngine
) -> None:
    alice, bob = await pair(make_engine)
    colours = {"one": (60, 60), "two": (200, 60), "three": (60, 200)}
    for stream_id, (u, v) in colours.items():
        await alice.start_publishing_stream(stream_id, LocalStream(None, PatternVideo(160, 120, 15, u=u, v=v)))
    for stream_id, colour in colours.items():
        played = await bob.start_playing_stream(stream_id)
        assert np.allclose(chroma(await picture(played.video)), colour, atol=4), stream_id
    assert list(cloud.session_of("alice").relays) == ["send-1"]
    assert list(cloud.session_of("bob").relays) == ["receive-1"]


async def test_sections_of_stopped_streams_are_used_again(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice, bob = await pair(make_engine)
    other = LocalStream(None, PatternVideo(160, 120, 15, u=200, v=60))
    await alice.start_publishing_stream("other", other, video_codec="H264")
    kept = await bob.start_playing_stream("other")
    for round_ in range(2):
        stream_id = f"camera-{round_}"
        await alice.start_publishing_stream(stream_id, small_stream, video_codec="H264" if round_ else "VP8")
        played = await bob.start_playing_stream(stream_id)
        assert np.allclose(chroma(await picture(played.video)), (90, 200), atol=4)
        assert bob.stop_playing_stream(stream_id)
        assert alice.stop_publishing_stream(stream_id)
        assert played.video is not None
        assert played.video.readyState == "ended"
    await cloud.wait_for("unpublish", 2)
    await cloud.wait_for("stop_play", 2)
    assert np.allclose(chroma(await picture(kept.video)), (200, 60), atol=4)
    offer = cloud.session_of("alice").relays["send-1"].offers[-1]
    assert offer.sdp.count("\nm=") == 3


async def test_a_stopped_stream_leaves_its_tracks_to_the_app(
    make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice, bob = await pair(make_engine)
    await alice.start_publishing_stream("camera", small_stream)
    alice.stop_publishing_stream("camera")
    await alice.start_publishing_stream("again", small_stream)
    await picture((await bob.start_playing_stream("again")).video)
    alice.destroy_stream(small_stream)
    assert not alice.stop_publishing_stream("again")


async def test_one_may_play_ones_own_stream_and_only_its_picture(
    make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice, _ = await pair(make_engine)
    await alice.start_publishing_stream("camera", small_stream)
    played = await alice.start_playing_stream("camera", audio=False)
    assert played.audio is None
    await picture(played.video)


async def test_a_stream_plays_and_publishes_once_at_a_time(make_engine: MakeEngine, small_stream: LocalStream) -> None:
    alice, _ = await pair(make_engine)
    await alice.start_publishing_stream("camera", small_stream)
    with pytest.raises(EngineError) as raised:
        alice.start_publishing_stream("camera", small_stream)
    assert raised.value.error_code == ErrorCode.PUBLISHING_ALREADY
    await alice.start_playing_stream("camera")
    with pytest.raises(EngineError) as raised:
        await alice.start_playing_stream("camera")
    assert raised.value.error_code == ErrorCode.PLAYING_ALREADY


async def test_playing_what_is_not_there_fails_with_its_code(make_engine: MakeEngine) -> None:
    alice, _ = await pair(make_engine)
    with pytest.raises(EngineError) as raised:
        await alice.start_playing_stream("nothing")
    assert raised.value.error_code == ErrorCode.STREAM_NOT_FOUND
