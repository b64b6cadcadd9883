"""Transcoder processes: warm when they are needed, never too many, gone when they should be."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from salon.relay.v1.relay_pb2 import FromTranscoder, ToTranscoder, TranscoderFade, TranscoderStart
from salon_contracts.ids import AppId, RelayId, UserId
from salon_kit.testing import Gathered
from salon_relay.effects import pool as pool_module
from salon_relay.effects.pool import PoolSettings, TranscoderPool
from salon_relay.effects.process import ProcessPhase, Transcoder
from salon_relay.effects.rings import new_prefix, remove_leftovers, remove_rings
from salon_testing.relay.scene import children

pytestmark = pytest.mark.timeout(60)

FAKE = Path(__file__).parent / "fakes" / "fake_transcoder.py"
RELAY = RelayId("relay-1")


class User:
    """Takes a process and notes what happens to it."""

    def __init__(self, user_id: str = "", app_id: int = 1) -> None:
        self.owner = (AppId(app_id), UserId(user_id))
        self.heard: Gathered[str] = Gathered()
        self.transcoder: Transcoder | None = None

    def transcoder_taken(self, transcoder: Transcoder) -> None:
        self.transcoder = transcoder
        self.heard.add("taken")

    def transcoders_full(self) -> None:
        self.heard.add("full")

    def transcoder_failed(self) -> None:
        self.heard.add("failed")

    def on_transcoder_message(self, message: FromTranscoder) -> None:
        self.heard.add(message.WhichOneof("body") or "")

    def transcoder_lost(self) -> None:
        self.heard.add("lost")

    async def until(self, *what: str) -> Transcoder:
        """Waits until exactly this was heard; the process."""
        await self.heard.until(lambda items: items == list(what))
        assert self.transcoder is not None
        return self.transcoder


def settings(
    folder: Path, manner: str, used_max: int, spares: int, used_per_user: int = 0, used_per_app: int = 0
) -> PoolSettings:
    return PoolSettings(
        relay_id=RELAY,
        used_max=used_max,
        spares=spares,
        ring_folder=folder,
        deadline_ms=40,
        used_per_user=used_per_user,
        used_per_app=used_per_app,
        command=(sys.executable, str(FAKE), manner),
    )


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    manner: str = "obedient",
    *,
    used_max: int = 2,
    spares: int = 1,
    used_per_user: int = 0,
    used_per_app: int = 0,
) -> AsyncIterator[TranscoderPool]:
    pool = TranscoderPool(settings(folder, manner, used_max, spares, used_per_user, used_per_app))
    task = asyncio.create_task(pool.run())
    try:
        yield pool
        await pool.close()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def is_alive(pid: int) -> bool:
    """A process that was waited for has no entry any more."""
    return Path(f"/proc/{pid}").exists()


async def spare(pool: TranscoderPool) -> int:
    await pool.until(lambda: pool.counts() == {ProcessPhase.SPARE: 1})
    [pid] = pool.pids(ProcessPhase.SPARE)
    return pid


async def test_spare_one_is_given_at_once_and_replaced(tmp_path: Path) -> None:
    async with running(tmp_path) as pool:
        pid = await spare(pool)
        user = User()
        pool.take(user)
        assert user.heard.items == ["taken"]
        assert user.transcoder is not None
        assert user.transcoder.pid == pid
        await pool.until(lambda: pool.counts() == {ProcessPhase.USED: 1, ProcessPhase.SPARE: 1})
        pool.end(user.transcoder)
        await pool.until(lambda: pid not in all_pids(pool))
        assert not is_alive(pid)
        assert user.heard.items == ["taken"], "nothing is heard of a process that was given up"


async def test_orders_and_reports_go_through(tmp_path: Path) -> None:
    async with running(tmp_path) as pool:
        user = User()
        pool.take(user)
        transcoder = await user.until("taken")
        transcoder.send(ToTranscoder(start=TranscoderStart(stream_id="cam")))
        await user.until("taken", "beautified")
        transcoder.send(ToTranscoder(fade=TranscoderFade()))
        await user.until("taken", "beautified", "faded")


async def test_no_more_are_used_than_allowed_and_the_next_has_its_turn(tmp_path: Path) -> None:
    async with running(tmp_path, used_max=2, spares=1) as pool:
        users = [User() for _ in range(4)]
        for user in users:
            pool.take(user)
        assert [user.heard.items for user in users[2:]] == [["full"], ["full"]]
        first = await users[0].until("taken")
        await users[1].until("taken")
        await spare_count(pool, 1)
        assert sum(pool.counts().values()) == 3
        pool.cancel(users[2])
        pool.end(first)
        assert users[3].heard.items == ["full", "taken"]
        assert users[2].heard.items == ["full"]
        await spare_count(pool, 1)
        assert pool.counts()[ProcessPhase.USED] == 2


async def spare_count(pool: TranscoderPool, count: int) -> None:
    await pool.until(lambda: pool.counts()[ProcessPhase.SPARE] == count)


async def test_without_transcoders_there_are_no_processes(tmp_path: Path) -> None:
    async with running(tmp_path, used_max=0, spares=1) as pool:
        user = User()
        pool.take(user)
        assert user.heard.items == ["full"]
        assert pool.counts() == {}


async def test_without_spares_one_is_started_when_it_is_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path, used_max=1, spares=0) as pool:
        assert pool.counts() == {}
        user = User()
        pool.take(user)
        await user.until("taken")
        assert pool.counts() == {ProcessPhase.USED: 1}


async def test_process_that_is_killed_is_noticed_and_its_files_are_removed(tmp_path: Path) -> None:
    async with running(tmp_path) as pool:
        user = User()
        pool.take(user)
        transcoder = await user.until("taken")
        ring = tmp_path / f"{transcoder.ring_prefix}.1"
        ring.touch()
        assert transcoder.pid is not None
        os.kill(transcoder.pid, signal.SIGKILL)
        await user.until("taken", "lost")
        pid = transcoder.pid
        await pool.until(lambda: pid not in all_pids(pool))
        assert not ring.exists()
        pool.end(transcoder)


async def test_process_that_ends_when_it_is_used_is_noticed(tmp_path: Path) -> None:
    async with running(tmp_path, "dies-used") as pool:
        user = User()
        pool.take(user)
        transcoder = await user.until("taken")
        transcoder.send(ToTranscoder(start=TranscoderStart()))
        await user.until("taken", "lost")


async def test_spare_one_that_dies_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "RESPAWN_S", (0.01, 0.02))
    async with running(tmp_path) as pool:
        pid = await spare(pool)
        os.kill(pid, signal.SIGKILL)
        await pool.until(lambda: pool.pids(ProcessPhase.SPARE) not in ([], [pid]))


async def test_who_waits_for_a_process_that_cannot_be_started_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "RESPAWN_S", (0.01, 0.02))
    async with running(tmp_path, "dies-early", spares=0) as pool:
        user = User()
        pool.take(user)
        await user.heard.until(lambda items: items == ["failed"])
        pool.take(user)
        await user.heard.until(lambda items: items == ["failed", "failed"])


async def test_program_that_is_not_there_is_a_failure_like_any_other(tmp_path: Path) -> None:
    pool = TranscoderPool(
        PoolSettings(
            relay_id=RELAY, used_max=1, spares=0, ring_folder=tmp_path, deadline_ms=40, command=("/does/not/exist",)
        )
    )
    task = asyncio.create_task(pool.run())
    user = User()
    pool.take(user)
    await user.heard.until(lambda items: items == ["failed"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_stubborn_process_is_ended_by_force(tmp_path: Path) -> None:
    async with running(tmp_path, "stubborn") as pool:
        user = User()
        pool.take(user)
        transcoder = await user.until("taken")
        pid = transcoder.pid
        assert pid is not None
        pool.end(transcoder)
        assert transcoder.phase is ProcessPhase.ENDING
        await pool.until(lambda: pid not in all_pids(pool))
        assert not is_alive(pid)


@pytest.mark.parametrize("manner", ["obedient", "stubborn", "never-ready"])
async def test_close_ends_all_of_them(tmp_path: Path, manner: str) -> None:
    before = children()
    async with running(tmp_path, manner, used_max=2, spares=2) as pool:
        users = [User(), User()]
        for user in users:
            pool.take(user)
        if manner != "never-ready":
            for user in users:
                await user.until("taken")
        await pool.until(lambda: sum(pool.counts().values()) >= 2)
    assert children() == before


def all_pids(pool: TranscoderPool) -> list[int]:
    return [pid for phase in ProcessPhase for pid in pool.pids(phase)]


async def test_cancelling_ends_all_of_them_by_force(tmp_path: Path) -> None:
    pool = TranscoderPool(settings(tmp_path, "stubborn", 1, 1))
    task = asyncio.create_task(pool.run())
    pid = await spare(pool)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not is_alive(pid)


async def test_using_many_one_after_the_other_leaves_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, used_max=1, spares=1) as pool:
        await spare(pool)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(8):
            user = User()
            pool.take(user)
            pool.end(await user.until("taken"))
        await spare(pool)
        assert len(os.listdir("/proc/self/fd")) == before


def test_rings_of_the_dead_are_removed_and_nobody_elses(tmp_path: Path) -> None:
    prefix = new_prefix(RELAY)
    mine = [tmp_path / f"{prefix}.{number}" for number in (1, 22)]
    others = [
        tmp_path / f"{new_prefix(RELAY)}.1",
        tmp_path / f"{new_prefix(RelayId('relay-1-a'))}.1",
        tmp_path / f"{prefix}.1.txt",
        tmp_path / "salon-relay-1-notes.1",
    ]
    for path in mine + others:
        path.touch()
    assert remove_rings(tmp_path, prefix) == 2
    assert all(path.exists() for path in others)
    assert remove_leftovers(tmp_path, RELAY) == 1
    assert [path.exists() for path in others] == [False, True, True, True]
    assert remove_leftovers(tmp_path / "missing", RELAY) == 0


async def test_one_user_leaves_transcoders_for_others(tmp_path: Path) -> None:
    async with running(tmp_path, used_max=4, spares=0, used_per_user=1) as pool:
        greedy = [User("mallory") for _ in range(3)]
        for user in greedy:
            pool.take(user)
        await greedy[0].until("taken")
        assert [user.heard.items for user in greedy[1:]] == [["full"], ["full"]]
        for other in (User("bob"), User("mallory", app_id=2), User("")):
            pool.take(other)  # behind those of mallory, who wait for an end of mallory's own
            await other.until("taken")
        assert greedy[0].transcoder is not None
        pool.end(greedy[0].transcoder)
        await greedy[1].until("full", "taken")
        assert greedy[2].heard.items == ["full"]


async def test_one_app_leaves_transcoders_for_others(tmp_path: Path) -> None:
    async with running(tmp_path, used_max=4, spares=0, used_per_app=2) as pool:
        users = [User(f"u{number}") for number in range(3)]
        for user in users:
            pool.take(user)
        for user in users[:2]:
            await user.until("taken")
        assert users[2].heard.items == ["full"]
        other = User("u0", app_id=2)
        pool.take(other)
        await other.until("taken")
        pool.cancel(users[2])
