"""Builds the room service."""

import asyncio
import gc
from random import SystemRandom

from salon_contracts.subjects import PRESENCE_BUCKET, RELAYS_BUCKET, STREAM_CLAIMS_BUCKET
from salon_kit.buckets import Bucket, LeaseBucket
from salon_kit.events import Events, probe_storage
from salon_kit.http.server import HttpServer
from salon_kit.service import Service, run_service
from salon_kit.settings import load

from salon_room.background import Background
from salon_room.config import RoomSettings
from salon_room.core.signal_json import FRAME_MAX_BYTES
from salon_room.http.app import build_app
from salon_room.http.beacon_logouts import BeaconLogouts
from salon_room.http.demo_tokens import DemoTokens
from salon_room.http.viewer_places import ViewerPlaces
from salon_room.http.whep_viewers import WhepViewers
from salon_room.http.whip_publishers import WhipPublishers
from salon_room.members.expirations import take_expirations
from salon_room.members.logins import Logins
from salon_room.members.logouts import Logouts
from salon_room.members.presence import PresenceBook
from salon_room.members.resumes import Resumes
from salon_room.members.tokens import Tokens
from salon_room.quotas import Quotas
from salon_room.signaling.allowances import STRANGER
from salon_room.signaling.entries import Entries
from salon_room.signaling.gateway import Gateway
from salon_room.signaling.messages import Messages
from salon_room.signaling.requests import Requests
from salon_room.streams.effects import Effects
from salon_room.streams.peer_connections import PeerConnections
from salon_room.streams.placements import Placements
from salon_room.streams.play_rights import PlayRights
from salon_room.streams.plays import Plays
from salon_room.streams.publications import Publications
from salon_room.streams.relays import Relays
from salon_room.streams.stream_id_reservations import StreamIdReservations
from salon_room.views.retention import Retention, kept_at_least_s
from salon_room.views.rooms import Rooms

GC_THRESHOLDS = (10_000, 10, 20)
"""Python's are 700, 10 and 10: a log-in makes some hundred objects that stay."""


async def build(service: Service, settings: RoomSettings) -> None:
    bus, random, background = service.bus, SystemRandom(), Background()
    events = Events(bus)
    presence_leases = LeaseBucket(bus, PRESENCE_BUCKET)
    relay_leases = LeaseBucket(bus, RELAYS_BUCKET)
    stream_claims = Bucket(bus, STREAM_CLAIMS_BUCKET)
    await events.ensure()
    for bucket in (presence_leases, relay_leases, stream_claims):
        await bucket.ensure()

    quotas = Quotas(settings)
    presence = PresenceBook(presence_leases, settings.presence_ttl_s)
    reservations = StreamIdReservations(stream_claims, presence, events)
    tokens = Tokens(bus)
    relays = Relays(
        bus, relay_leases, background.spawn, timeout_s=settings.relay_timeout_s, grace_s=settings.relay_grace_s
    )
    rooms = Rooms(
        bus,
        events,
        background.spawn,
        random,
        relays.lost,
        lambda app_id, event: reservations.release(app_id, event.stream_id, event.session_id),
        linger_s=settings.view_linger_s,
    )
    logouts = Logouts(events, background.spawn, rooms, presence, reservations.release, relays.close_later)
    placements = Placements(relays, settings.region, random)
    effects = Effects(relays, background.spawn, quotas)
    rights = PlayRights(reservations)
    peer_connections = PeerConnections(rooms, relays)
    publications = Publications(
        events, background.spawn, rooms, peer_connections, placements, reservations, effects, quotas
    )
    plays = Plays(peer_connections, placements, rights)
    logins = Logins(events, rooms, presence, logouts, tokens, quotas)
    resumes = Resumes(events, rooms, presence, logouts, relays.lost, quotas, max_events=settings.resume_max_events)
    messages = Messages(events, quotas)
    requests = Requests(quotas, logouts, publications, plays, peer_connections, effects, messages)
    entries = Entries(
        logins,
        resumes,
        quotas,
        heartbeat_interval_s=settings.heartbeat_interval_s,
        presence_ttl_s=settings.presence_ttl_s,
    )
    gateway = Gateway(bus, settings, background.spawn, requests.verbs, entries, logouts, presence)
    whip_publishers = WhipPublishers(
        quotas=quotas,
        rooms=rooms,
        tokens=tokens,
        reservations=reservations,
        logins=logins,
        logouts=logouts,
        presence=presence,
        publications=publications,
        background=background,
    )
    whep_viewers = WhepViewers(
        rooms, events, relays, placements, tokens, rights, ViewerPlaces(rooms, relays, background.spawn), quotas
    )
    beacon_logouts = BeaconLogouts(presence, logouts, quotas)
    demo_tokens = DemoTokens(tokens, settings.demo_app_id, settings.demo_token_lifetime_s, settings.demo_host_names)

    relays.on_lost = peer_connections.report_lost
    bus.on_connection(lambda connected: whip_publishers.renew_now() if connected else None)
    await rooms.start()
    await relays.start()
    service.start("probe-storage", probe_storage(bus))
    service.start("retention", Retention(bus, kept_at_least_s(settings.presence_ttl_s)).run())
    service.start("expirations", take_expirations(presence_leases, logouts, settings.expiry_grace_s))
    server = HttpServer(
        build_app(gateway, beacon_logouts, whip_publishers, whep_viewers, quotas, demo_tokens, service.health),
        settings.host,
        settings.port,
        tls=settings.tls,
        frame_max_bytes=FRAME_MAX_BYTES,
        max_per_address=settings.max_connections_per_address,
        max_connections=settings.max_sockets,
        proxies=settings.proxies,
        strangers=STRANGER,
    )

    async def drain() -> None:
        await asyncio.gather(gateway.drain(), whip_publishers.drain())

    async def close() -> None:
        await background.close()
        await rooms.close()

    service.serve_http(server, before_stop=drain)
    service.on_stop("close", close)
    _leave_long_lived_objects_alone()


def _leave_long_lived_objects_alone() -> None:
    """A fifth of what a log-in to a room of thousands costs was the garbage collector's, which looked at all modules,
    and at everybody in the room, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def main() -> None:
    settings = load(RoomSettings)
    run_service("room", lambda service: build(service, settings), health=settings)
