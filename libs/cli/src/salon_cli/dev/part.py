"""One part of the cloud: a process that is started again when it ends, but not for ever."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from salon_cli.dev.child import Child, ChildFailed
from salon_cli.dev.restarts import RESTARTS_MAX, WITHIN_S, Restarts


@dataclass(slots=True)
class Part:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path
    on_line: Callable[[str, str], None]
    child: Child = field(init=False)
    _starts: int = 0

    async def start(self) -> None:
        self.child = await Child.start(
            self.name, self.command, self.environment, self.log_file, self.on_line, keep_log=self._starts > 0
        )
        self._starts += 1

    async def keep(self, say: Callable[[str], None]) -> None:
        """Starts it again whenever it ends, and says so. Raises ChildFailed when that is too often."""
        restarts = Restarts()
        while True:
            await self.child.ended()
            pause_s = restarts.ended(time.monotonic())
            if pause_s is None:
                raise ChildFailed(
                    f"{self.child.failure()}; that was {RESTARTS_MAX + 1} times within {WITHIN_S / 60:g} minutes"
                )
            await asyncio.sleep(pause_s)
            say(f"{self.name} ended with code {self.child.exit_code}; started again ({self._starts})")
            await self.start()
