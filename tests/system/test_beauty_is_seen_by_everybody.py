"""What viewers' browsers decode, against the original measured the same way: as asked, by everybody, at once."""

from itertools import pairwise
from typing import Any

import pytest
from salon.relay.v1.relay_pb2 import EffectsStarted, EffectsStopped
from salon.room.v1.events_pb2 import EffectsChanged, EffectsTurnedOff, EffectsTurnedOn

from tests.system.beauty import (
    BRIGHT,
    BRIGHTER_BY,
    CENTRE,
    FULL,
    HALF,
    SHARP,
    SMALL,
    OnAir,
    keep,
    on_air,
    record,
    sees,
    strengths,
    until_warm,
)
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.fake_camera import FakeCamera
from tests.system.rooms import fresh
from tests.system.test_junk_does_no_harm import Client

SAME = 1.5
"""Levels that two means of what is the same may differ by."""


async def skin_detail(show: OnAir, face: FakeCamera) -> float:
    return sum([(await show.look(cheek)).detail for cheek in face.skin[:2]])


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_on_makes_it_brighter_warmer_and_smoother_and_off_brings_the_original_back(
    face_arrive: Arrive, cloud: Cloud, face: FakeCamera, codec: str
) -> None:
    show = await on_air(face_arrive, cloud, create=SHARP, codec=codec)
    before, skin_before = await show.look(CENTRE), await skin_detail(show, face)
    took = await show.on(HALF)
    await show.until(f"y > {before.y + BRIGHTER_BY} && cr > {before.cr + 2} && cb < {before.cb - 1.5}")
    during, skin_during = await show.look(CENTRE), await skin_detail(show, face)
    await show.off()
    await show.until(f"y < {before.y + SAME} && cr < {before.cr + SAME / 2} && cb > {before.cb - SAME / 2}")
    after, skin_after = await show.look(CENTRE), await skin_detail(show, face)

    assert during.y > before.y + BRIGHTER_BY
    assert during.cr > before.cr + 1.5
    assert during.cb < before.cb - 1
    assert skin_during < 0.6 * skin_before
    assert [after.y, after.cb, after.cr] == pytest.approx([before.y, before.cb, before.cr], abs=SAME)
    assert skin_after > 1.5 * skin_during
    assert await show.told() == []
    assert (await show.video())["mimeType"] == f"video/{codec}"
    means = {"before": vars(before), "half": vars(during), "after": vars(after)}
    details = {"before": skin_before, "half": skin_during, "after": skin_after}
    keep(f"seen-{codec.lower()}", means | {"skin_detail": details, "first_on_ms": took["tookMs"]})


@pytest.mark.long
async def test_each_of_the_four_does_its_own_and_nothing_else(
    face_arrive: Arrive, cloud: Cloud, face: FakeCamera
) -> None:
    show = await on_air(face_arrive, cloud, create=SHARP)

    async def measure(options: dict[str, float]) -> dict[str, float]:
        await show.on(options)
        await show.viewer.sees(show.stream, frames=20)  # the ramp, and the codec after it
        whole, eyes = await show.look(CENTRE), await show.look(face.eyes[0])
        skin = await skin_detail(show, face)
        return {"y": whole.y, "cb": whole.cb, "cr": whole.cr, "skin": skin, "eyes": eyes.detail}

    await measure(strengths(rosy=1))  # not looked at: the publisher's encoder has not settled on its colours yet
    smooth = await measure(strengths(smooth=100))
    sharp = await measure(strengths(sharpen=100))
    white = await measure(strengths(whiten=100))
    rosy = await measure(strengths(rosy=100))
    # Beautified as well, so that what the second encoder takes away is on both sides.
    plain = await measure(strengths(rosy=1))
    keep("alone", {"plain": plain, "smooth": smooth, "sharpen": sharp, "whiten": white, "rosy": rosy})

    def colours(of: dict[str, float]) -> list[float]:
        return [of["y"], of["cb"], of["cr"]]

    assert smooth["skin"] < 0.3 * plain["skin"]
    assert smooth["eyes"] > 0.7 * plain["eyes"]
    assert colours(smooth) == pytest.approx(colours(plain), abs=SAME)
    assert sharp["eyes"] > 1.3 * plain["eyes"]
    assert colours(sharp) == pytest.approx(colours(plain), abs=SAME)
    assert white["y"] > plain["y"] + BRIGHTER_BY
    assert [white["cb"], white["cr"]] == pytest.approx([plain["cb"], plain["cr"]], abs=SAME)
    assert rosy["cr"] > plain["cr"] + 3
    assert rosy["cb"] < plain["cb"] - 2
    assert rosy["y"] == pytest.approx(plain["y"], abs=SAME)


async def test_on_before_publishing_shows_nobody_the_original(face_arrive: Arrive, cloud: Cloud) -> None:
    show = await on_air(face_arrive, cloud, beauty=FULL, watch=CENTRE)
    frames = (await show.viewer.call("(id) => salon.seen[id]", show.stream))[:30]
    await show.off()
    await show.viewer.sees(show.stream, frames=20)
    original = await show.look(CENTRE)
    first = [frame["y"] - original.y for frame in frames]
    keep("first-frames", {"original_y": original.y, "brighter_by": first})
    assert min(first) > BRIGHTER_BY
    assert frames[0]["cr"] > original.cr + 1.5
    assert await show.told() == []


async def test_a_slider_is_followed_without_jumps_and_its_last_value_wins(face_arrive: Arrive, cloud: Cloud) -> None:
    show = await on_air(face_arrive, cloud, watch=CENTRE)
    await show.on(strengths(rosy=1))
    original = await show.look(CENTRE)
    await show.viewer.call("(id) => { salon.seen[id] = []; }", show.stream)
    drag = """async ([id, values]) => {
        const moved = [];
        for (const whitenIntensity of values) {
            moved.push(salon.beauty(id, true,
                { smoothIntensity: 0, whitenIntensity, rosyIntensity: 0, sharpenIntensity: 0 }));
            await new Promise((resolve) => setTimeout(resolve, 40));
        }
        return Promise.all(moved);
    }"""
    moved = await show.publisher.call(drag, [show.stream, list(range(4, 101, 4))])
    assert [outcome["errorCode"] for outcome in moved] == [0] * 25
    await show.until(f"y > {original.y + BRIGHTER_BY}")
    dragged = await show.look(CENTRE)
    path = [frame["y"] for frame in await show.viewer.call("(id) => salon.seen[id]", show.stream)]
    steps = [after - before for before, after in pairwise(path)]
    # All at once, it is ramped as well.
    await show.viewer.call("(id) => { salon.seen[id] = []; }", show.stream)
    await show.on(strengths(rosy=1))
    await show.until(f"y < {original.y + 2 * SAME}")
    drop = [frame["y"] for frame in await show.viewer.call("(id) => salon.seen[id]", show.stream)]
    drops = [before - after for before, after in pairwise(drop)]
    whole_way = dragged.y - original.y
    figures = {"levels": whole_way, "largest_step": max(steps), "largest_back": -min(steps), "released": max(drops)}
    keep("slider", figures)
    assert min(steps) > -1, "it went back"
    assert max(steps) < whole_way / 2
    assert max(drops) < whole_way / 2
    await show.on(BRIGHT)
    await show.viewer.sees(show.stream, frames=20)
    assert (await show.look(CENTRE)).y == pytest.approx(dragged.y, abs=SAME), "the last value of the drag was not 100"


async def test_three_viewers_and_a_newcomer_see_the_same(face_arrive: Arrive, cloud: Cloud) -> None:
    show = await on_air(face_arrive, cloud, viewers=3)
    original = await show.look(CENTRE)
    await show.on(BRIGHT)
    for viewer in show.viewers:  # strengths are ramped over some pictures, of which a busy machine makes few a second
        await show.until(f"y > {original.y + BRIGHTER_BY}", viewer)
    newcomer = await face_arrive(fresh("late"))
    await newcomer.call("([id, where]) => { salon.watched[id] = where; }", [show.stream, list(CENTRE)])
    await newcomer.auto_play()
    assert await newcomer.login(show.room) == {"ok": True}
    await sees(newcomer, show.stream)
    first = (await newcomer.call("(id) => salon.seen[id]", show.stream))[0]
    assert first["y"] > original.y + BRIGHTER_BY
    means = [(await show.look(CENTRE, viewer=viewer)).y for viewer in (*show.viewers, newcomer)]
    assert means == pytest.approx([means[0]] * 4, abs=SAME)
    assert min(means) > original.y + BRIGHTER_BY


async def test_it_stays_with_the_stream_when_that_is_published_again(face_arrive: Arrive, cloud: Cloud) -> None:
    show = await on_air(face_arrive, cloud)
    original = await show.look(CENTRE)
    await show.on(BRIGHT)
    await until_warm(cloud.relays[0])
    await show.publisher.call("(id) => salon.engine.stopPublishingStream(id)", show.stream)
    await show.viewer.wait_for("(id) => !salon.frames[id]", show.stream)
    await show.viewer.call("([id, where]) => { salon.watched[id] = where; }", [show.stream, list(CENTRE)])
    again = "(id) => salon.engine.startPublishingStream(id, salon.local[id], { videoCodec: 'VP8' })"
    assert await show.publisher.call(again, show.stream)
    await sees(show.viewer, show.stream)
    assert await show.told() == [], await show.publisher.events("beautyEffectError")
    first = (await show.viewer.call("(id) => salon.seen[id]", show.stream))[0]
    assert first["y"] > original.y + BRIGHTER_BY


WRONG: list[dict[str, Any]] = [{"smoothIntensity": 101}, {"rosyIntensity": -1}, {"whitenIntensity": "50"}]


async def test_what_may_not_be_asked_has_its_code_and_changes_nothing(arrive: Arrive, cloud: Cloud) -> None:
    show = await on_air(arrive, cloud)
    for options in WRONG:
        outcome = await show.publisher.call("([id, o]) => salon.beauty(id, true, o)", [show.stream, options])
        assert (outcome["ok"], outcome["errorCode"]) == (False, 1100001)
    sound = fresh("sound")
    await show.publisher.publish(sound, {"camera": {"video": False, "audio": True}})
    outcome = await show.publisher.call("(id) => salon.beauty(id, true)", sound)
    assert (outcome["ok"], outcome["errorCode"]) == (False, 1103046)
    foreign = "(id) => salon.engine.setEffectsBeauty(salon.remote[id], true).then(() => 0, (e) => e.errorCode)"
    assert await show.viewer.call(foreign, show.stream) == 1103044
    wish = {"enabled": True, "smoothIntensity": 100}
    async with Client(cloud) as stranger:
        await stranger.login(show.room)
        reply = await stranger.ask("setEffects", {"streamId": show.stream, "effects": wish})
        assert (reply["failed"]["code"], reply["failed"]["reason"]) == (1103040, "stream-not-yours")
    said = [type(event).__name__ for event in await record(cloud, show.room)]
    assert not [name for name in said if name.startswith("Effects")]


async def test_who_asked_for_what_and_what_viewers_got_is_on_record(arrive: Arrive, cloud: Cloud) -> None:
    show = await on_air(arrive, cloud, create=SMALL)
    await show.on(strengths(smooth=10, whiten=20.5, rosy=30, sharpen=40))
    await show.on(strengths(whiten=60))
    await show.viewer.sees(show.stream, frames=45)  # they are counted once a second
    await show.off()
    said = [event for event in await record(cloud, show.room) if type(event).__name__.startswith("Effects")]
    on, started, changed, off, stopped = said
    assert isinstance(on, EffectsTurnedOn)
    assert isinstance(started, EffectsStarted)
    assert isinstance(changed, EffectsChanged)
    assert isinstance(off, EffectsTurnedOff)
    assert isinstance(stopped, EffectsStopped)
    for event in (on, started, changed, off, stopped):
        assert (event.stream_id, event.user_id) == (show.stream, show.publisher.user_id)
        assert event.session_id == on.session_id != ""
    assert [event.version for event in (on, started, changed, off)] == [1, 1, 2, 3]
    beauty = on.beauty
    assert (beauty.smooth, beauty.whiten, beauty.rosy, beauty.sharpen) == (10, 20.5, 30, 40)
    assert (changed.beauty.smooth, changed.beauty.whiten) == (0, 60)
    assert started.worker_id == "effects-1"
    assert stopped.frames_beautified > 0
