"""A process of strangers, so that they are no burden to who watches: `python strangers.py PORT COUNT`, until killed.

They are silent, send half a key or garbage, or go at once; and each comes back when it was dropped. Says `there` once
each of them has been connected.
"""

import asyncio
import os
import sys
from contextlib import suppress

SAID = (b"", b"k" * 20, os.urandom(8192), b"")
PAUSE_S = 0.1


async def stranger(port: int, kind: int, there: asyncio.Semaphore) -> None:
    is_first = True
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if is_first:
                there.release()
                is_first = False
            writer.write(SAID[kind])
            if kind < 3:
                await reader.read(1)
            writer.transport.abort()
        await asyncio.sleep(PAUSE_S)


async def main(port: int, count: int) -> None:
    there = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(stranger(port, number % len(SAID), there))
        for _ in range(count):
            await there.acquire()
        print("there", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
