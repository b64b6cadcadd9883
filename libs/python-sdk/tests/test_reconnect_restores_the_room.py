import asyncio
from dataclasses import replace

import pytest
from salon.room.v1 import signal_pb2 as pb
from salon_sdk import EngineError, ErrorCode, LocalStream, SalonEngine
from salon_testing.fake_cloud import FAST, EventLog, FakeCloud, MakeEngine


async def test_media_goes_on_while_the_socket_is_away(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine()
    log = EventLog(alice, "room_state_changed", "publisher_state_update")
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    await cloud.drop_socket(cloud.session_of("alice"))
    _, _, code, _ = await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECTING")
    assert code == ErrorCode.NETWORK_BROKEN
    await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECTED")
    assert [arguments[0].state.value for arguments in log.of("publisher_state_update")] == [
        "PUBLISH_REQUESTING",
        "PUBLISHING",
    ]
    assert len(await cloud.wait_for("publish")) == 1


async def test_a_request_cut_off_in_the_middle_is_sent_again(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine()
    await alice.login_room("room", "04", "alice")
    cloud.silent.add("publish")
    await alice.start_publishing_stream("camera", small_stream)
    first, second = await cloud.wait_for("publish", 2)
    assert first.publish.offer.peer_connection_id == second.publish.offer.peer_connection_id
    assert list(cloud.streams) == ["camera"]


async def test_a_forgotten_log_in_is_made_again_with_all_its_streams(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    alice: SalonEngine = make_engine()
    bob: SalonEngine = make_engine()
    carol: SalonEngine = make_engine()
    log = EventLog(bob, "room_state_changed", "room_user_update", "player_state_update", "publisher_state_update")
    await alice.login_room("room", "04", "alice")
    await carol.login_room("room", "04", "carol")
    await bob.login_room("room", "04", "bob", user_update=True)
    await alice.start_publishing_stream("camera", small_stream)
    await bob.start_publishing_stream("mine", small_stream)
    played = await bob.start_playing_stream("camera")

    forgotten = cloud.session_of("bob")
    cloud.forget(forgotten)
    await carol.logout_room()
    await cloud.drop_socket(forgotten)

    await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECTED")
    await log.wait("room_user_update", lambda _, update, users: update == "DELETE" and users[0].user_id == "carol")
    await cloud.wait_for("publish", 3)
    await cloud.wait_for("play", 2)
    assert [each.state.value for each in await log.updates("publisher_state_update", 4)][-1] == "PUBLISHING"
    assert [each.state.value for each in await log.updates("player_state_update", 4)][-1] == "PLAYING"
    assert cloud.streams["mine"].session_id == cloud.session_of("bob").id
    assert played.video is not None
    async with asyncio.timeout(10):
        await played.video.recv()


async def test_the_server_may_send_its_clients_elsewhere_without_a_word_to_the_app(
    cloud: FakeCloud, make_engine: MakeEngine
) -> None:
    alice: SalonEngine = make_engine()
    log = EventLog(alice, "room_state_changed")
    await alice.login_room("room", "04", "alice")
    await cloud.tell(cloud.session_of("alice"), pb.ServerMessage(go_away=pb.GoAway()))
    await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECTED")
    assert "RECONNECTING" not in log.reasons()


async def test_it_gives_up_in_the_end(cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream) -> None:
    alice: SalonEngine = make_engine(replace(FAST, retry_window_s=0.2))
    log = EventLog(alice, "room_state_changed", "publisher_state_update")
    await alice.login_room("room", "04", "alice")
    await alice.start_publishing_stream("camera", small_stream)
    await cloud.stop_listening()
    _, _, code, _ = await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECT_FAILED")
    assert code == ErrorCode.RETRY_TIME_EXCEEDED
    await log.wait(
        "publisher_state_update",
        lambda update: update.state.value == "NO_PUBLISH" and update.error_code == ErrorCode.RETRY_TIME_EXCEEDED,
    )
    with pytest.raises(EngineError):
        alice.start_publishing_stream("again", small_stream)


async def test_a_user_who_logged_in_elsewhere_meanwhile_does_not_come_back(
    cloud: FakeCloud, make_engine: MakeEngine
) -> None:
    alice: SalonEngine = make_engine()
    log = EventLog(alice, "room_state_changed")
    await alice.login_room("room", "04", "alice")
    cloud.refuse("resume", 1002086, "logged-in-elsewhere")
    await cloud.drop_socket(cloud.session_of("alice"))
    _, _, code, _ = await log.wait("room_state_changed", lambda _, reason, *__: reason == "RECONNECT_FAILED")
    assert code == 1002086


async def test_no_server_at_all_is_a_login_timeout(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    alice: SalonEngine = make_engine(replace(FAST, login_timeout_s=0.2))
    await cloud.stop_listening()
    with pytest.raises(EngineError) as raised:
        await alice.login_room("room", "04", "alice")
    assert raised.value.error_code == ErrorCode.LOGIN_TIMEOUT


async def test_heartbeats_are_sent_at_the_servers_pace(cloud: FakeCloud, make_engine: MakeEngine) -> None:
    cloud.heartbeat_interval_ms = 20
    alice: SalonEngine = make_engine()
    await alice.login_room("room", "04", "alice")
    assert all(each.request_id == 0 for each in await cloud.wait_for("heartbeat", 3))
