"""All transcoder processes of this relay: those in use, and the warm ones that save the next stream the start-up.

There are never more than `used_max` in use, nor more than `used_max + spares` at all, nor more of one user or app than
these may have: who waits for an end of their own holds up nobody else.
"""

import asyncio
import contextvars
import os
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from salon_contracts.ids import AppId, RelayId, UserId
from salon_kit.log import get_logger

from salon_relay.effects.process import COMMAND, ProcessPhase, Transcoder, TranscoderUser
from salon_relay.effects.rings import new_prefix, remove_leftovers, remove_rings

log = get_logger()

RESPAWN_S: Final = (0.5, 30.0)
CLOSE_S: Final = 3.0


class TranscoderWaiter(TranscoderUser, Protocol):
    """Who asks for a process."""

    @property
    def owner(self) -> tuple[AppId, UserId]:
        """Whose it will be; an empty user is none in particular."""

    def transcoder_taken(self, transcoder: Transcoder) -> None: ...
    def transcoders_full(self) -> None:
        """Its turn comes when another stream gives its process up."""

    def transcoder_failed(self) -> None:
        """It could not be started. Whoever still wants one asks again."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    relay_id: RelayId
    used_max: int
    """0: none, not even a spare one."""
    spares: int
    ring_folder: Path
    deadline_ms: int
    used_per_user: int = 0
    used_per_app: int = 0
    """0: no limit of its own."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    command: Sequence[str] = COMMAND


class TranscoderPool:
    """`run` it as a task; `take`, `cancel` and `end` from the same event loop; `close` at the end."""

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._spares = settings.spares if settings.used_max else 0
        self._environment = dict(settings.environment) | {
            "SALON_TRANSCODER_RING_FOLDER": str(settings.ring_folder),
            "SALON_TRANSCODER_DEADLINE_MS": str(settings.deadline_ms),
        }
        self._all: list[Transcoder] = []
        self._waiting: deque[TranscoderWaiter] = deque()
        self._users: dict[Transcoder, tuple[AppId, UserId]] = {}
        self._failures = 0
        self._resting: asyncio.TimerHandle | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Carries the processes until cancelled, which ends them by force."""
        remove_leftovers(self._settings.ring_folder, self._settings.relay_id)
        async with asyncio.TaskGroup() as self._tasks:
            try:
                self._fill()
                await asyncio.Event().wait()
            finally:
                self._stop()

    async def close(self) -> None:
        """Ends all of them in order; returns when they have ended or the time is up."""
        self._stop()
        for transcoder in list(self._all):
            transcoder.end()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.until(lambda: not self._all)
        except TimeoutError:
            log.error("transcoders-not-ended", count=len(self._all))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for a condition on the processes there are."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def counts(self) -> Counter[ProcessPhase]:
        return Counter(transcoder.phase for transcoder in self._all)

    def pids(self, phase: ProcessPhase) -> list[int]:
        return [each.pid for each in self._all if each.phase is phase and each.pid is not None]

    def take(self, waiter: TranscoderWaiter) -> None:
        """It is given a process as soon as there is one; at once, from within this call, if one is warm."""
        self._waiting.append(waiter)
        self._fill()
        if waiter in self._waiting and waiter not in self._next_ones():
            waiter.transcoders_full()

    def cancel(self, waiter: TranscoderWaiter) -> None:
        """It does not want one any more."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def end(self, transcoder: Transcoder) -> None:
        """A process that was taken is not wanted any more."""
        transcoder.end()
        self._fill()

    def _next_ones(self) -> list[TranscoderWaiter]:
        """Those who wait and may have a process, as many as may be in use, in their order."""
        used = [self._users[each] for each in self._all if each.phase is ProcessPhase.USED]
        of_user, of_app = Counter(used), Counter(app_id for app_id, _ in used)
        room = self._settings.used_max - len(used)
        found: list[TranscoderWaiter] = []
        for waiter in self._waiting:
            if len(found) >= room:
                break
            app_id, user_id = waiter.owner
            is_one_too_many = (user_id and 0 < self._settings.used_per_user <= of_user[waiter.owner]) or (
                0 < self._settings.used_per_app <= of_app[app_id]
            )
            if not is_one_too_many:
                found.append(waiter)
                of_user[waiter.owner] += 1
                of_app[app_id] += 1
        return found

    def _count(self, *phases: ProcessPhase) -> int:
        return sum(transcoder.phase in phases for transcoder in self._all)

    def _fill(self) -> None:
        """Serves who waits from what is warm, and starts what is missing."""
        self._changed.set()
        if self._tasks is None:
            return
        for transcoder in [each for each in self._all if each.phase is ProcessPhase.SPARE]:
            waiter = next(iter(self._next_ones()), None)
            if waiter is None:
                break
            self._waiting.remove(waiter)
            self._failures = 0
            self._users[transcoder] = waiter.owner
            transcoder.use(waiter)
            waiter.transcoder_taken(transcoder)
        if self._resting is not None:
            return
        wanted = len(self._next_ones()) + self._spares
        missing = wanted - self._count(ProcessPhase.STARTING, ProcessPhase.SPARE)
        allowed = self._settings.used_max + self._spares - len(self._all)
        for _ in range(min(missing, allowed)):
            self._spawn(self._tasks)

    def _spawn(self, tasks: asyncio.TaskGroup) -> None:
        prefix = new_prefix(self._settings.relay_id)
        transcoder = Transcoder(prefix, self._environment, lambda _: self._fill(), self._settings.command)
        self._all.append(transcoder)
        # In a context of its own: it outlives the request that it may have been made in.
        tasks.create_task(self._carry(transcoder), name=f"transcoder {prefix}", context=contextvars.Context())

    async def _carry(self, transcoder: Transcoder) -> None:
        """From the start of a process to the last file it left."""
        try:
            await transcoder.run()
        except OSError as error:
            log.error("transcoder-not-started", detail=str(error))
        except Exception:  # the supervisor of one process: a bug here ends this one alone
            log.exception("transcoder-broken", pid=transcoder.pid)
        finally:
            self._all.remove(transcoder)
            self._users.pop(transcoder, None)
            remove_rings(self._settings.ring_folder, transcoder.ring_prefix)
        if not transcoder.was_used:
            self._rest()
        self._fill()

    def _rest(self) -> None:
        """A process that nobody used has died: the next ones are started later and later."""
        if self._tasks is None or self._resting is not None:
            return
        first_s, longest_s = RESPAWN_S
        delay_s = min(longest_s, first_s * 2 ** min(self._failures, 16))
        self._failures += 1
        self._resting = asyncio.get_running_loop().call_later(delay_s, self._rested)
        for waiter in self._next_ones()[:1]:
            self._waiting.remove(waiter)
            waiter.transcoder_failed()

    def _rested(self) -> None:
        self._resting = None
        self._fill()

    def _stop(self) -> None:
        """Starts nothing from now on."""
        self._tasks = None
        self._waiting.clear()
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
