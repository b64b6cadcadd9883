import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from salon.effects.v1.effects_pb2 import SharedRing
from salon_frames import I420, Ring, RingUnavailable

PAGE = 4096


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Ring]:
    made = Ring.create(tmp_path, "relay-a_1", 64, 48, 3)
    yield made
    made.close()


def fill(picture: I420, value: int) -> None:
    for plane in picture.planes:
        plane.fill(value)


def changed(spec: SharedRing, **values: Any) -> SharedRing:
    made = SharedRing()
    made.CopyFrom(spec)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def test_what_one_side_writes_the_other_reads(ring: Ring, tmp_path: Path) -> None:
    other = Ring.attach(tmp_path, ring.spec)
    for slot in range(3):
        fill(ring.input(slot, 64, 48), 10 + slot)
        fill(other.output(slot, 64, 48), 20 + slot)
    for slot in range(3):
        assert (other.input(slot, 64, 48).v == 10 + slot).all()
        assert (ring.output(slot, 64, 48).y == 20 + slot).all()
    other.close()


def test_smaller_pictures_fit_and_larger_ones_do_not(ring: Ring) -> None:
    assert ring.fits(64, 48)
    assert ring.fits(48, 64)
    assert ring.input(2, 16, 16).width == 16
    assert not ring.fits(128, 48)
    with pytest.raises(ValueError, match="128x48 is too large"):
        ring.output(0, 128, 48)


@pytest.mark.parametrize("slot", [-1, 3, 2**32 - 1])
def test_a_slot_that_is_not_there_is_refused(ring: Ring, slot: int) -> None:
    with pytest.raises(ValueError, match="there is no slot"):
        ring.input(slot, 64, 48)


def test_the_file_is_private_reserved_and_named_after_its_prefix(ring: Ring, tmp_path: Path) -> None:
    (path,) = tmp_path.iterdir()
    found = path.stat()
    assert path.name == "relay-a_1.0"
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_size == ring.spec.size_bytes == PAGE + 3 * 2 * 2 * PAGE
    assert found.st_blocks * 512 >= found.st_size


def test_names_that_are_taken_are_not_touched(ring: Ring, tmp_path: Path) -> None:
    (tmp_path / "relay-a_1.1").symlink_to(tmp_path / "victim")
    second = Ring.create(tmp_path, "relay-a_1", 64, 48, 3)
    assert second.spec.name == "relay-a_1.2"
    assert second.spec.nonce != ring.spec.nonce
    assert not (tmp_path / "victim").exists()
    second.close()


def test_views_outlive_the_ring_and_the_name_does_not(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path, "a", 64, 48, 1)
    other = Ring.attach(tmp_path, ring.spec)
    ring.unlink()
    assert is_empty(tmp_path)
    mine, theirs = ring.input(0, 64, 48), other.input(0, 64, 48)
    ring.close()
    ring.close()
    other.close()
    fill(mine, 7)
    assert (theirs.u == 7).all()
    with pytest.raises(ValueError, match="closed"):
        ring.input(0, 64, 48)


def test_closing_the_other_side_leaves_the_name(ring: Ring, tmp_path: Path) -> None:
    Ring.attach(tmp_path, ring.spec).close()
    assert not is_empty(tmp_path)


@pytest.mark.parametrize("prefix", ["", "../a", "a/b", "a.b", "a b", "a" * 101])
def test_prefixes_that_are_no_file_names_are_refused(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ValueError, match="not a prefix"):
        Ring.create(tmp_path, prefix, 64, 48, 3)


@pytest.mark.parametrize(
    "values",
    [
        {"name": "../relay-a_1.0"},
        {"name": "/etc/passwd"},
        {"name": "relay-a_1.0/"},
        {"name": "relay-a_1.0\0"},
        {"name": "."},
        {"name": ""},
        {"name": "relay-a_1.5"},
        {"nonce": bytes(16)},
        {"nonce": b"short"},
        {"slots": 0},
        {"slots": 2},
        {"slots": 17},
        {"slots": 2**32 - 1},
        {"slot_bytes": 0},
        {"slot_bytes": 2 * PAGE - 1},
        {"slot_bytes": PAGE},
        {"slot_bytes": 2**64 - 1},
        {"size_bytes": 0},
        {"size_bytes": PAGE},
        {"size_bytes": 2**64 - 1},
        {"slots": 16, "size_bytes": PAGE + 16 * 2 * 2 * PAGE},
        {"slot_bytes": PAGE, "size_bytes": 7 * PAGE},
    ],
)
def test_a_description_that_does_not_fit_is_refused(ring: Ring, tmp_path: Path, values: dict[str, Any]) -> None:
    with pytest.raises(RingUnavailable):
        Ring.attach(tmp_path, changed(ring.spec, **values))


def test_files_that_are_not_what_they_seem_are_refused(ring: Ring, tmp_path: Path) -> None:
    path = tmp_path / ring.spec.name
    (tmp_path / "link.0").symlink_to(path)
    (tmp_path / "folder.0").mkdir()
    os.mkfifo(tmp_path / "pipe.0", 0o600)
    for name in ("link.0", "folder.0", "pipe.0"):
        with pytest.raises(RingUnavailable):
            Ring.attach(tmp_path, changed(ring.spec, name=name))
    path.chmod(0o644)
    with pytest.raises(RingUnavailable, match="mode 0600"):
        Ring.attach(tmp_path, ring.spec)


def test_a_file_of_another_size_or_without_its_space_is_refused(ring: Ring, tmp_path: Path) -> None:
    path = tmp_path / ring.spec.name
    whole = path.read_bytes()
    os.truncate(path, ring.spec.size_bytes - PAGE)
    with pytest.raises(RingUnavailable, match="another size"):
        Ring.attach(tmp_path, ring.spec)
    os.truncate(path, ring.spec.size_bytes)  # the last page is a hole now
    with pytest.raises(RingUnavailable, match="not reserved"):
        Ring.attach(tmp_path, ring.spec)
    path.write_bytes(whole + b"\0")
    with pytest.raises(RingUnavailable, match="another size"):
        Ring.attach(tmp_path, ring.spec)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(ring: Ring, tmp_path: Path) -> None:
    os.chown(tmp_path / ring.spec.name, 12345, 12345)
    with pytest.raises(RingUnavailable, match="another user"):
        Ring.attach(tmp_path, ring.spec)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RingUnavailable, match=r"A ring of \d+ bytes cannot be made in .*: No such file or directory\."):
        Ring.create(tmp_path / "none", "a", 64, 48, 3)


def test_no_room_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(RingUnavailable, match="No space left on device"):
        Ring.create(tmp_path, "a", 64, 48, 3)
    assert is_empty(tmp_path)


CREATE = """
import sys
from pathlib import Path
from salon_frames import Ring, RingUnavailable
try:
    Ring.create(Path(sys.argv[1]), "a", 1280, 720, 3)
except RingUnavailable as unavailable:
    sys.exit(f"refused: {unavailable}")
"""


def test_a_limit_of_the_system_is_an_error_and_no_signal(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run([sys.executable, "-c", CREATE, tmp_path], capture_output=True, text=True, preexec_fn=limit)
    assert done.returncode == 1, done
    assert "refused: A ring of " in done.stderr
    assert is_empty(tmp_path)


def test_a_full_shared_memory_is_an_error_and_no_signal(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        done = subprocess.run([sys.executable, "-c", CREATE, tmp_path], capture_output=True, text=True)
        assert done.returncode == 1, done
        assert "No space left on device" in done.stderr
        assert is_empty(tmp_path)
    finally:
        subprocess.run(["umount", tmp_path], check=True)
