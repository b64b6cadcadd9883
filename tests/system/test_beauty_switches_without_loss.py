"""What viewers notice of the switch itself: no packet is missing, nothing is negotiated, few key frames are sent.

That no picture is left out either is proved on the packet path alone, where time stands still; how long the times
without a new picture are, and whether the voice stays with the lips, is measured by `make bench-effects`.
"""

import pytest

from tests.system.beauty import BRIGHT, BRIGHTER_BY, CENTRE, on_air
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive

SWITCHES = 2


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_switching_on_and_off_loses_nothing_and_renegotiates_nothing(
    face_arrive: Arrive, cloud: Cloud, codec: str
) -> None:
    show = await on_air(face_arrive, cloud, codec=codec)
    original = await show.look(CENTRE)
    negotiations = await show.viewer.call("salon.negotiations")
    before = await show.video()
    for _ in range(SWITCHES):
        await show.on(BRIGHT)
        await show.until(f"y > {original.y + BRIGHTER_BY}")
        await show.viewer.sees(show.stream, frames=30)
        await show.off()
        await show.until(f"y < {original.y + 2}")
    after = await show.video()
    keys = after["keyFramesDecoded"] - before["keyFramesDecoded"]
    assert await show.viewer.call("salon.negotiations") == negotiations
    assert after["ssrc"] == before["ssrc"]
    assert after["packetsLost"] == before["packetsLost"]
    assert after["framesDecoded"] - before["framesDecoded"] > SWITCHES * 30
    # One for each switch; encoders may give another one while their estimate climbs.
    assert keys <= 4 * SWITCHES
    assert await show.told() == []
