"""The beauty filter: CPU per frame for each effect and size, beside the filters people reach for otherwise.

And what each of them does to moles, noise and eyes.
"""

import statistics
import time
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from bench.report import Report
from tests.quality import measures
from tests.quality.effects import INSTRUCTION_SET, beauty, beauty_into, everything
from tests.quality.others import OTHERS
from tests.quality.pictures import FACES, Picture

SIZES: Mapping[str, tuple[int, int]] = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080)}
BARS = {"360p": "all at most 0.55 ms", "720p": "all at most 1.2 ms"}
ROUNDS = 5
FRAMES = 40
FEW_FRAMES = 2


def run(report: Report) -> None:
    cv2.setNumThreads(1)
    _cost(report)
    _quality(report)


def _cost(report: Report) -> None:
    """Rounds of all filters one after the other, so that a machine that drifts does so for all; the median round."""
    for name, size in SIZES.items():
        picture = _sized(FACES["astronaut"].picture, size)
        effects: dict[str, Callable[[], object]] = {
            "smooth": beauty_into(picture, smooth=50),
            "whiten": beauty_into(picture, whiten=50),
            "rosy": beauty_into(picture, rosy=50),
            "sharpen": beauty_into(picture, sharpen=50),
            "all": beauty_into(picture, smooth=50, whiten=50, rosy=50, sharpen=50),
        }
        others = {other: _bound(apply, picture) for other, apply in OTHERS.items()} if name == "720p" else {}
        taken: dict[str, list[float]] = {filter_name: [] for filter_name in (*effects, *others)}
        for _ in range(ROUNDS):
            for effect, apply in effects.items():
                taken[effect].append(_cpu_ms(apply, FRAMES))
            for other, apply in others.items():
                taken[other].append(_cpu_ms(apply, FEW_FRAMES))
        figures = {f"{effect}_ms": round(statistics.median(taken[effect]), 3) for effect in effects}
        bar = {"bar": BARS[name]} if name in BARS else {}
        report.add("effects-filter-cost", size=name, instruction_set=INSTRUCTION_SET, **figures, **bar)
        if others:
            report.add(
                "effects-others-cost",
                size=name,
                **{f"{other}_ms": round(statistics.median(taken[other]), 2) for other in others},
            )


def _quality(report: Report) -> None:
    """The worst face of each, except for what a photograph that was enlarged cannot show."""
    filters = {f"salon {strength}": beauty(smooth=strength) for strength in (25, 50, 100)} | dict(OTHERS)
    for name, apply in filters.items():
        kept: dict[str, list[float]] = {}
        for face in FACES.values():
            out = apply(face.picture)
            for diameter in (3, 5, 8):
                kept.setdefault(f"mole_{diameter}px", []).append(measures.moles_kept(apply, face, diameter, 40))
            kept.setdefault("eyes_ssim", []).append(measures.similarity(face.picture, out, face.eyes))
            kept.setdefault("eyes_edges", []).append(measures.edges_kept(face.picture, out, face.eyes))
            kept.setdefault("other_ssim", []).append(measures.similarity(face.picture, out, face.other))
        figures = {measure: round(min(values), 3) for measure, values in kept.items()}
        report.add("effects-quality", filter=name, flat_noise=round(measures.flat_noise(apply), 3), **figures)
    report.add("effects-quality-all", noise_on_skin=round(_noise(everything(50)), 3), faces=", ".join(FACES))


def _noise(apply: measures.Filter) -> float:
    return max(measures.noise_left(apply, face.picture, face.skin) for face in FACES.values())


def _cpu_ms(work: Callable[[], object], frames: int) -> float:
    """Median CPU time of this thread for one frame."""
    work()
    taken = []
    for _ in range(frames):
        start = time.thread_time_ns()
        work()
        taken.append((time.thread_time_ns() - start) / 1e6)
    return statistics.median(taken)


def _bound(apply: measures.Filter, picture: Picture) -> Callable[[], object]:
    return lambda: apply(picture)


def _sized(picture: Picture, size: tuple[int, int]) -> Picture:
    return Picture.of_rgb(np.asarray(cv2.resize(picture.rgb(), size, interpolation=cv2.INTER_AREA), np.uint8))
