"""Builds the relay and runs it."""

import asyncio
import ipaddress
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from salon.relay.v1.relay_pb2 import RelayAnnouncement
from salon_contracts.ids import RelayId
from salon_contracts.subjects import RELAYS_BUCKET
from salon_kit.buckets import LeaseBucket
from salon_kit.events import Events, Outbox, probe_storage
from salon_kit.log import get_logger
from salon_kit.service import Service, StartupError, run_service
from salon_kit.settings import load
from salon_packets import Relay

from salon_relay.addresses import PublicAddresses
from salon_relay.announce import RelayIdTaken
from salon_relay.announcer_thread import AnnouncerThread
from salon_relay.config import RelaySettings, limits_of, relay_id
from salon_relay.effects.metrics import observe_effects
from salon_relay.effects.pool import PoolSettings, TranscoderPool
from salon_relay.effects.streams import EffectsOfStreams
from salon_relay.event_record import EventRecord
from salon_relay.handlers import Handlers, OrderServing
from salon_relay.metrics import Meter, observe_addresses
from salon_relay.packets import Packets
from salon_relay.peers.dtls import AiortcMismatch, check_aiortc
from salon_relay.peers.router import Router

if TYPE_CHECKING:
    from salon_packets._native import Stats

log = get_logger()

SWITCH_INTERVAL_S = 0.001
"""How long the thread that reads offers may keep the event loop waiting for the interpreter, instead of 5 ms."""


def main() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    settings = load(RelaySettings)
    run_service("relay", lambda service: build(service, settings), health=settings)


def show_addresses(settings: RelaySettings, addresses: PublicAddresses, port: int) -> None:
    """In the log and in the metrics: whoever looks for why nobody gets media begins there."""
    observe_addresses(addresses.current)
    announced = [str(address) for address in addresses.current]
    log.info("media-addresses", bound=settings.bind_host, addresses=announced, port=port)
    if unfit := addresses.of_other_family():
        log.warning(
            "media-addresses-of-other-family", bound=settings.bind_host, addresses=[str(each) for each in unfit]
        )


async def build(service: Service, settings: RelaySettings) -> None:
    """Everything started. The name is claimed before orders are served under it, and open for rooms after that."""
    try:
        check_aiortc()
        bound = ipaddress.ip_address(settings.bind_host)
        addresses = await asyncio.to_thread(PublicAddresses, settings.public_addresses, bound)
        path = Relay(settings.bind_host, settings.port)
    except AiortcMismatch as error:
        raise StartupError(f"The installed aiortc does not fit: {error}.") from error
    except OSError as error:
        raise StartupError(
            f"The media socket {settings.bind_host}:{settings.port} or a public address cannot be used: {error}."
        ) from error
    name = RelayId(relay_id(settings, service.identity.node))
    port = settings.public_port or path.local_port

    events = Events(service.bus)
    await events.ensure()
    outbox = Outbox(events)
    meter = Meter()

    def observe(stats: "Stats", seconds: float) -> None:
        meter.observe(
            stats,
            seconds,
            streams=router.registry.streams,
            transports=router.transports,
            half_open=router.half_open,
        )
        router.observe(stats)
        effects.observe(stats, seconds)
        observe_effects(effects.counts(), transcoders.counts(), effects.latencies_us())

    packets = Packets(path, on_stats=observe)
    record = EventRecord(name, outbox.put)
    router = Router(
        packets,
        record,
        limits=limits_of(settings),
        addresses=lambda: addresses.current,
        port=port,
    )
    transcoders = TranscoderPool(
        PoolSettings(
            relay_id=name,
            used_max=settings.transcoders_max,
            used_per_user=settings.transcoders_per_user,
            used_per_app=settings.transcoders_per_app,
            spares=settings.transcoder_spares,
            ring_folder=Path(settings.ring_folder),
            deadline_ms=settings.effect_deadline_ms,
        )
    )
    effects = EffectsOfStreams(
        router, relay_id=name, packets=packets, ids=router.ids, transcoders=transcoders, record=record
    )
    packets.start()
    service.start("outbox", outbox.run())
    service.start("probe-storage", probe_storage(service.bus))
    service.start("statistics", packets.run())
    service.start("peers", router.run())
    await router.started.wait()
    servings: list[OrderServing] = []
    await LeaseBucket(service.bus, RELAYS_BUCKET).ensure()
    announcer = AnnouncerThread(
        service.bus.settings,
        service.identity,
        name,
        lambda: RelayAnnouncement(
            relay_id=name,
            addresses=[str(address) for address in addresses.current],
            port=port,
            region=settings.region,
            capacity_packets_per_s=settings.capacity_packets_per_s,
            packets_per_s=meter.packets_per_s,
            transports=router.transports,
            draining=router.draining or not servings,
            epoch=service.identity.epoch,
        ),
        ttl_s=settings.lease_ttl_s,
        stall_timeout_s=settings.stall_timeout_s,
    )
    try:
        await announcer.start()
    except RelayIdTaken as error:
        raise StartupError(f"{error}; set SALON_RELAY_ID.") from error
    service.start("transcoders", transcoders.run())
    servings += await Handlers(router, effects).serve(service.bus, name)
    announcer.announce_now()
    service.start("announcement", announcer.run())
    show_addresses(settings, addresses, port)

    def addresses_changed() -> None:
        show_addresses(settings, addresses, port)
        announcer.announce_now()

    service.start("addresses", addresses.run(addresses_changed))

    async def stop_accepting() -> None:
        router.draining = True
        announcer.announce_now()
        await asyncio.gather(*(serving.stop() for serving in servings))

    async def finish() -> None:
        router.close_all()
        effects.close()
        await transcoders.close()
        await outbox.flush()

    async def close() -> None:
        await announcer.withdraw()
        packets.close()

    service.on_stop("stop-accepting", stop_accepting)
    service.on_stop("finish", finish)
    service.on_stop("close", close)
