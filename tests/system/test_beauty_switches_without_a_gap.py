"""What viewers notice of the switch itself: no packet is missing, nothing is negotiated, few key frames are sent.

That no picture is left out either is proved on the packet path alone, where time stands still; how long the times
without a new picture were is left in artefacts/.
"""

import statistics

import pytest

from tests.system.beauty import BRIGHT, BRIGHTER_BY, CENTRE, HALF, OnAir, keep, on_air
from tests.system.browser import Person
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

SWITCHES = 2
SYNC_MS = 400
"""Of the second between two beeps. What is stamped wrongly is off by any part of it; a busy machine shows pictures some
frames late, with beauty and without."""


async def gap_around(show: OnAir, *, enable: bool, y: str) -> float:
    """The longest time without a new picture, from just before the switch until its end can be seen."""
    await show.gap_ms()
    await (show.on(BRIGHT) if enable else show.off())
    await show.until(y)
    return await show.gap_ms()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_switching_on_and_off_loses_nothing_and_renegotiates_nothing(
    face_arrive: Arrive, cloud: Cloud, codec: str
) -> None:
    show = await on_air(face_arrive, cloud, codec=codec)
    original = await show.look(CENTRE)
    negotiations = await show.viewer.call("salon.negotiations")
    before = await show.video()
    on, off = [], []
    for _ in range(SWITCHES):
        on.append(await gap_around(show, enable=True, y=f"y > {original.y + BRIGHTER_BY}"))
        await show.viewer.sees(show.stream, frames=30)
        off.append(await gap_around(show, enable=False, y=f"y < {original.y + 2}"))
    after = await show.video()
    keys = after["keyFramesDecoded"] - before["keyFramesDecoded"]
    figures = {"on_ms": on, "off_ms": off, "key_frames": keys}
    keep(f"gaps-{codec.lower()}", figures)

    assert await show.viewer.call("salon.negotiations") == negotiations
    assert after["ssrc"] == before["ssrc"]
    assert after["packetsLost"] == before["packetsLost"]
    assert after["framesDecoded"] - before["framesDecoded"] > SWITCHES * 30
    # One for each switch; encoders may give another one while their estimate climbs.
    assert keys <= 4 * SWITCHES
    assert await show.told() == []


@pytest.mark.long
async def test_lips_and_voice_stay_together(arrive: Arrive, cloud: Cloud) -> None:
    """A flash and a beep at once, every second: when they are shown and heard at the other side."""
    room, stream = fresh("room"), fresh("metronome")
    ann, bob = await arrive(fresh("ann")), await arrive(fresh("bob"))
    await bob.auto_play()
    for person in (ann, bob):
        assert await person.login(room) == {"ok": True}
    assert await ann.call("(id) => salon.publishMetronome(id, { videoCodec: 'VP8' })", stream)
    await bob.wait_for("(id) => salon.frames[id]", stream)
    await bob.sees(stream, frames=60)  # until the receiver has settled
    await bob.call("(id) => salon.listen(id)", stream)
    show = OnAir(room, stream, ann, [bob])
    before = await late_by(bob, stream)
    await show.on(HALF)
    during = await late_by(bob, stream)
    await show.off()
    after = await late_by(bob, stream)
    keep("lip-sync", {"before_ms": before, "during_ms": during, "after_ms": after})
    middle = statistics.median(before)
    assert abs(statistics.median(during) - middle) < SYNC_MS
    assert abs(statistics.median(after) - middle) < SYNC_MS


async def late_by(person: Person, stream: str, pairs: int = 6) -> list[float]:
    """By how many ms the next pictures come after their sound."""
    count = len(await person.call("(id) => salon.lipSyncMs(id)", stream))
    enough = "([id, n]) => salon.lipSyncMs(id).length >= n"
    await person.wait_for(enough, [stream, count + pairs + 1], deadline_s=30)
    found: list[float] = await person.call("(id) => salon.lipSyncMs(id)", stream)
    # The one at the switch belongs to neither side.
    return [round(each, 1) for each in found[count + 1 :]]
