"""What a page paints is what the others see: grey is the first to show a range that nobody told them of."""

import pytest

from tests.system.conftest import Arrive
from tests.system.rooms import fresh

SHADES = [0x20, 0x80, 0xD8]

PUBLISH = """([id, codec, shades]) => {
    const screen = Object.assign(document.createElement('canvas'), { width: 480, height: 360 });
    const context = screen.getContext('2d');
    setInterval(() => shades.forEach((shade, index) => {
        context.fillStyle = `rgb(${shade} ${shade} ${shade})`;
        context.fillRect(index * 160, 0, 160, 360);
    }), 50);
    return salon.publish(id, { custom: { video: { source: screen.captureStream(20) } } }, { videoCodec: codec });
}"""

SEEN = """([id, count]) => {
    const video = salon.videos[id];
    if (!video || !video.videoWidth) return [];
    const canvas = Object.assign(document.createElement('canvas'), { width: count * 160, height: 360 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    return [...Array(count).keys()].map((index) => context.getImageData(index * 160 + 80, 180, 1, 1).data[1]);
}"""


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_greys_of_a_canvas(arrive: Arrive, codec: str) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    room, stream = fresh("room"), fresh("stream")
    await bob.auto_play()
    await alice.login(room)
    await bob.login(room)
    await alice.call(PUBLISH, [stream, codec, SHADES])
    await bob.wait_for(f"salon.videos['{stream}']?.videoWidth > 0")
    # Within what a lossy codec makes of a flat area.
    near = " && ".join(f"Math.abs(seen[{index}] - {shade}) <= 3" for index, shade in enumerate(SHADES))
    await bob.wait_for(f"(() => {{ const seen = ({SEEN})(['{stream}', {len(SHADES)}]); return {near}; }})()")
