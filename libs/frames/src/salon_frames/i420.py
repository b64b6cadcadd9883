"""One I420 picture: three planes of 8-bit samples, chroma at half the size both ways."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

Plane: TypeAlias = npt.NDArray[np.uint8]

SIDE_MIN_PX = 16
SIDE_MAX_PX = 8192


def check_size(width: int, height: int) -> None:
    """Raises ValueError unless both are even and from 16 to 8192."""
    for side in (width, height):
        if side % 2 or not SIDE_MIN_PX <= side <= SIDE_MAX_PX:
            raise ValueError(f"{width}x{height} is not an even size from {SIDE_MIN_PX} to {SIDE_MAX_PX}")


def size_bytes(width: int, height: int) -> int:
    """Bytes of a picture whose planes are tightly packed."""
    return width * height * 3 // 2


@dataclass(frozen=True, slots=True, eq=False)
class I420:
    """Views of the planes, with any row stride but neighbouring samples next to each other. ValueError otherwise."""

    y: Plane
    """(height, width)"""
    u: Plane
    """(height / 2, width / 2)"""
    v: Plane
    full_range: bool = False
    """Samples from 0 to 255 instead of 16 to 235 and 16 to 240."""

    def __post_init__(self) -> None:
        if self.y.ndim != 2:
            raise ValueError("a plane has two dimensions")
        check_size(self.width, self.height)
        for plane in self.planes:
            if plane.dtype != np.uint8 or plane.ndim != 2 or plane.strides[1] != 1:
                raise ValueError("a plane is two-dimensional, of bytes, and its rows are without gaps")
        if not self.u.shape == self.v.shape == (self.height // 2, self.width // 2):
            raise ValueError("chroma planes have half the size of the luma plane")

    @classmethod
    def allocate(cls, width: int, height: int, *, full_range: bool = False) -> Self:
        """A picture of its own, tightly packed, with undefined content."""
        check_size(width, height)
        memory = np.empty(size_bytes(width, height), np.uint8)
        return cls.of_buffer(memory.data, width, height, full_range=full_range)

    @classmethod
    def of_buffer(cls, buffer: memoryview, width: int, height: int, *, full_range: bool = False) -> Self:
        """Views of the first `size_bytes` bytes, tightly packed: Y, U, V. ValueError when there are fewer.

        Writable if the buffer is.
        """
        check_size(width, height)
        if buffer.nbytes < size_bytes(width, height):
            raise ValueError(f"{buffer.nbytes} bytes do not hold a picture of {width}x{height}")
        memory: Plane = np.frombuffer(buffer, np.uint8, size_bytes(width, height))
        luma, chroma = width * height, width * height // 4
        half = (height // 2, width // 2)
        return cls(
            memory[:luma].reshape(height, width),
            memory[luma : luma + chroma].reshape(half),
            memory[luma + chroma :].reshape(half),
            full_range,
        )

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])

    @property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        return self.y, self.u, self.v

    def copy_from(self, other: "I420") -> None:
        """Takes the samples of a picture of the same size. ValueError for another."""
        for plane, source in self._beside(other):
            np.copyto(plane, source)

    def equals(self, other: "I420") -> bool:
        """Whether every sample is the same. ValueError for another size."""
        return all(np.array_equal(plane, source) for plane, source in self._beside(other))

    def _beside(self, other: "I420") -> Iterator[tuple[Plane, Plane]]:
        if self.y.shape != other.y.shape:
            raise ValueError(f"{other.width}x{other.height} does not fit {self.width}x{self.height}")
        return zip(self.planes, other.planes, strict=True)
