"""A client that is a program of its own: run, listened to, and ended."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from tests.clients.client import ClientFailed, Ending

END_DEADLINE_S = 10.0
KEPT_LINES = 40


class Program:
    """One process and the last lines that it said."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process
        self._lines: list[str] = []
        self._listening = asyncio.create_task(self._listen())

    @property
    def said(self) -> str:
        """The last line that is an error, or else the last one that has anything in it."""
        errors = [line for line in self._lines if line.startswith("ERROR")]
        return next((line for line in reversed(errors or self._lines) if line.strip()), "nothing")

    @property
    def said_first(self) -> str:
        return next((line for line in self._lines if line.strip()), "nothing")

    async def ended(self) -> int:
        await self._listening
        return await self._process.wait()

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), END_DEADLINE_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._listening.cancel()  # something that it started may still hold its output
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(65536):
            self._lines = (self._lines + data.decode(errors="replace").splitlines())[-KEPT_LINES:]


@asynccontextmanager
async def running(
    name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncIterator[Program]:
    """Ends it when it is left."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
    )
    program = Program(name, process)
    try:
        yield program
    finally:
        await program.end()


@asynccontextmanager
async def publishing(
    name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncIterator[Ending]:
    """A program that publishes until it is ended."""
    async with running(name, command, environment) as program:
        watching = asyncio.create_task(_watch(program))
        try:
            yield watching
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _watch(program: Program) -> None:
    code = await program.ended()
    raise ClientFailed(f"{program.name} ended with {code}: {program.said}")


async def run_to_end(name: str, command: Sequence[str], deadline_s: float) -> str:
    """The first line of a program that ends by itself. Raises ClientFailed if that is with an error."""
    async with running(name, command) as program:
        code = await asyncio.wait_for(program.ended(), deadline_s)
        if code != 0:
            raise ClientFailed(f"{name} ended with {code}: {program.said}")
        return program.said_first


async def output_of(command: Sequence[str]) -> str:
    """The first line of one that ends by itself."""
    return await run_to_end(command[0], command, END_DEADLINE_S)
