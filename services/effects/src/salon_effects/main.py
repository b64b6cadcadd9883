"""Builds the effects worker and runs it."""

import sys

from salon_contracts.ids import WorkerId
from salon_kit.service import Service, StartupError, run_service
from salon_kit.settings import load

from salon_effects.config import EffectsSettings, parse_address
from salon_effects.connections import Connections
from salon_effects.core.capacity import Capacity
from salon_effects.core.frame_scheduler import FrameScheduler
from salon_effects.filters.loading import FilterUnusable, load_filters
from salon_effects.handlers import Handlers
from salon_effects.worker import Worker

SWITCH_INTERVAL_S = 0.001
"""How long the thread at the gate may keep the frames waiting for the interpreter, instead of 5 ms."""


def main() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    settings = load(EffectsSettings)
    run_service("effects", lambda service: build(service, settings), health=settings)


async def build(service: Service, settings: EffectsSettings) -> None:
    try:
        filters = load_filters(settings.filters)
    except FilterUnusable as error:
        raise StartupError(str(error)) from error
    name = WorkerId(settings.id or f"{service.identity.node}-{service.identity.epoch}")
    worker = Worker(
        name,
        service.bus,
        filters,
        FrameScheduler(settings.threads),
        Capacity(settings.threads, settings.max_load, settings.max_streams),
    )
    connections = await listen(worker, settings) if settings.frames_address else None
    await worker.start()
    await service.bus.flush()

    service.health.add_check("filters", worker.stuck)
    service.start("answers", worker.post(), until="flush")
    service.start("tick", worker.tick())
    service.start("placement", Handlers(worker, settings.ring_folder, connections).keep_place(service.bus))

    async def stop_accepting() -> None:
        worker.stop_accepting()
        if connections is not None:
            connections.close()

    service.on_stop("stop-accepting", stop_accepting)
    service.on_stop("finish", worker.finish)


async def listen(worker: Worker, settings: EffectsSettings) -> Connections:
    """Raises StartupError."""
    host, port = parse_address(settings.frames_address)
    bind_host, bind_port = parse_address(settings.frames_bind) if settings.frames_bind else (None, port)
    connections = Connections(worker, host)
    try:
        await connections.listen(bind_host, bind_port, port)
    except OSError as error:
        where = settings.frames_bind or f"port {bind_port}"
        raise StartupError(f"SALON_EFFECTS_FRAMES_BIND: {where} cannot be used: {error.strerror}.") from error
    return connections
