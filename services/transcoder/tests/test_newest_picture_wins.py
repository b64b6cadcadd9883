"""From a thread to the event loop: never more than one waits."""

import asyncio
import threading

import pytest
from salon_transcoder.handover import Handover


def put_all(handover: Handover[int], count: int) -> None:
    for number in range(1, count + 1):
        handover.put(number)


async def test_only_the_newest_waits() -> None:
    handover: Handover[int] = Handover()
    thread = threading.Thread(target=put_all, args=(handover, 3))
    thread.start()
    thread.join()
    assert await handover.take() == 3
    assert handover.overtaken == 2


async def test_who_waits_already_is_woken() -> None:
    handover: Handover[int] = Handover()
    taking = asyncio.create_task(handover.take())
    await asyncio.sleep(0)
    threading.Thread(target=handover.put, args=(1,)).start()
    assert await asyncio.wait_for(taking, 10) == 1


async def test_every_one_that_is_taken_in_time_arrives_in_order() -> None:
    handover: Handover[int] = Handover()
    taken = threading.Semaphore()

    def put_when_taken() -> None:
        for number in range(1, 501):
            taken.acquire(timeout=10)
            handover.put(number)

    thread = threading.Thread(target=put_when_taken)
    thread.start()
    async with asyncio.timeout(20):
        for number in range(1, 501):
            assert await handover.take() == number
            taken.release()
    thread.join()
    assert handover.overtaken == 0


@pytest.mark.parametrize("waiting", [True, False])
async def test_closed_gives_none_for_ever(waiting: bool) -> None:
    handover: Handover[int] = Handover()
    taking = asyncio.create_task(handover.take())
    if waiting:
        await asyncio.sleep(0)
    handover.close()
    assert await asyncio.wait_for(taking, 10) is None
    handover.put(1)
    assert await asyncio.wait_for(handover.take(), 10) is None
