import asyncio
from dataclasses import replace

import pytest
from av import VideoFrame
from salon_sdk import EngineError, ErrorCode, LocalStream, PlayedTrack, SalonEngine
from salon_testing.fake_cloud import FAST, WAIT_S, EventLog, FakeCloud, MakeEngine


async def times_s(track: PlayedTrack | None, count: int) -> list[float]:
    assert track is not None
    async with asyncio.timeout(WAIT_S):
        frames = [await track.recv() for _ in range(count)]
    return [frame.time for frame in frames if isinstance(frame, VideoFrame) and frame.time is not None]


@pytest.mark.parametrize("told", [True, False], ids=["told-by-the-room", "seen-by-itself"])
async def test_a_viewers_stream_goes_on_with_rising_timestamps(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream, told: bool
) -> None:
    alice: SalonEngine = make_engine()
    bob: SalonEngine = make_engine()
    log = EventLog(bob, "player_state_update")
    await alice.login_room("room", "04", "alice")
    await bob.login_room("room", "04", "bob")
    await alice.start_publishing_stream("camera", small_stream)
    played = await bob.start_playing_stream("camera")
    before = await times_s(played.video, 3)

    await cloud.lose_peer_connection("bob", "receive-1", told=told)
    await cloud.wait_for("play", 2)
    states = [(each.state.value, each.error_code) for each in await log.updates("player_state_update", 4)]
    assert states == [
        ("PLAY_REQUESTING", 0),
        ("PLAYING", 0),
        ("PLAY_REQUESTING", ErrorCode.PLAY_CONNECTION_CLOSED),
        ("PLAYING", 0),
    ]
    after = await times_s(played.video, 20)
    assert sorted(before + after) == before + after
    assert list(cloud.session_of("bob").relays) == ["receive-2"]


@pytest.mark.parametrize("told", [True, False], ids=["told-by-the-room", "seen-by-itself"])
async def test_all_published_streams_come_back(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream, told: bool
) -> None:
    alice: SalonEngine = make_engine()
    bob: SalonEngine = make_engine()
    log = EventLog(alice, "publisher_state_update")
    await alice.login_room("room", "04", "alice")
    await bob.login_room("room", "04", "bob")
    await alice.start_publishing_stream("camera", small_stream)
    await alice.start_publishing_stream("copy", small_stream)
    await cloud.lose_peer_connection("alice", "send-1", told=told)
    updates = await log.updates("publisher_state_update", 8)
    assert {each.stream_id for each in updates[6:]} == {"camera", "copy"}
    assert [each.state.value for each in updates[6:]] == ["PUBLISHING", "PUBLISHING"]
    closed = await cloud.wait_for("close_peer_connection")
    assert closed[0].close_peer_connection.peer_connection_id == "send-1"
    played = await bob.start_playing_stream("copy")
    await times_s(played.video, 3)


async def test_a_stream_whose_publisher_comes_back_is_played_again(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine()
    bob: SalonEngine = make_engine()
    log = EventLog(bob, "player_state_update")
    await alice.login_room("room", "04", "alice")
    await bob.login_room("room", "04", "bob")
    await alice.start_publishing_stream("camera", small_stream)
    played = await bob.start_playing_stream("camera")
    alice.stop_publishing_stream("camera")
    await log.wait("player_state_update", lambda update: update.error_code == ErrorCode.STREAM_INTERRUPTED)
    await alice.start_publishing_stream("camera", small_stream)
    updates = await log.updates("player_state_update", 4)
    assert [each.state.value for each in updates[2:]] == ["PLAY_REQUESTING", "PLAYING"]
    await times_s(played.video, 20)


async def test_a_refused_return_is_tried_until_the_window_has_passed(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine(replace(FAST, retry_window_s=0.3))
    log = EventLog(alice, "publisher_state_update")
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    cloud.refuse("publish", 1003028, "stream-exists", times=1_000)
    await cloud.lose_peer_connection("alice", "send-1", told=True)
    (update,) = await log.wait("publisher_state_update", lambda update: update.state.value == "NO_PUBLISH")
    assert update.error_code == ErrorCode.PUBLISH_RETRY_TIMEOUT
    assert "stream-exists" in update.extended_data


async def test_the_first_replacement_needs_no_pause(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine(replace(FAST, backoff_min_s=3_600, backoff_max_s=3_600))
    log = EventLog(alice, "publisher_state_update")
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    await cloud.lose_peer_connection("alice", "send-1", told=True)
    updates = await log.updates("publisher_state_update", 4)
    assert [each.state.value for each in updates[2:]] == ["PUBLISH_REQUESTING", "PUBLISHING"]


async def publish(engine: SalonEngine, stream: LocalStream) -> None:
    await engine.start_publishing_stream("camera", stream)


@pytest.mark.parametrize("request_name", ["publish", "play"])
async def test_a_rate_limited_offer_is_left_alone_for_long(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream, request_name: str
) -> None:
    slow = replace(FAST, overload_min_s=3_600, overload_max_s=3_600, start_timeout_s=0.3)
    alice: SalonEngine = make_engine(slow)
    bob: SalonEngine = make_engine(slow)
    await alice.login_room("room", "04", "alice")
    await bob.login_room("room", "04", "bob")
    if request_name == "play":
        await alice.start_publishing_stream("camera", small_stream)
    cloud.refuse(request_name, 1109001, "rate-limited", retryable=True)
    wish = bob.start_playing_stream("camera") if request_name == "play" else publish(alice, small_stream)
    with pytest.raises(EngineError):
        await wish
    sent = [each for each in cloud.received if each.WhichOneof("body") == request_name]
    assert len(sent) == 1


async def test_a_relay_that_cannot_be_reached_is_named(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine(replace(FAST, media_timeout_s=0.2, start_timeout_s=0.5))
    cloud.unreachable = True
    await alice.login_room("room", "04", "alice")
    with pytest.raises(EngineError) as raised:
        await alice.start_publishing_stream("camera", small_stream)
    assert raised.value.error_code == ErrorCode.PUBLISH_RETRY_TIMEOUT
    assert "UDP" in raised.value.extended_data
