"""Pictures the quality tests look at: a photograph that comes with scikit-image, faces drawn here, and portraits where
there are some.

All of them are 1280x720 in I420, BT.601 limited range, the colours of a webcam call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Rgb = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""x, y, width, height in luma pixels, all even."""

WIDTH: Final = 1280
HEIGHT: Final = 720
MEDIA: Final = Path(__file__).parents[3] / "shared" / "media"
"""Portraits and clips beside a checkout; nobody needs them."""

MONK: Final[Sequence[tuple[int, int, int]]] = (
    (0xF6, 0xED, 0xE4),
    (0xF3, 0xE7, 0xDB),
    (0xF7, 0xEA, 0xD0),
    (0xEA, 0xDA, 0xBA),
    (0xD7, 0xBD, 0x96),
    (0xA0, 0x7E, 0x56),
    (0x82, 0x5C, 0x43),
    (0x60, 0x41, 0x34),
    (0x3A, 0x31, 0x2A),
    (0x29, 0x24, 0x20),
)
"""The ten tones of the Monk Skin Tone scale, light to dark, in sRGB (skintone.google)."""


@dataclass(frozen=True, slots=True)
class Picture:
    y: Plane
    u: Plane
    v: Plane

    @classmethod
    def of_rgb(cls, rgb: Rgb) -> "Picture":
        height, width = rgb.shape[:2]
        flat = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), np.uint8).reshape(-1)
        luma, chroma = width * height, width * height // 4
        return cls(
            flat[:luma].reshape(height, width).copy(),
            flat[luma : luma + chroma].reshape(height // 2, width // 2).copy(),
            flat[luma + chroma :].reshape(height // 2, width // 2).copy(),
        )

    def rgb(self) -> Rgb:
        height, width = self.y.shape
        flat = np.concatenate([self.y.reshape(-1), self.u.reshape(-1), self.v.reshape(-1)])
        return np.asarray(cv2.cvtColor(flat.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420), np.uint8)

    def with_luma(self, y: NDArray[np.float64]) -> "Picture":
        """The same colours under another luma, rounded and clipped to bytes."""
        return Picture(np.clip(np.rint(y), 0, 255).astype(np.uint8), self.u, self.v)


@dataclass(frozen=True, slots=True)
class Face:
    name: str
    picture: Picture
    skin: Sequence[Box]
    """Skin without strong features."""
    eyes: Sequence[Box]
    hair: Sequence[Box] = ()
    other: Sequence[Box] = ()
    """Neither skin nor of skin's colours."""
    spots: Sequence[tuple[int, int]] = field(default=())
    """Where moles are put, light and shaded sides alike, at least 30 px from each other."""
    is_sharp: bool = True
    """Taken or drawn at this size, not enlarged to it."""


def crop(plane: NDArray[np.generic], box: Box) -> NDArray[np.float64]:
    x, y, width, height = box
    return plane[y : y + height, x : x + width].astype(np.float64)


def chroma_crop(plane: NDArray[np.generic], box: Box) -> NDArray[np.float64]:
    x, y, width, height = box
    return crop(plane, (x // 2, y // 2, width // 2, height // 2))


# ---- photographs ----


def astronaut() -> Face:
    """NASA's portrait of Eileen Collins, public domain; its face is enlarged 2.5 times here."""
    rgb = np.asarray(skimage.data.astronaut(), np.uint8)[0:288, 0:512]
    return Face(
        "astronaut",
        Picture.of_rgb(_resized(rgb)),
        skin=((480, 282, 44, 36), (604, 288, 40, 34), (536, 396, 60, 28), (520, 208, 80, 22)),
        eyes=((484, 236, 48, 34), (592, 240, 48, 34)),
        hair=((500, 60, 160, 80), (400, 160, 60, 80)),
        other=((20, 30, 110, 140), (1090, 120, 40, 280), (420, 480, 200, 100)),
        spots=(
            (470, 290),
            (482, 330),
            (512, 300),
            (600, 310),
            (640, 296),
            (645, 340),
            (490, 380),
            (530, 408),
            (590, 408),
            (635, 375),
            (500, 215),
            (545, 215),
            (590, 220),
            (632, 226),
        ),
        is_sharp=False,
    )


def portraits() -> list[Face]:
    """Two official portraits (works of the U.S. federal government), if they are there."""
    paths = [MEDIA / "portrait-1.jpg", MEDIA / "portrait-2.jpg"]
    if not all(path.exists() for path in paths):
        return []
    first, second = (cv2.cvtColor(_read(path), cv2.COLOR_BGR2RGB) for path in paths)
    return [
        Face(
            "portrait-1",
            Picture.of_rgb(_resized(np.asarray(first, np.uint8)[110:785, :])),
            skin=((560, 60, 260, 60), (490, 380, 90, 60), (830, 390, 60, 60), (620, 640, 140, 40)),
            eyes=((558, 290, 84, 50), (764, 290, 84, 54)),
            hair=((410, 120, 40, 120), (930, 100, 40, 160)),
            other=((1100, 600, 140, 100),),
            spots=(
                *_grid(570, 72, 6, 2),
                *_grid(500, 392, 3, 2),
                *_grid(840, 400, 2, 2),
                *_grid(640, 652, 4, 1),
            ),
        ),
        Face(
            "portrait-2",
            Picture.of_rgb(_resized(np.asarray(second, np.uint8)[60:572, :])),
            skin=((580, 90, 220, 44), (556, 280, 50, 50), (790, 280, 44, 50), (640, 440, 90, 28)),
            eyes=((590, 198, 72, 42), (736, 194, 76, 44)),
            hair=((520, 60, 40, 90), (820, 60, 40, 90)),
            other=((560, 640, 100, 70), (440, 660, 60, 50), (30, 100, 80, 180)),
            spots=(*_grid(596, 104, 6, 1), *_grid(572, 292, 1, 2), *_grid(806, 292, 1, 2), *_grid(650, 450, 3, 1)),
        ),
    ]


def clips() -> list[Path]:
    """Webcam clips of people signing (CC BY 4.0, intel-iot-devkit/sample-videos), if they are there."""
    return sorted(MEDIA.glob("*.mkv"))


def _resized(rgb: Rgb) -> Rgb:
    return np.asarray(cv2.resize(rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def _read(path: Path) -> NDArray[np.uint8]:
    found = cv2.imread(str(path))
    assert found is not None, path
    return np.asarray(found, np.uint8)


# ---- drawn ----


def drawn_face(tone: int = 5, *, exposure: float = 1.0) -> Face:
    """A face with pores, shading, lashes, brows and lips in one of the ten tones (1 to 10), in front of things that are
    not skin. Smooth where it shall be smooth, so that what a filter does can be told from what was there."""
    random = np.random.default_rng(tone)
    skin = _linear(MONK[tone - 1])
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    light = np.empty((HEIGHT, WIDTH, 3))
    light[:] = _linear((0x78, 0x7A, 0x7C))  # a grey wall
    light[:, :300] = _linear((0x2C, 0x4F, 0x9E))  # a blue curtain
    light[420:, 1000:] = _linear((0x3E, 0x6B, 0x48))  # a plant
    light[60:300, 1040:1200] = _linear((0xC8, 0xC8, 0xC8)) * (0.6 + 0.4 * (columns[60:300, 1040:1200, None] % 16 < 8))

    def ellipse(x: float, y: float, a: float, b: float) -> NDArray[np.bool_]:
        return np.asarray(((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 < 1)

    shoulders = ellipse(640, 760, 380, 190)
    light[shoulders] = _linear((0x30, 0x33, 0x3A))
    light[ellipse(640, 300, 250, 290)] = _linear((0x2A, 0x22, 0x1C)) * (0.5 + random.random((HEIGHT, 1, 1))[0])
    hair = ellipse(640, 300, 250, 290)
    strands = 0.6 + 0.8 * (((columns + 6 * np.sin(rows / 30)) // 2) % 3 == 0)
    light[hair] *= strands[hair, None]
    face = ellipse(640, 350, 190, 260) | ((np.abs(columns - 640) < 90) & (rows > 520) & (rows < 640))
    shading = np.clip(1.05 - 0.35 * ((columns - 560) / 300) ** 2 - 0.2 * ((rows - 320) / 300) ** 2, 0.3, 1.1)
    light[face] = skin * shading[face, None]
    for x in (560, 720):
        light[ellipse(x, 300, 34, 16)] = _linear((0xE8, 0xE6, 0xE2))
        light[ellipse(x, 300, 14, 14)] = _linear((0x4A, 0x35, 0x22))
        light[ellipse(x, 300, 6, 6)] = _linear((0x08, 0x08, 0x08))
        for lash in range(-30, 32, 6):
            for step in range(14):
                row, column = 284 - step, round(x + lash + lash * step / 40)
                light[row, column : column + 2] = _linear((0x18, 0x12, 0x10))
        brow = ellipse(x, 250, 46, 8)
        light[brow] = _linear((0x30, 0x22, 0x1A))
    light[ellipse(640, 480, 60, 18)] = skin * np.array([0.75, 0.45, 0.45])
    light[ellipse(620, 410, 9, 5) | ellipse(660, 410, 9, 5)] = skin * 0.25
    pores = cv2.GaussianBlur(random.normal(0, 1, (HEIGHT, WIDTH)), (0, 0), 1.0)
    light[face] *= 1 + 0.06 * pores[face, None] / pores.std()
    soft = np.asarray(cv2.GaussianBlur(light, (0, 0), 0.7), np.float64)
    return Face(
        f"drawn-{tone}",
        Picture.of_rgb(_gamma(soft * exposure)),
        skin=((500, 340, 90, 70), (690, 340, 80, 70), (560, 160, 160, 60), (600, 530, 80, 40)),
        eyes=((516, 264, 90, 56), (676, 264, 90, 56)),
        hair=((420, 140, 60, 120), (800, 140, 60, 120)),
        other=((40, 60, 220, 500), (320, 40, 60, 200), (1060, 80, 120, 200), (1060, 480, 180, 200)),
        spots=(*_grid(516, 356, 3, 2), *_grid(704, 356, 2, 2), *_grid(576, 174, 5, 2), *_grid(612, 544, 2, 1)),
    )


def _grid(x: int, y: int, columns: int, rows: int) -> list[tuple[int, int]]:
    return [(x + 34 * column, y + 34 * row) for row in range(rows) for column in range(columns)]


def recoloured(face: Face, tone: int, *, exposure: float = 1.0) -> Face:
    """The same face with skin of another tone: every pixel scaled in linear light so that skin's mean becomes it."""
    rgb = _linear(face.picture.rgb())
    skin = np.concatenate([_box(rgb, box).reshape(-1, 3) for box in face.skin]).mean(axis=0)
    return Face(
        f"{face.name}-tone-{tone}",
        Picture.of_rgb(_gamma(rgb * (_linear(MONK[tone - 1]) / skin) * exposure)),
        face.skin,
        face.eyes,
        face.hair,
        face.other,
        face.spots,
        face.is_sharp,
    )


def flat_skin(tone: int, width: int = 320, height: int = 180) -> Picture:
    """Nothing but one tone, a little lighter to one side as skin in a room is."""
    ramp = np.linspace(0.92, 1.08, width)[None, :, None]
    light = np.broadcast_to(_linear(MONK[tone - 1]) * ramp, (height, width, 3))
    return Picture.of_rgb(_gamma(np.ascontiguousarray(light)))


def with_noise(picture: Picture, sigma: float, seed: int) -> Picture:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.y.shape)
    return picture.with_luma(picture.y.astype(np.float64) + noise)


def with_spot(picture: Picture, centre: tuple[int, int], diameter_px: float, levels: float) -> Picture:
    """A round dark spot with a soft edge of a pixel, `levels` darker."""
    reach = int(diameter_px / 2) + 2
    left, top = centre[0] - reach, centre[1] - reach
    around = (slice(top, top + 2 * reach + 1), slice(left, left + 2 * reach + 1))
    luma = picture.y.astype(np.float64)
    luma[around] -= levels * spot(luma[around].shape, (reach, reach), diameter_px)
    return picture.with_luma(luma)


def spot(shape: tuple[int, ...], centre: tuple[float, float], diameter_px: float) -> NDArray[np.float64]:
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    distance = np.hypot(columns - centre[0], rows - centre[1])
    return np.asarray(np.clip(diameter_px / 2 + 0.5 - distance, 0, 1))


def _box(rgb: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    x, y, width, height = box
    return rgb[y : y + height, x : x + width]


def _linear(srgb: NDArray[np.uint8] | tuple[int, int, int]) -> NDArray[np.float64]:
    value = np.asarray(srgb, np.float64) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _gamma(light: NDArray[np.float64]) -> Rgb:
    value = np.clip(light, 0, 1)
    srgb = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(srgb * 255), np.uint8)


FACES: Final[Mapping[str, Face]] = {face.name: face for face in [astronaut(), drawn_face(5), *portraits()]}
