"""A real server with a user for each service: what its row of the table says works, the rest is refused."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import SecretStr
from salon_contracts.access import ACCESS
from salon_contracts.errors import BusUnavailable
from salon_contracts.subjects import APPS_BUCKET, EVENTS_STREAM, PRESENCE_BUCKET, RELAYS_BUCKET, STREAM_CLAIMS_BUCKET
from salon_kit.buckets import Bucket, Entry, LeaseBucket
from salon_kit.bus import Bus
from salon_kit.events import Events, EventTail, try_to_store
from salon_kit.identity import Identity
from salon_kit.nats.config import NatsConfig, nats_config
from salon_kit.nats.permissions import inbox_prefix, permissions
from salon_kit.testing import Gathered, NatsServer

from .entities import logged_in, user

SERVICES = sorted(ACCESS)
PUBLISHED = sorted({subject for service in SERVICES for subject in permissions(service).publish})
SUBSCRIBED = sorted({subject for service in SERVICES for subject in permissions(service).subscribe})


def literal(pattern: str) -> str:
    """A subject that matches it."""
    return pattern.replace("*", "x").replace(">", "x.y")


def matches(subject: str, pattern: str) -> bool:
    ours, theirs = subject.split("."), pattern.split(".")
    for index, token in enumerate(theirs):
        if token == ">":
            return len(ours) > index
        if index >= len(ours) or token not in ("*", ours[index]):
            return False
    return len(ours) == len(theirs)


def foreign(service: str, patterns: list[str], own: tuple[str, ...]) -> list[str]:
    return [p for p in patterns if not any(matches(literal(p), mine) for mine in own)]


class Server:
    def __init__(self, directory: Path) -> None:
        self.passwords = {service: SecretStr(secrets.token_hex(8)) for service in SERVICES}
        self.nats = NatsServer(directory, service_passwords=self.passwords)
        self.nats.start()

    async def bus(self, service: str) -> Bus:
        settings = self.nats.settings.model_copy(update={"user": service, "password": self.passwords[service]})
        return await Bus.connect(settings, Identity.start(service, f"{service}-1"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("nats"))
    yield server
    server.nats.stop()


class Raw:
    """A client of one user that remembers what the server refused."""

    def __init__(self) -> None:
        self.client = Client()
        self.refused: Gathered[str] = Gathered()

    async def connect(self, server: Server, service: str) -> None:
        async def on_error(error: Exception) -> None:
            self.refused.add(str(error))

        settings = server.nats.settings
        password = server.passwords[service].get_secret_value()
        self._inbox = inbox_prefix(service)
        await self.client.connect(settings.url, user=service, password=password, error_cb=on_error)

    async def is_refused(self, what: str, subject: str) -> bool:
        """What was sent before this has been refused by now, or it was not."""
        echo = f"{self._inbox}.{secrets.token_hex(4)}"
        echoes = await self.client.subscribe(echo)
        await self.client.publish(echo, b"")
        await echoes.next_msg(timeout=10)  # a PING would overtake what waits to be written
        await echoes.unsubscribe()
        return any(what in each.lower() and f'"{subject}"'.lower() in each.lower() for each in self.refused.items)


@pytest_asyncio.fixture
async def raw(server: Server, request: pytest.FixtureRequest) -> AsyncIterator[Raw]:
    raw = Raw()
    await raw.connect(server, request.getfixturevalue("service"))
    yield raw
    await raw.client.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_what_only_others_may_publish_is_refused(raw: Raw, service: str) -> None:
    forbidden = foreign(service, PUBLISHED, permissions(service).publish)
    assert forbidden
    for pattern in (*forbidden, "$JS.API.STREAM.DELETE.SALON_EVENTS", "$JS.API.INFO", "$SYS.REQ.SERVER.PING", "else"):
        subject = literal(pattern)
        await raw.client.publish(subject, b"")
        assert await raw.is_refused("publish", subject), f"{service} may publish {subject}"


@pytest.mark.parametrize("service", SERVICES)
async def test_what_only_others_may_hear_is_refused(raw: Raw, service: str) -> None:
    async def take(message: Msg) -> None:
        raise AssertionError(message.subject)

    forbidden = foreign(service, SUBSCRIBED, permissions(service).subscribe)
    assert forbidden
    for subject in (*forbidden, ">", "_INBOX.>", "salon.>", "salon.evt.v1.>", "$KV.>", "$JS.ACK.>"):
        await raw.client.subscribe(subject, cb=take)
        assert await raw.is_refused("subscription", subject), f"{service} may subscribe to {subject}"


@pytest.mark.parametrize("service", SERVICES)
async def test_its_own_things_are_allowed(raw: Raw, service: str) -> None:
    allowed = permissions(service)
    for pattern in allowed.publish:
        await raw.client.publish(literal(pattern), b"")
        assert not await raw.is_refused("publish", literal(pattern))
    for pattern in allowed.subscribe:
        await raw.client.subscribe(pattern)
        assert not await raw.is_refused("subscription", pattern)


@pytest.mark.parametrize(
    ("service", "refused"),
    [
        ("effects", "salon.evt.v1.7.r.s.stream.cam"),
        ("effects", f"$JS.API.DIRECT.GET.KV_{APPS_BUCKET}.$KV.{APPS_BUCKET}.7"),
        ("effects", f"$JS.API.CONSUMER.CREATE.{EVENTS_STREAM}.mine"),
        ("relay", "salon.cmd.v1.token.mint-token"),
        ("relay", "salon.evt.v1.7.r.s.user.alice"),
        ("relay", f"$JS.API.STREAM.PURGE.{EVENTS_STREAM}"),
        ("relay", f"$KV.{PRESENCE_BUCKET}.7.alice"),
        ("room", f"$JS.API.STREAM.MSG.GET.KV_{APPS_BUCKET}"),
        ("room", f"$JS.API.CONSUMER.CREATE.KV_{APPS_BUCKET}.mine"),
        ("room", "salon.cmd.v1.token.create-app"),
        ("room", f"$KV.{RELAYS_BUCKET}.relay-1"),
        ("room", "salon.evt.v1.7.-.-.app.7"),
        ("token", "salon.cmd.v1.relay.relay-1.negotiate"),
        ("token", f"$JS.API.STREAM.UPDATE.{EVENTS_STREAM}"),
        ("token", f"$KV.{STREAM_CLAIMS_BUCKET}.7.cam"),
        ("token", f"{inbox_prefix('room')}.x.y"),
    ],
)
async def test_what_an_intruder_would_try_is_refused(raw: Raw, service: str, refused: str) -> None:
    await raw.client.publish(refused, b"{}")
    assert await raw.is_refused("publish", refused)


async def test_the_kit_works_with_what_the_services_may(server: Server) -> None:
    """Whatever order they start in: each makes the streams it needs."""
    token, relay, room = [await server.bus(service) for service in ("token", "relay", "room")]
    for bus in (token, relay, room):
        await Events(bus).ensure()
        await Events(bus).ensure()
    apps, relays = Bucket(token, APPS_BUCKET), LeaseBucket(relay, RELAYS_BUCKET)
    presence, claims = LeaseBucket(room, PRESENCE_BUCKET), Bucket(room, STREAM_CLAIMS_BUCKET)
    for bucket in (apps, relays, presence, claims, LeaseBucket(room, RELAYS_BUCKET)):
        await bucket.ensure()
    for bus in (relay, room, token):
        await try_to_store(bus)
    events, heard = Events(room), Gathered[int]()

    async def hear(event: object) -> None:
        heard.add(1)

    tail = EventTail(room, hear)
    await tail.start()
    await tail.follow("salon.evt.v1.7.lobby.>")
    first = await events.append(user("a"), logged_in("a"), expected_sequence=0)
    await heard.until(lambda items: len(items) == 1)
    assert (await events.snapshot(["salon.evt.v1.7.lobby.>"])).through_sequence == first
    assert await events.last(user("a"), from_leader=True) is not None
    assert await room.jetstream.purge(EVENTS_STREAM, "salon.evt.v1.7.lobby.>", below=first + 1, timeout_s=2) == 1
    async with LeaseBucket(room, RELAYS_BUCKET).watch() as watch:
        await relays.put("relay-1", b"here", 60, expected_revision=0)
        assert (await anext(aiter(watch))).key == "relay-1"
    entry = Entry("7.a", b"x", await presence.put("7.a", b"x", 1, expected_revision=0))
    async for expired in presence.expirations("room", grace_s=0):
        assert expired.key == entry.key
        await expired.ack()
        break
    await claims.delete("7.cam", expected_revision=await claims.put("7.cam", b"x", expected_revision=0))
    async with apps.watch() as watch:
        await apps.put("7", b"sealed", expected_revision=0)
        assert (await anext(aiter(watch))).key == "7"
    await tail.close()
    for bus in (token, relay, room):
        await bus.close()


async def test_who_is_refused_is_told_no_and_stays_connected(server: Server) -> None:
    effects = await server.bus("effects")
    with pytest.raises(BusUnavailable):
        await Events(effects).append(user("a"), logged_in("a"), timeout_s=0.5)
    assert effects.connected
    await effects.flush()
    await effects.close()


def test_services_with_passwords_need_somebody_who_may_everything(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs one"):
        nats_config(NatsConfig(store_dir=tmp_path, service_passwords={"room": SecretStr("x")}))
