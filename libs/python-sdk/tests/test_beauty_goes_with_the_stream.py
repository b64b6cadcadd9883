import asyncio
import json
import math

import pytest
from salon.room.v1 import signal_pb2 as pb
from salon_sdk import BeautyEffectError, EngineError, ErrorCode, LocalStream
from salon_testing.fake_cloud import EventLog, FakeCloud, MakeEngine

ON = pb.STREAM_EFFECTS_STATE_ON
UNAVAILABLE = pb.STREAM_EFFECTS_STATE_UNAVAILABLE


def effects(enabled: bool, smooth: float, whiten: float, rosy: float, sharpen: float) -> pb.StreamEffects:
    return pb.StreamEffects(
        enabled=enabled,
        smooth_intensity=smooth,
        whiten_intensity=whiten,
        rosy_intensity=rosy,
        sharpen_intensity=sharpen,
    )


async def asked(cloud: FakeCloud, count: int) -> list[pb.SetEffects]:
    return [message.set_effects for message in await cloud.wait_for("set_effects", count)]


async def test_what_is_set_before_publishing_is_sent_with_it(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    assert await engine.set_effects_beauty(small_stream, True, smooth=10, rosy=0)
    await engine.login_room("room", "04", "alice")
    assert await engine.set_effects_beauty(small_stream, True, smooth=20)
    await engine.start_publishing_stream("camera", small_stream)
    (publish,) = await cloud.wait_for("publish")
    assert publish.publish.effects == effects(True, 20, 50, 50, 50)
    assert "set_effects" not in {message.WhichOneof("body") for message in cloud.received}


async def test_a_stream_without_beauty_says_nothing_of_it(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    (publish,) = await cloud.wait_for("publish")
    assert not publish.publish.HasField("effects")


async def test_it_changes_while_publishing_by_stream_or_by_id(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    assert await engine.set_effects_beauty(small_stream, True)
    assert await engine.set_effects_beauty("camera", True, smooth=0, whiten=100.0, rosy=0, sharpen=0.5)
    assert await engine.set_effects_beauty(small_stream, False)
    assert await asked(cloud, 3) == [
        pb.SetEffects(stream_id="camera", effects=effects(True, 50, 50, 50, 50)),
        pb.SetEffects(stream_id="camera", effects=effects(True, 0, 100, 0, 0.5)),
        pb.SetEffects(stream_id="camera", effects=effects(False, 50, 50, 50, 50)),
    ]


async def test_by_id_it_is_for_that_publication_only(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "alice")
    await asyncio.gather(*(engine.start_publishing_stream(name, small_stream) for name in ("one", "two")))
    await engine.set_effects_beauty("one", True, smooth=1)
    assert set(cloud.effects) == {"one"}
    await engine.set_effects_beauty(small_stream, True, smooth=2)
    assert {name: each.smooth_intensity for name, each in cloud.effects.items()} == {"one": 2, "two": 2}


async def test_of_many_changes_at_once_the_newest_wins(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    hold = cloud.held["set_effects"] = asyncio.Event()
    changes = [asyncio.create_task(engine.set_effects_beauty(small_stream, True, smooth=n)) for n in range(20)]
    await cloud.wait_for("set_effects")
    hold.set()
    assert all(await asyncio.gather(*changes))
    assert [each.effects.smooth_intensity for each in await asked(cloud, 2)][-1] == 19
    assert len(await asked(cloud, 2)) == 2


async def test_a_lost_peer_connection_brings_it_along_again(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    await engine.set_effects_beauty(small_stream, True, smooth=33)
    await cloud.lose_peer_connection("alice", "send-1", told=True)
    publishes = await cloud.wait_for("publish", 2)
    assert publishes[-1].publish.effects.smooth_intensity == 33


async def test_a_lost_socket_is_waited_out(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    cloud.silent.add("set_effects")
    assert await engine.set_effects_beauty(small_stream, True)
    assert len(await asked(cloud, 2)) == 2


async def test_an_interruption_and_its_end_are_events(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    log = EventLog(engine, "beauty_effect_error")
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    cloud.effects_problem = "no-worker"
    assert not await engine.set_effects_beauty(small_stream, True)

    alice = cloud.session_of("alice")
    for state, problem in ((UNAVAILABLE, "no-worker"), (ON, ""), (ON, ""), (UNAVAILABLE, "too-slow"), (ON, "")):
        changed = pb.EffectsStateChanged(stream_id="camera", state=state, problem=problem)
        await cloud.tell(alice, pb.ServerMessage(effects_state_changed=changed))
    updates = await log.updates("beauty_effect_error", 4)
    assert updates == [
        BeautyEffectError("camera", 1103075, json.dumps({"reason": "no-worker"})),
        BeautyEffectError("camera", 0, ""),
        BeautyEffectError("camera", 1103075, json.dumps({"reason": "too-slow"})),
        BeautyEffectError("camera", 0, ""),
    ]


async def test_what_is_about_an_older_wish_is_left_aside(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    log = EventLog(engine, "beauty_effect_error")
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    alice = cloud.session_of("alice")
    for version, state, problem in (
        (2, ON, ""),
        (1, UNAVAILABLE, "no-worker"),
        (2, UNAVAILABLE, "full"),
        (1, ON, ""),
        (0, UNAVAILABLE, "no-video"),
        (3, ON, ""),
    ):
        changed = pb.EffectsStateChanged(stream_id="camera", state=state, problem=problem, version=version)
        await cloud.tell(alice, pb.ServerMessage(effects_state_changed=changed))
    updates = await log.updates("beauty_effect_error", 3)
    assert updates == [
        BeautyEffectError("camera", 1103075, json.dumps({"reason": "full"})),
        BeautyEffectError("camera", 1103075, json.dumps({"reason": "no-video"})),
        BeautyEffectError("camera", 0, ""),
    ]


async def test_turning_it_off_ends_the_trouble_without_an_event(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    log = EventLog(engine, "beauty_effect_error")
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    cloud.effects_problem = "full"
    assert not await engine.set_effects_beauty(small_stream, True)
    assert await engine.set_effects_beauty(small_stream, False)
    cloud.effects_problem = ""
    assert await engine.set_effects_beauty(small_stream, True)
    assert [error.error_code for (error,) in log.of("beauty_effect_error")] == [1103075]


@pytest.mark.parametrize("name", ["smooth", "whiten", "rosy", "sharpen"])
@pytest.mark.parametrize("value", [-1, 101, math.nan, math.inf])
async def test_strengths_are_checked_before_anything_is_sent(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream, name: str, value: float
) -> None:
    engine = make_engine()
    with pytest.raises(EngineError, match=f"{name}Intensity") as raised:
        await engine.set_effects_beauty(small_stream, True, **{name: value})
    assert raised.value.error_code == ErrorCode.PARAMETER
    assert small_stream.effects is None


async def test_a_stream_id_has_to_be_one_that_is_published(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    with pytest.raises(EngineError) as raised:
        await engine.set_effects_beauty("camera", True)
    assert raised.value.error_code == ErrorCode.NOT_IN_ROOM
    await engine.login_room("room", "04", "alice")
    with pytest.raises(EngineError) as raised:
        await engine.set_effects_beauty("camera", True)
    assert raised.value.error_code == ErrorCode.NOT_PUBLISHING


async def test_whoever_waits_is_told_when_publishing_ends(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    cloud.held["set_effects"] = asyncio.Event()
    setting = asyncio.create_task(engine.set_effects_beauty(small_stream, True))
    await cloud.wait_for("set_effects")
    engine.stop_publishing_stream("camera")
    with pytest.raises(EngineError) as raised:
        await setting
    assert raised.value.error_code == ErrorCode.NOT_PUBLISHING
    cloud.held["set_effects"].set()


async def test_what_the_room_refuses_is_raised_with_its_code(
    cloud: FakeCloud, make_engine: MakeEngine, small_stream: LocalStream
) -> None:
    engine = make_engine()
    await engine.login_room("room", "04", "alice")
    await engine.start_publishing_stream("camera", small_stream)
    cloud.refuse("set_effects", 1109001, "rate-limited", retryable=True)
    with pytest.raises(EngineError) as raised:
        await engine.set_effects_beauty(small_stream, True)
    assert (raised.value.error_code, raised.value.retryable) == (1109001, True)
