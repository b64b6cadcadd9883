from typing import Final

import pytest
from av import AudioFrame, VideoFrame
from salon.room.v1 import signal_pb2 as pb
from salon_sdk import EngineError, ErrorCode, LocalStream, SalonEngine, ToneAudio
from salon_testing.fake_cloud import EventLog, FakeCloud, MakeEngine

CAMERA: Final = "remote_camera_status_update"
MICROPHONE: Final = "remote_mic_status_update"


class Watch:
    """Of somebody in the room of `alice`, who publishes `camera`."""

    def __init__(self, cloud: FakeCloud, engine: SalonEngine) -> None:
        self._cloud = cloud
        self._log = EventLog(engine, CAMERA, MICROPHONE)

    async def mute(self, *kinds: str, stream_id: str = "camera") -> None:
        changed = pb.StreamMuteChanged(stream_id=stream_id, muted_kinds=kinds)
        await self._cloud.tell(self._cloud.session_of("bob"), pb.ServerMessage(stream_mute_changed=changed))

    async def said(self, count: int) -> list[tuple[str, str, str]]:
        """So many in order, as soon as the last of them has come."""
        while len(self._log.seen) < count:
            await self._log.next()
        return [(event, *arguments) for event, arguments in self._log.seen]


async def test_whoever_plays_a_stream_is_told_what_of_it_is_muted(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice, bob = make_engine(), make_engine()
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    cloud.streams["camera"].info.muted_kinds.append("audio")
    watch = Watch(cloud, bob)
    await bob.login_room("room", "04", "bob")
    await watch.mute("audio", "video", stream_id="unknown")
    await bob.start_playing_stream("camera")
    assert await watch.said(1) == [(MICROPHONE, "camera", "MUTE")]
    await watch.mute("audio", "video")
    await watch.mute("audio", "video")
    await watch.mute()
    assert (await watch.said(4))[1:] == [
        (CAMERA, "camera", "MUTE"),
        (MICROPHONE, "camera", "OPEN"),
        (CAMERA, "camera", "OPEN"),
    ]


async def test_a_stream_that_is_not_played_is_nobodys_business(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice, bob = make_engine(), make_engine()
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    watch = Watch(cloud, bob)
    await bob.login_room("room", "04", "bob")
    await watch.mute("video")
    await watch.mute()
    await watch.mute("audio")
    await bob.start_playing_stream("camera")
    assert await watch.said(1) == [(MICROPHONE, "camera", "MUTE")]
    assert bob.stop_playing_stream("camera")
    await watch.mute()
    await bob.start_playing_stream("camera")
    await watch.mute("video")
    assert (await watch.said(2))[1:] == [(CAMERA, "camera", "MUTE")]


async def test_what_is_muted_leaves_as_black_and_silence_and_is_told(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice, bob = make_engine(), make_engine()
    await alice.mute_publish_stream_audio(small_stream, True)
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    watch = Watch(cloud, bob)
    await bob.login_room("room", "04", "bob")
    await bob.start_playing_stream("camera")
    assert await watch.said(1) == [(MICROPHONE, "camera", "MUTE")]
    await alice.mute_publish_stream_video(small_stream, True)
    for tap in small_stream.taps():
        frame = await tap.recv()
        assert isinstance(frame, VideoFrame | AudioFrame)
        levels = frame.to_ndarray(format="gray") if isinstance(frame, VideoFrame) else frame.to_ndarray()
        assert levels.max() == levels.min() == 0
        assert frame.pts is not None
    await alice.mute_publish_stream_audio(small_stream, False)
    await alice.mute_publish_stream_video(small_stream, False)
    assert (await watch.said(4))[1:] == [
        (CAMERA, "camera", "MUTE"),
        (MICROPHONE, "camera", "OPEN"),
        (CAMERA, "camera", "OPEN"),
    ]
    for tap in small_stream.taps():
        frame = await tap.recv()
        assert isinstance(frame, VideoFrame | AudioFrame)
        levels = frame.to_ndarray(format="gray") if isinstance(frame, VideoFrame) else frame.to_ndarray()
        assert levels.max() > levels.min()


async def test_what_a_stream_does_not_have_is_not_muted(make_engine: MakeEngine) -> None:
    with pytest.raises(EngineError) as raised:
        await make_engine().mute_publish_stream_video(LocalStream(ToneAudio(), None), True)
    assert raised.value.error_code == ErrorCode.PUBLISH_PARAMETER


async def test_too_many_changes_are_refused_and_what_leaves_is_as_asked(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice = make_engine()
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    cloud.refuse("mute_stream", 1109001, "rate-limited", retryable=True)
    with pytest.raises(EngineError) as raised:
        await alice.mute_publish_stream_video(small_stream, True)
    assert raised.value.error_code == 1109001
    assert small_stream.muted_kinds == {"video"}
    await alice.mute_publish_stream_video(small_stream, True)
    assert list(cloud.streams["camera"].info.muted_kinds) == ["video"]
