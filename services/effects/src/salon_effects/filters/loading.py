"""Finds the filters that the settings name."""

import importlib
from collections.abc import Sequence

from salon.effects.v1.effects_pb2 import Beauty
from salon_frames.i420 import I420

from salon_effects.filters.interface import Chain, Filter


class FilterUnusable(Exception):
    """Which filter cannot be used and why, in one sentence."""


def load_filters(names: Sequence[str]) -> Chain:
    """The filters in order, each tried on a small grey picture. Raises FilterUnusable."""
    return Chain([_load(name) for name in names])


def _load(name: str) -> Filter:
    module_name, _, function_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise FilterUnusable(f"The filter {name} cannot be imported: {_one_line(error)}.") from error
    filter_: Filter | None = getattr(module, function_name, None)
    if filter_ is None:
        raise FilterUnusable(f"The filter {name} does not exist: {module_name} has no {function_name}.")
    if not callable(filter_):
        raise FilterUnusable(f"The filter {name} is not a function.")
    _try(name, filter_)
    return filter_


def _try(name: str, filter_: Filter) -> None:
    grey, out = I420.allocate(64, 48), I420.allocate(64, 48)
    for plane in grey.planes:
        plane.fill(128)
        plane.flags.writeable = False
    try:
        filter_(grey, out, Beauty(smooth=50, whiten=50, rosy=50, sharpen=50))
    except Exception as error:
        raise FilterUnusable(f"The filter {name} fails on a grey picture: {_one_line(error)}.") from error


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0].rstrip('.')}"
