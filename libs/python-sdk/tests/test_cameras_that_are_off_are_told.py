from typing import Final

from salon.room.v1 import signal_pb2 as pb
from salon_sdk import LocalStream, SalonEngine
from salon_sdk.testing import EventLog, FakeCloud, MakeEngine

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
