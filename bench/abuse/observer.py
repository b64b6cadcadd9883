"""A process that watches while others attack: told by lines on stdin, answers by JSON lines on stdout.

-> mark      forget what was seen so far
-> report    {"worst_ms": …}
-> (end)     stop
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import uvloop

Config = dict[str, Any]


class Observer(Protocol):
    def mark(self) -> None: ...
    def report(self) -> dict[str, float]: ...


async def serve(observer: Observer) -> None:
    """Says that it is ready, then answers until stdin ends."""
    print(json.dumps({"ready": True}), flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).strip():
        if line == b"mark":
            observer.mark()
            print("{}", flush=True)
        elif line == b"report":
            print(json.dumps(observer.report()), flush=True)


def main(run: Callable[[Config], Awaitable[None]]) -> None:
    uvloop.run(run(json.loads(Path(sys.argv[1]).read_text())))  # type: ignore[arg-type]  # a coroutine function's result


class Watch:
    """The other end: starts the process and asks it."""

    def __init__(self, module: str, config: Config, folder: Path) -> None:
        self._module = module
        self._config = folder / f"{module}.json"
        self._config.write_text(json.dumps(config))

    async def __aenter__(self) -> "Watch":
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            str(self._config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self._answer()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def mark(self) -> None:
        await self._ask("mark")

    async def report(self) -> dict[str, float]:
        return await self._ask("report")

    async def _ask(self, line: str) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._module} has ended")
        answer: dict[str, float] = json.loads(line)
        return answer
