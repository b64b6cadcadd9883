"""Frames in shared memory: one file per stream, made by the relay's side, mapped by both.

    0      header: magic, version, slots, slot bytes, file bytes, nonce
    4096   slot 0 input, slot 0 output, slot 1 input, …       (whole pages each, planes tightly packed)

The nonce is random: who finds it in the file of that name looks at the same memory. The space is reserved at once, so a
full /dev/shm is an error here and never a SIGBUS in the middle of a call. The opener checks name, kind, owner, mode,
size and header before it maps exactly the size that was checked, and every offset after that.

What this does not defend against: whoever runs under the same user and has the file open may shorten it afterwards,
which kills the other side. Relay and worker trust each other as far as that, as processes of one user do anyway.
"""

import errno
import mmap
import os
import re
import secrets
import stat
import struct
from pathlib import Path

from salon.effects.v1.effects_pb2 import SharedRing

from salon_frames.i420 import I420, check_size
from salon_frames.slots import PAGE_BYTES, SLOTS_MAX, Slots, slot_size_bytes

NONCE_BYTES = 16
FILE_BYTES_MAX = 1 << 32

_MAGIC = b"SALONRNG"
_VERSION = 1
_HEADER = struct.Struct(f"<8sIIQQ{NONCE_BYTES}s")
_PREFIX = re.compile(r"[0-9A-Za-z_-]{1,100}")
_NAME = re.compile(r"[0-9A-Za-z_-]{1,100}\.[0-9]{1,9}")
_NAMES_TRIED = 1000


class RingUnavailable(Exception):
    """Why a ring cannot be made or opened, in one sentence."""


class Ring:
    """`Ring.create(...)` on one side, `Ring.attach(folder, spec)` on the other; `unlink` once both have it."""

    def __init__(self, path: Path, spec: SharedRing, memory: mmap.mmap) -> None:
        self.spec = spec
        """What the other side needs to open it."""
        self._path = path
        view = memoryview(memory)
        self._slots: Slots | None = Slots(view[PAGE_BYTES:], spec.slots, spec.slot_bytes)
        self._linked = False

    @classmethod
    def create(cls, folder: Path, prefix: str, width: int, height: int, slots: int) -> "Ring":
        """A new file `<prefix>.<n>` of mode 0600 with room for pictures up to this size. Raises RingUnavailable.

        ValueError for a prefix of other characters than letters, digits, `_` and `-`. Blocks while the kernel clears
        the pages, about 1 ms for 10 MB.
        """
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"not a prefix for rings: {prefix!r}")
        if not 1 <= slots <= SLOTS_MAX:
            raise ValueError(f"1 to {SLOTS_MAX} slots, not {slots}")
        check_size(width, height)
        spec = SharedRing(
            slots=slots, slot_bytes=slot_size_bytes(width, height), nonce=secrets.token_bytes(NONCE_BYTES)
        )
        spec.size_bytes = _file_bytes(spec)
        path = folder
        try:
            path, descriptor = _new_file(folder, prefix)
            try:
                os.posix_fallocate(descriptor, 0, spec.size_bytes)
                memory = _map(descriptor, spec.size_bytes)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            finally:
                os.close(descriptor)
        except OSError as error:
            raise RingUnavailable(
                f"A ring of {spec.size_bytes} bytes cannot be made in {folder}: {os.strerror(error.errno or 0)}."
            ) from error
        spec.name = path.name
        memory[: _HEADER.size] = _header(spec)
        ring = cls(path, spec, memory)
        ring._linked = True
        return ring

    @classmethod
    def attach(cls, folder: Path, spec: SharedRing) -> "Ring":
        """The ring another process made. RingUnavailable when it is out of reach or not what `spec` says."""
        _check_spec(spec)
        path = folder / spec.name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                _check_file(descriptor, spec)
                memory = _map(descriptor, spec.size_bytes)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise RingUnavailable(f"The ring cannot be opened in {folder}: {os.strerror(error.errno or 0)}.") from error
        if not secrets.compare_digest(memory[: _HEADER.size], _header(spec)):
            raise RingUnavailable("The ring is another one than the one meant.")
        return cls(path, spec, memory)

    @property
    def slots(self) -> Slots:
        """Raises ValueError when the ring is closed."""
        if self._slots is None:
            raise ValueError("the ring is closed")
        return self._slots

    def fits(self, width: int, height: int) -> bool:
        return self.slots.fits(width, height)

    def input(self, slot: int, width: int, height: int, *, full_range: bool = False) -> I420:
        """Where the picture of a slot lies. ValueError for a slot or size that is not in the ring."""
        return self.slots.input(slot, width, height, full_range=full_range)

    def output(self, slot: int, width: int, height: int, *, full_range: bool = False) -> I420:
        """Where what became of it lies. ValueError as for `input`."""
        return self.slots.output(slot, width, height, full_range=full_range)

    def unlink(self) -> None:
        """Removes the name of a ring made here; the memory stays until both sides have let go."""
        if self._linked:
            self._linked = False
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Lets go of the memory. Views handed out stay valid: it is unmapped with the last of them."""
        self.unlink()
        self._slots = None


def _new_file(folder: Path, prefix: str) -> tuple[Path, int]:
    """A file nobody else has, open. OSError."""
    for number in range(_NAMES_TRIED):
        path = folder / f"{prefix}.{number}"
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            return path, os.open(path, flags, 0o600)
        except FileExistsError:
            continue
    raise FileExistsError(errno.EEXIST, "every name is taken")


def _map(descriptor: int, length: int) -> mmap.mmap:
    """With all pages present: no page faults while frames flow."""
    return mmap.mmap(descriptor, length, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)


def _header(spec: SharedRing) -> bytes:
    return _HEADER.pack(_MAGIC, _VERSION, spec.slots, spec.slot_bytes, spec.size_bytes, spec.nonce)


def _file_bytes(spec: SharedRing) -> int:
    return PAGE_BYTES + 2 * spec.slots * int(spec.slot_bytes)


def _check_spec(spec: SharedRing) -> None:
    if not _NAME.fullmatch(spec.name):
        raise RingUnavailable("The ring's name is not one of ours.")
    if len(spec.nonce) != NONCE_BYTES:
        raise RingUnavailable("The ring's nonce has another length.")
    if not 1 <= spec.slots <= SLOTS_MAX or not 0 < spec.slot_bytes <= FILE_BYTES_MAX or spec.slot_bytes % PAGE_BYTES:
        raise RingUnavailable("The ring's slots are not of a legal number and size.")
    if not spec.size_bytes == _file_bytes(spec) <= FILE_BYTES_MAX:
        raise RingUnavailable("The ring's size does not fit its slots.")


def _check_file(descriptor: int, spec: SharedRing) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != 0o600:
        raise RingUnavailable("The ring is not a regular file of mode 0600.")
    if found.st_uid != os.geteuid():
        raise RingUnavailable("The ring belongs to another user.")
    if found.st_size != spec.size_bytes or found.st_blocks * 512 < spec.size_bytes:
        raise RingUnavailable("The ring's file has another size, or its space is not reserved.")
