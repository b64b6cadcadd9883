"""One cloud and one browser for each process of a run; tests that break things start a cloud of their own."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.quality.pictures import drawn_face
from tests.system.browser import Person, launch
from tests.system.cloud import Cloud
from tests.system.fake_camera import FakeCamera, film
from tests.system.older_browsers import WITHOUT

HERE = Path(__file__).parent
ARTEFACTS = HERE.parents[1] / "artefacts"

Arrive = Callable[..., Awaitable[Person]]

expect.set_options(timeout=20_000)  # Playwright's 5 s are few for what starts processes on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    running = Cloud(tmp_path_factory.mktemp("cloud"))
    try:
        running.start(relays=0)
        running.add_relay(SALON_RELAY_EFFECT_DEADLINE_MS="1000")  # machines that run browsers are busy
        yield running
    finally:
        running.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await launch(playwright)
        yield running
        await running.close()


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> FakeCamera:
    """What the people of `face_arrive` have before their camera."""
    return film(drawn_face(5), (160, 0, 960, 720), tmp_path_factory.mktemp("camera") / "face.y4m")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def face_browser(face: FakeCamera) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await launch(playwright, face.argument)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(browser: Browser, cloud: Cloud) -> AsyncIterator[Arrive]:
    """`await arrive("alice")`: a person at the shared cloud (or at `at=`), gone when the test ends."""
    async with arrivals(browser, cloud) as arrive:
        yield arrive


@pytest_asyncio.fixture(loop_scope="session")
async def face_arrive(face_browser: Browser, cloud: Cloud) -> AsyncIterator[Arrive]:
    """The same with a face before the camera."""
    async with arrivals(face_browser, cloud) as arrive:
        yield arrive


@contextlib.asynccontextmanager
async def arrivals(browser: Browser, cloud: Cloud) -> AsyncIterator[Arrive]:
    contexts = []

    async def _arrive(user_id: str, *, at: Cloud = cloud, room: int = 0, without: str = WITHOUT) -> Person:
        context = await browser.new_context()
        contexts.append(context)
        return await Person.arrive(context, at, user_id, room=room, without=without)

    yield _arrive
    for context in contexts:
        await context.close()


@pytest.fixture
def artefacts() -> Path:
    """Where screenshots are kept."""
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS
