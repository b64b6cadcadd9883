"""Killed, stopped, frozen, restarted: what the transcoder sees."""

import asyncio
import signal
from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.errors import NobodyServes
from salon_frames import FrameLate, WorkerGone
from salon_kit.bus import Bus

from .conftest import Start
from .processes import client_of, inverted, is_empty, open_when_there, outcome, picture

BEAUTY = Beauty(smooth=50)
FRAME = picture(64, 48)


async def test_a_killed_worker_is_noticed_with_the_next_frame(bus: Bus, start: Start, ring_folder: Path) -> None:
    worker = start()
    client = client_of(bus, ring_folder)
    await open_when_there(client)
    await client.beautify(FRAME, BEAUTY)
    worker.end(signal.SIGKILL)
    with pytest.raises(WorkerGone, match="nobody-listens"):
        await client.beautify(FRAME, BEAUTY)
    with pytest.raises(WorkerGone):
        await client.beautify(FRAME, BEAUTY)
    with pytest.raises(NobodyServes):
        await client.open(64, 48, 30)
    assert is_empty(ring_folder)
    start()
    await open_when_there(client)
    assert (await client.beautify(FRAME, BEAUTY)).equals(inverted(FRAME))
    await client.close()


async def test_a_worker_killed_in_the_middle_of_a_frame_is_a_late_frame(
    bus: Bus, start: Start, ring_folder: Path, tmp_path: Path
) -> None:
    worker = start(SALON_EFFECTS_FILTERS="trial_filters:wait_for_file", TRIAL_GATE=str(tmp_path / "never"))
    client, other = client_of(bus, ring_folder, deadline_ms=500), client_of(bus, ring_folder)
    await open_when_there(client)
    await other.open(64, 48, 30)
    in_work = asyncio.create_task(client.beautify(FRAME, Beauty(rosy=100)))
    await asyncio.sleep(0)
    await other.beautify(FRAME, BEAUTY)  # it came after the other one
    worker.end(signal.SIGKILL)
    with pytest.raises(FrameLate):
        await in_work
    assert await outcome(client, FRAME, BEAUTY) == "worker-gone"
    await client.close()
    await other.close()


async def test_a_frozen_worker_makes_frames_late_until_every_slot_is_out(
    bus: Bus, start: Start, ring_folder: Path
) -> None:
    worker = start()
    client = client_of(bus, ring_folder, deadline_ms=50)
    await open_when_there(client)
    worker.process.send_signal(signal.SIGSTOP)
    try:
        assert [await outcome(client, FRAME, BEAUTY) for _ in range(4)] == ["frame-late"] * 3 + ["worker-gone"]
    finally:
        worker.process.send_signal(signal.SIGCONT)
    await client.close()


async def test_a_restarted_worker_says_that_it_does_not_know_the_stream(
    bus: Bus, start: Start, ring_folder: Path
) -> None:
    worker = start(SALON_EFFECTS_ID="effects-1")
    client, other = client_of(bus, ring_folder), client_of(bus, ring_folder)
    await open_when_there(client)
    worker.end(signal.SIGKILL)
    start(SALON_EFFECTS_ID="effects-1")
    await open_when_there(other)
    with pytest.raises(WorkerGone, match="unknown"):
        await client.beautify(FRAME, BEAUTY)
    await client.close()
    await other.close()


async def test_a_killed_worker_is_noticed_at_once_over_a_connection(
    bus: Bus, start: Start, ring_folder: Path, tmp_path: Path
) -> None:
    worker = start(SALON_EFFECTS_FRAMES_ADDRESS="127.0.0.1:0", SALON_EFFECTS_RING_FOLDER=str(tmp_path / "none"))
    client = client_of(bus, ring_folder)
    await open_when_there(client)
    await client.beautify(FRAME, BEAUTY)
    worker.end(signal.SIGKILL)
    with pytest.raises(WorkerGone, match="connection-lost"):
        await client.beautify(FRAME, BEAUTY)
    await client.close()


@pytest.mark.parametrize("way", ["shared memory", "connection"])
async def test_a_worker_that_stops_answers_what_is_in_work_and_sends_everybody_away(
    bus: Bus, start: Start, ring_folder: Path, tmp_path: Path, way: str
) -> None:
    gate = tmp_path / "gate"
    settings = {"SALON_EFFECTS_FILTERS": "trial_filters:wait_for_file", "TRIAL_GATE": str(gate)}
    if way == "connection":
        settings["SALON_EFFECTS_RING_FOLDER"] = str(tmp_path / "none")
        settings["SALON_EFFECTS_FRAMES_ADDRESS"] = "127.0.0.1:0"
    worker = start(**settings)
    client, idle = client_of(bus, ring_folder), client_of(bus, ring_folder)
    await open_when_there(client)
    await idle.open(64, 48, 30)
    in_work = asyncio.create_task(client.beautify(FRAME, Beauty(rosy=100)))
    await asyncio.sleep(0)
    assert (await idle.beautify(FRAME, BEAUTY)).equals(inverted(FRAME))
    worker.process.send_signal(signal.SIGTERM)
    await worker.says("queue-left")
    gate.touch()
    assert (await in_work).equals(inverted(FRAME))
    assert await asyncio.to_thread(worker.wait) == 0
    with pytest.raises(WorkerGone, match="stopping"):
        await idle.beautify(FRAME, BEAUTY)
    with pytest.raises(WorkerGone, match="stopping"):
        await client.beautify(FRAME, BEAUTY)
    assert "stop-phase-late" not in worker.log
    await client.close()
    await idle.close()


async def test_a_stopping_worker_is_replaced_by_the_other_one(bus: Bus, start: Start, ring_folder: Path) -> None:
    first = start(SALON_EFFECTS_ID="first")
    client = client_of(bus, ring_folder)
    assert await open_when_there(client) == "first"
    second = start(SALON_EFFECTS_ID="second")
    await second.says("queue-joined")
    assert await asyncio.to_thread(first.end) == 0
    assert await outcome(client, FRAME, BEAUTY) == "worker-gone"
    assert await client.open(64, 48, 30) == "second"
    assert (await client.beautify(FRAME, BEAUTY)).equals(inverted(FRAME))
    await client.close()
