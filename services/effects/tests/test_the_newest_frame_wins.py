"""Back-pressure and deadlines, with a filter that waits until it is told."""

from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import FRAME_RESULT_DONE, FRAME_RESULT_SUPERSEDED, Beauty
from salon_frames import FrameLate
from salon_kit.bus import Bus

from .conftest import Start
from .processes import client_of, inverted, open_when_there, picture
from .raw import RawStream

WAIT = Beauty(rosy=100)
GO_ON = Beauty(rosy=10)


async def served(bus: Bus, folder: Path) -> None:
    client = client_of(bus, folder)
    await open_when_there(client)
    await client.close()


async def test_one_in_work_one_waiting_and_the_rest_is_overtaken(
    bus: Bus, start: Start, ring_folder: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    start(SALON_EFFECTS_FILTERS="trial_filters:wait_for_file", TRIAL_GATE=str(gate))
    await served(bus, ring_folder)
    stream = await RawStream.open(bus, ring_folder)
    await stream.submit(1, 0, rosy=100)
    await stream.submit(2, 1, rosy=100)
    await stream.submit(3, 2, rosy=100)
    assert await stream.results(1) == {2: FRAME_RESULT_SUPERSEDED}
    await stream.submit(4, 1, rosy=100)
    assert await stream.results(2) == {2: FRAME_RESULT_SUPERSEDED, 3: FRAME_RESULT_SUPERSEDED}
    gate.touch()
    results = await stream.results(4)
    assert (results[1], results[4]) == (FRAME_RESULT_DONE, FRAME_RESULT_DONE)


async def test_a_frame_whose_deadline_passed_before_its_turn_is_not_worked_on(
    bus: Bus, start: Start, ring_folder: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    start(SALON_EFFECTS_FILTERS="trial_filters:wait_for_file", SALON_EFFECTS_THREADS="1", TRIAL_GATE=str(gate))
    await served(bus, ring_folder)
    busy, other = await RawStream.open(bus, ring_folder), await RawStream.open(bus, ring_folder)
    await busy.submit(1, 0, rosy=100)
    impatient = client_of(bus, ring_folder, deadline_ms=30)
    await impatient.open(64, 48, 30)
    with pytest.raises(FrameLate, match="30 ms"):
        await impatient.beautify(picture(64, 48), GO_ON)
    await other.submit(1, 0)
    gate.touch()
    assert await busy.results(1) == {1: FRAME_RESULT_DONE}
    assert await other.results(1) == {1: FRAME_RESULT_DONE}
    await impatient.close()


async def test_a_late_answer_is_ignored_and_the_next_frame_is_right(
    bus: Bus, start: Start, ring_folder: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    start(SALON_EFFECTS_FILTERS="trial_filters:wait_for_file", TRIAL_GATE=str(gate))
    client = client_of(bus, ring_folder, deadline_ms=50)
    await open_when_there(client)
    for number in range(8):  # more than there are slots: those of overtaken frames come back
        with pytest.raises(FrameLate):
            await client.beautify(picture(64, 48, number), WAIT)
    gate.touch()
    frame = picture(64, 48, 100)
    while True:
        try:
            returned = await client.beautify(frame, GO_ON)
            break
        except FrameLate:
            continue
    assert returned.equals(inverted(frame))
    await client.close()
