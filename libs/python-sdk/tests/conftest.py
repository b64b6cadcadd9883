import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from salon_sdk import LocalStream, PatternVideo, SalonEngine, Timing, ToneAudio
from salon_testing.fake_cloud import FAST, FakeCloud, MakeEngine


@pytest_asyncio.fixture
async def cloud() -> AsyncIterator[FakeCloud]:
    async with FakeCloud() as running:
        yield running


@pytest_asyncio.fixture
async def make_engine(cloud: FakeCloud) -> AsyncIterator[MakeEngine]:
    """Engines that are closed after the test; nothing of them may be left then."""
    engines: list[SalonEngine] = []

    def make(timing: Timing = FAST) -> SalonEngine:
        engines.append(SalonEngine(1, cloud.url, timing=timing))
        return engines[-1]

    yield make
    for engine in engines:
        await engine.close()
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("salon-")] == []


@pytest.fixture
def small_stream() -> Iterator[LocalStream]:
    stream = LocalStream(ToneAudio(), PatternVideo(160, 120, 15, u=90, v=200))
    yield stream
    stream.stop()


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    names = [thread.name for thread in threading.enumerate() if "decoder" in thread.name]
    assert names == []
