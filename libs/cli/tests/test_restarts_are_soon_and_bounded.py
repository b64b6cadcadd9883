import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from salon_cli.dev.child import ChildFailed
from salon_cli.dev.disk import FullDisk, Space, events_max_bytes
from salon_cli.dev.part import Part
from salon_cli.dev.restarts import RESTARTS_MAX, WITHIN_S, Restarts

MB = 1024**2


def test_the_first_is_at_once_and_the_pauses_grow() -> None:
    restarts = Restarts()
    assert [restarts.ended(100.0) for _ in range(RESTARTS_MAX + 1)] == [0.0, 0.5, 1.0, 2.0, 4.0, None]


def test_what_is_long_ago_does_not_count() -> None:
    restarts = Restarts()
    for hour in range(1, 30):
        assert restarts.ended(hour * 3600.0) == 0.0
    assert restarts.ended(29 * 3600.0 + WITHIN_S - 1) == 0.5
    assert restarts.ended(29 * 3600.0 + WITHIN_S + 1) == 0.5


async def test_a_process_that_ends_is_started_again_and_keeps_its_log(tmp_path: Path) -> None:
    """It counts its starts in a file and ends at once, until it has been started three times."""
    program = (
        "import pathlib, time; p = pathlib.Path('count'); n = len(p.read_text()) if p.exists() else 0;"
        "p.write_text('x' * (n + 1)); print('start', n + 1, flush=True); time.sleep(60 if n == 2 else 0); exit(7)"
    )
    third = asyncio.Event()

    def on_line(_name: str, line: str) -> None:
        if line == "start 3":
            third.set()

    command = ["/bin/sh", "-c", f'cd "{tmp_path}" && exec "$0" -c "$1"', sys.executable, program]
    said: list[str] = []
    part = Part("worker", command, {}, tmp_path / "worker.log", on_line)
    await part.start()
    keeping = asyncio.create_task(part.keep(said.append))
    await asyncio.wait_for(third.wait(), 30)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await part.child.stop()
    assert said == [f"worker ended with code 7; started again ({number})" for number in (1, 2)]
    assert (tmp_path / "worker.log").read_text().splitlines() == ["start 1", "start 2", "start 3"]


async def test_a_process_that_ends_again_and_again_is_given_up_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salon_cli.dev.restarts.PAUSES_S", (0.0,) * RESTARTS_MAX)
    said: list[str] = []
    command = [sys.executable, "-c", "print('port 80 is taken'); exit(3)"]
    part = Part("worker", command, {}, tmp_path / "worker.log", lambda _name, _line: None)
    await part.start()
    with pytest.raises(ChildFailed, match=r"^worker ended with code 3: port 80 is taken .*6 times within 5 minutes$"):
        await part.keep(said.append)
    assert len(said) == RESTARTS_MAX


# ---- the disk ----


def looks(full_disk: FullDisk, *seen: tuple[float, int, bool]) -> list[bool]:
    """(second, free MB of 1000, whether appends are stored) -> whether NATS is to be started again."""
    return [full_disk.looked(Space(free * MB, 1000 * MB), stores=stores, now_s=at) for at, free, stores in seen]


def test_after_a_full_disk_nats_is_started_again_once_there_is_space() -> None:
    seen = [(0, 500, True), (1, 0, False), (9, 0, False), (10, 500, False), (14, 500, False), (15, 500, False)]
    assert looks(FullDisk(), *seen, (16, 500, False), (99, 500, False)) == [*[False] * 5, True, False, False]


def test_one_that_goes_on_by_itself_is_left_alone() -> None:
    seen = [(0, 0, False), (1, 500, False), (4, 500, True), (9, 500, False), (30, 500, False)]
    assert looks(FullDisk(), *seen) == [False] * 5


def test_what_has_nothing_to_do_with_the_disk_starts_nothing_again() -> None:
    assert looks(FullDisk(), (0, 500, True), (1, 500, False), (30, 500, False), (90, 500, False)) == [False] * 4


def test_while_the_disk_is_full_a_new_start_would_not_help() -> None:
    assert looks(FullDisk(), (0, 10, True), (1, 10, False), (60, 10, False)) == [False] * 3


def test_events_may_take_half_of_the_disk_and_no_more_than_two_gibibytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "nats"
    store.mkdir()
    (store / "1.blk").write_bytes(b"0" * MB)
    for free, expected in ((0, MB // 2), (9 * MB, 5 * MB), (10**12, 2 * 1024**3)):
        space = Space(free, 10**13)
        monkeypatch.setattr("salon_cli.dev.disk.Space.of", lambda _folder, space=space: space)
        assert events_max_bytes(store) == expected


def test_a_store_that_is_tidied_up_meanwhile_can_be_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "nats"
    for folder in ("account", "stream"):
        (store / folder).mkdir(parents=True)
        (store / folder / "1.blk").write_bytes(b"0" * MB)

    def tidied_up(top: Path) -> Iterator[tuple[str, list[str], list[str]]]:
        for found in os.walk(top):
            if found[0].endswith("account"):
                shutil.rmtree(found[0])  # listed already
            yield found

    monkeypatch.setattr("salon_cli.dev.disk.os", SimpleNamespace(walk=tidied_up))
    monkeypatch.setattr("salon_cli.dev.disk.Space.of", lambda _folder: Space(0, 10**13))
    assert events_max_bytes(store) == MB // 2
