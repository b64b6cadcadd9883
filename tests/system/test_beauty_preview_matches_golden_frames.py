"""The preview that a browser draws is what the cloud's kernel makes, but for rounding.

`libs/packets/crates/beauty/golden/README.md` says what the frames are. A browser has RGB of eight bits: what
that cannot hold is left out, and one chroma sample is compared with the mean of its four pixels.
"""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.system.preview_page import open_page

GOLDEN = Path(__file__).parents[2] / "libs/packets/crates/beauty/golden"
LISTED = json.loads((GOLDEN / "frames.json").read_text())
# The preview takes what WebRTC sends, which is limited range.
FRAMES = [frame for frame in LISTED if not frame["full_range"]]
MEAN_LEVELS = 0.6
P99_LEVELS = 2.5

RENDER = """async ([data, width, height, strengths]) => {
    const { BeautyRenderer } = await import('/sdk/beauty-preview.mjs');
    const canvas = document.createElement('canvas');
    const renderer = BeautyRenderer.on(canvas);
    const pixels = Uint8ClampedArray.from(atob(data), (each) => each.charCodeAt(0));
    renderer.render(new ImageData(pixels, width, height), [width, height], strengths);
    const copy = new OffscreenCanvas(width, height).getContext('2d');
    copy.drawImage(canvas, 0, 0);
    renderer.free();
    const reader = new FileReader();
    reader.readAsDataURL(new Blob([copy.getImageData(0, 0, width, height).data]));
    await new Promise((resolve) => { reader.onload = resolve; });
    return reader.result.split(',')[1];
}"""

Plane = npt.NDArray[np.float64]


def _noise(plane: int, width: int, height: int) -> npt.NDArray[np.int64]:
    y, x = np.mgrid[:height, :width].astype(np.uint32)
    h = x * np.uint32(374761393) + y * np.uint32(668265263) + np.uint32(plane) * np.uint32(2246822519)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
    h ^= h >> np.uint32(16)
    noise: npt.NDArray[np.int64] = (h >> np.uint32(24)).astype(np.int64)
    return noise


def _input(width: int, height: int) -> list[Plane]:
    """The picture that all golden frames are made of."""
    planes = []
    with np.errstate(over="ignore"):
        for plane, by in ((0, 1), (1, 2), (2, 2)):
            jitter = _noise(plane, width // by, height // by) % 9 - 4
            half = np.sign(jitter) * (abs(jitter) // 2)
            py, px = np.mgrid[: height // by, : width // by] * by
            dx, dy = px % 24 - 12, py % 24 - 12
            skin = 90 + px * 100 // width - np.where(dx * dx + dy * dy <= 6, 45, 0) + jitter
            ramp = (px * 255 // (width - 1), np.full_like(px, 128), np.full_like(px, 128))[plane]
            stripes = (np.where(px // 6 % 2 == 0, 60, 180) + jitter, np.full_like(px, 140), np.full_like(px, 118))[
                plane
            ]
            face = (skin, 108 + half, 152 + half)[plane]
            chosen = np.where(py >= height * 7 // 8, ramp, np.where(px >= width * 5 // 8, stripes, face))
            planes.append(np.clip(chosen, 0, 255).astype(np.float64))
    return planes


def _to_rgb(y: Plane, u: Plane, v: Plane) -> Plane:
    """BT.601, limited range, unclamped; each chroma sample for its four pixels."""
    wide = [chroma.repeat(2, 0).repeat(2, 1) - 128 for chroma in (u, v)]
    luma = (y - 16) * 255 / 219
    red, blue = 1.402 * 255 / 224 * wide[1], 1.772 * 255 / 224 * wide[0]
    green = (0.299 * red + 0.114 * blue) / 0.587
    return np.stack([luma + red, luma - green, luma + blue], -1)


def _to_planes(rgb: Plane) -> list[Plane]:
    r, g, b = (rgb[..., channel] / 255 for channel in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    wide = [128 + 224 * (b - y) / 1.772, 128 + 224 * (r - y) / 1.402]
    return [16 + 219 * y, *((c[::2, ::2] + c[1::2, ::2] + c[::2, 1::2] + c[1::2, 1::2]) / 4 for c in wide)]


def _kept(planes: list[Plane], every: int) -> list[Plane]:
    return [plane[::every, ::every] for plane in planes]


def _expected(name: str, like: list[Plane]) -> list[Plane]:
    data, planes, at = np.fromfile(GOLDEN / f"{name}.i420", np.uint8), [], 0
    for plane in like:
        planes.append(data[at : at + plane.size].reshape(plane.shape).astype(np.float64))
        at += plane.size
    assert at == data.size
    return planes


def _holds(rgb: Plane) -> npt.NDArray[np.bool_]:
    held: npt.NDArray[np.bool_] = np.all((rgb > -1) & (rgb < 256), axis=-1)
    return held


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context()
    yield await open_page(context)
    await context.close()


@pytest.mark.parametrize("frame", FRAMES, ids=[frame["name"] for frame in FRAMES])
async def test_the_browser_draws_what_the_kernel_makes(page: Page, frame: dict[str, Any]) -> None:
    width, height, every = frame["width"], frame["height"], frame["every"]
    given = _input(width, height)
    rgb = _to_rgb(*given)
    held = _holds(rgb)
    pixels = np.dstack([np.clip(np.rint(rgb), 0, 255), np.full((height, width), 255.0)]).astype(np.uint8)
    strengths = {name: frame[name] for name in ("smooth", "whiten", "rosy", "sharpen")}
    drawn = await page.evaluate(RENDER, [base64.b64encode(pixels.tobytes()).decode(), width, height, strengths])
    result = np.frombuffer(base64.b64decode(drawn), np.uint8).reshape(height, width, 4)
    # What comes out at the end of the range may have been cut off there.
    held &= np.all((result[..., :3] > 0) & (result[..., :3] < 255), axis=-1)
    held_chroma = held[::2, ::2] & held[1::2, ::2] & held[::2, 1::2] & held[1::2, 1::2]

    preview = _kept(_to_planes(result[..., :3].astype(np.float64)), every)
    kernel = _expected(frame["name"], preview)
    for name, one, other, mask in zip("YUV", preview, kernel, (held, held_chroma, held_chroma), strict=True):
        differences = abs(one - other)[mask[::every, ::every]]
        assert differences.size > mask[::every, ::every].size * 0.7
        mean, p99 = differences.mean(), np.percentile(differences, 99)
        print(f"{frame['name']} {name}: mean {mean:.2f}, p99 {p99:.2f}, largest {differences.max():.2f} levels")
        assert mean <= MEAN_LEVELS, name
        assert p99 <= P99_LEVELS, name
