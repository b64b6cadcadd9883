"""What is published in every row: numbered pictures and a tone, so that a player can tell whether it got that."""

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 320, 240, 15
RATE_HZ = 48_000
TONE_HZ = 440
TONE_LEVEL = 8_000
BITS = 8
COLOURS = ((200, 40, 40), (40, 160, 40), (40, 40, 200), (200, 200, 200))
COLOUR_TOLERANCE = 48
"""Of 255. A picture taken for another matrix (BT.601, BT.709) is off by less, a wrong plane by more."""
SHARE_OF_TONE = 0.5
"""Of the energy of a stretch of sound, what must lie at the tone."""

Pixels = NDArray[np.uint8]
Samples = NDArray[np.int16]


def picture(number: int) -> Pixels:
    """RGB: four colours above, the number's bits below, the highest one first."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for column, colour in enumerate(COLOURS):
        pixels[: HEIGHT // 2, column * WIDTH // 4 : (column + 1) * WIDTH // 4] = colour
    for bit in range(BITS):
        if number >> (BITS - 1 - bit) & 1:
            pixels[HEIGHT // 2 :, bit * WIDTH // BITS : (bit + 1) * WIDTH // BITS] = 235
    return pixels


def number_of(pixels: Pixels) -> int | None:
    """Which picture that is, modulo 256; None when it is none of them. Its size may be another."""
    small = cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.int16)
    for column, colour in enumerate(COLOURS):
        middle = small[HEIGHT // 8 : 3 * HEIGHT // 8, column * 80 + 20 : column * 80 + 60].mean(axis=(0, 1))
        if np.abs(middle - colour).max() > COLOUR_TOLERANCE:
            return None
    number = 0
    for bit in range(BITS):
        light = small[5 * HEIGHT // 8 : 7 * HEIGHT // 8, bit * 40 + 10 : bit * 40 + 30].mean()
        if 80 < light < 160:
            return None
        number = number << 1 | int(light >= 160)
    return number


def tone(first_sample: int, count: int) -> Samples:
    """One channel."""
    angle = 2 * np.pi * TONE_HZ * np.arange(first_sample, first_sample + count) / RATE_HZ
    return (TONE_LEVEL * np.sin(angle)).astype(np.int16)


def is_tone(sound: Samples, rate_hz: int) -> bool:
    """Whether most of what one channel has in this stretch (20 ms or more) is the tone."""
    wave = sound.astype(np.float64)
    energy = float((wave**2).sum())
    if energy < len(wave) * 100**2:
        return False
    angle = 2 * np.pi * TONE_HZ * np.arange(len(wave)) / rate_hz
    there = (wave * np.sin(angle)).sum() ** 2 + (wave * np.cos(angle)).sum() ** 2
    return bool(2 * there / len(wave) > SHARE_OF_TONE * energy)
