"""How a service runs: start, stop, and what ends it.

def main() -> None:
    settings = load(RoomSettings)
    run_service("room", lambda service: build(service, settings), health=settings)

async def build(service: Service, settings: RoomSettings) -> None:
    events = Events(service.bus)
    await events.ensure()
    service.start("expirations", take_expirations(...))
    service.serve_http(HttpServer(app, settings.host, settings.port), before_stop=gateway.drain)
"""

import asyncio
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, get_args

import uvloop
from salon_contracts.errors import BusUnavailable, SalonError

from salon_kit.bus import Bus
from salon_kit.events import NoRoomForEvents
from salon_kit.health import Health
from salon_kit.http.server import CannotServe, HttpServer
from salon_kit.identity import Identity
from salon_kit.log import get_logger, set_up_logging
from salon_kit.nats.private import NatsPyMismatch, check_nats_py
from salon_kit.settings import BusSettings, HealthSettings, ProcessSettings, load

log = get_logger()

StopPhase = Literal["stop-accepting", "finish", "flush", "close"]
Action = Callable[[], Awaitable[None]]

FILES_MAX = 1_048_576
CLOSE_S = 1.0
"""What is kept of the stop deadline for leaving NATS."""


class StartupError(Exception):
    """Why a service cannot start, in one clear sentence. `run_service` prints it and exits with 1."""


class Service:
    """What `build` gets. When `build` returns, the service is ready and runs until a signal or a failed task."""

    def __init__(self, name: str, identity: Identity, bus: Bus, health: Health) -> None:
        self.name = name
        self.identity = identity
        self.bus = bus
        self.health = health
        self._tasks: dict[asyncio.Task[None], StopPhase] = {}
        self._actions: dict[StopPhase, list[Action]] = {phase: [] for phase in get_args(StopPhase)}
        self._stopping = asyncio.Event()
        self._failure: str | None = None

    def start(self, name: str, work: Coroutine[Any, Any, None], *, until: StopPhase = "finish") -> None:
        """Runs `work` as a task of that name. If it fails, the service stops with exit code 1; returning is fine.

        At stop it is cancelled after the phase `until`: `service.start("outbox", outbox.run(), until="flush")`.
        """
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = until
        task.add_done_callback(self._ended)

    def on_stop(self, phase: StopPhase, action: Action) -> None:
        """`action` runs at stop: phases in order, actions of one phase at once, all within the stop deadline.

        Readiness is withdrawn before the first phase.
        """
        self._actions[phase].append(action)

    def serve_http(self, server: HttpServer, before_stop: Action | None = None) -> None:
        """Serves until "stop-accepting". `before_stop` has ended when the connections that are open then are closed."""

        async def stop() -> None:
            try:
                if before_stop is not None:
                    await before_stop()
            finally:
                await server.stop()

        server.start(f"http {server.port}")
        self.on_stop("stop-accepting", stop)
        log.info("http-serving", port=server.port)

    def stop(self) -> None:
        """As if SIGTERM had come."""
        self._stopping.set()

    async def run_until_stopped(self) -> None:
        """Returns when `stop` was called or a task failed; for run_service."""
        await self._stopping.wait()

    async def shut_down(self, timeout_s: float) -> str | None:
        """Runs the phases; why the service failed, if it did. For run_service."""
        deadline = time.monotonic() + timeout_s
        self.health.set_draining()
        log.info("service-stopping")
        for phase, actions in self._actions.items():
            await self._run_phase(phase, actions, deadline)
            await self._cancel([task for task, until in self._tasks.items() if until == phase])
        await self.bus.close(max(0.1, min(CLOSE_S, deadline - time.monotonic())))
        return self._failure

    async def _run_phase(self, phase: StopPhase, actions: list[Action], deadline: float) -> None:
        if not actions:
            return
        tasks = [asyncio.ensure_future(action()) for action in actions]
        done, late = await asyncio.wait(tasks, timeout=max(0.0, deadline - CLOSE_S - time.monotonic()))
        for task in late:
            log.warning("stop-phase-late", phase=phase)
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in done:
            error = None if task.cancelled() else task.exception()
            if error is not None:
                log.error("stop-action-failed", phase=phase, err_code=type(error).__name__, exc_info=error)

    async def _cancel(self, tasks: "list[asyncio.Task[None]]") -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_S)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.critical("task-failed", task=task.get_name(), err_code=type(error).__name__, exc_info=error)
            self._failure = f"its task {task.get_name()!r} failed ({type(error).__name__})"
            self.stop()


Build = Callable[[Service], Awaitable[None]]


def run_service(
    name: str,
    build: Build,
    *,
    health: HealthSettings,
    process: ProcessSettings | None = None,
    bus: BusSettings | None = None,
) -> None:
    """Runs until SIGTERM or SIGINT, then stops gracefully; a second signal stops at once.

    Settings not given are loaded from the environment. A failure to start is one sentence on stderr and exit code 1.
    """
    process_settings = load(ProcessSettings) if process is None else process
    bus_settings = load(BusSettings) if bus is None else bus
    identity = Identity.start(name, process_settings.node_id or None)
    set_up_logging(
        level=process_settings.log_level, format_=process_settings.log_format, service=name, node_id=identity.node
    )
    _allow_many_sockets()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            failure = runner.run(_run(name, build, health, process_settings, bus_settings, identity))
    except StartupError as error:
        sys.stderr.write(f"{name} cannot start: {error}\n")
        raise SystemExit(1) from None
    except asyncio.CancelledError:
        sys.stderr.write(f"{name} was stopped at once\n")
        raise SystemExit(1) from None
    if failure is not None:
        sys.stderr.write(f"{name} has stopped: {failure}\n")
        raise SystemExit(1)


async def _run(
    name: str,
    build: Build,
    health_settings: HealthSettings,
    process: ProcessSettings,
    bus_settings: BusSettings,
    identity: Identity,
) -> str | None:
    signals = _Signals()
    health = Health()
    starting = _Flag("the service is starting")
    health.add_check("started", starting)
    try:
        health_server = HttpServer(health.app, health_settings.health_host, health_settings.health_port)
    except CannotServe as error:
        raise StartupError(str(error)) from None
    health_server.start("health")
    try:
        bus = await _connect(bus_settings, identity, process.startup_timeout_s)
        health.add_check("nats", lambda: None if bus.connected else "NATS cannot be reached")
        health.add_check("storage", lambda: bus.jetstream.storage.problem)
        service = Service(name, identity, bus, health)
        signals.first = service.stop
        try:
            await _build(service, build)
        except BaseException:
            await service.shut_down(process.stop_timeout_s)
            raise
        starting.clear()
        log.info("service-started", epoch=identity.epoch, health_port=health_server.port)
        await service.run_until_stopped()
        failure = await service.shut_down(process.stop_timeout_s)
        log.info("service-stopped")
        return failure
    finally:
        await health_server.stop(0.5)


def _allow_many_sockets() -> None:
    """Raises the soft limit of open files, often 1024 for the sake of `select`, to what the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Flag:
    """A readiness check that fails with a sentence until it is cleared."""

    def __init__(self, reason: str) -> None:
        self._reason: str | None = reason

    def __call__(self) -> str | None:
        return self._reason

    def clear(self) -> None:
        self._reason = None


class _Signals:
    """The first SIGTERM or SIGINT calls `first`; another one, or one before there is a `first`, ends the process."""

    def __init__(self) -> None:
        self.first: Callable[[], None] | None = None
        self._main = asyncio.current_task()
        for which in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(which, self._take)

    def _take(self) -> None:
        first, self.first = self.first, None
        if first is not None:
            first()
        elif self._main is not None:
            self._main.cancel()


async def _connect(settings: BusSettings, identity: Identity, timeout_s: float) -> Bus:
    try:
        check_nats_py()
    except NatsPyMismatch as error:
        raise StartupError(str(error)) from None
    try:
        return await Bus.connect(settings, identity, timeout_s=timeout_s)
    except BusUnavailable as error:
        reason = "" if error.__cause__ is None else f" ({error.__cause__})"
        raise StartupError(f"NATS at {settings.url} was not reached within {timeout_s:g} s{reason}") from None


async def _build(service: Service, build: Build) -> None:
    """Builds, unless a signal comes first."""
    building = asyncio.ensure_future(build(service))
    stopped = asyncio.ensure_future(service.run_until_stopped())
    try:
        await asyncio.wait([building, stopped], return_when=asyncio.FIRST_COMPLETED)
        if building.done():
            building.result()
    except (SalonError, CannotServe, NoRoomForEvents) as error:
        raise StartupError(str(error)) from error
    finally:
        building.cancel()
        stopped.cancel()
        await asyncio.gather(building, stopped, return_exceptions=True)
