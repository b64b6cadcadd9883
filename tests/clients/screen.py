"""A screen that nobody looks at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.clients.client import ClientFailed

XVFB = "Xvfb"
WIDTH, HEIGHT = 1280, 720


@asynccontextmanager
async def screen() -> AsyncIterator[str]:
    """The name of its X display, which is gone when this is left."""
    process = await asyncio.create_subprocess_exec(
        *(XVFB, "-displayfd", "1", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        number = (await process.stdout.readline()).decode().strip()
        if not number:
            raise ClientFailed(f"{XVFB} ended with {await process.wait()}")
        yield f":{number}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
