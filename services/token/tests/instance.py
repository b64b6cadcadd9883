"""One instance of the token service inside the test's process, put together as main.py does it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from google.protobuf.message import Message
from pydantic import SecretStr
from salon.token.v1 import token_pb2
from salon_contracts.errors import RequestTimedOut
from salon_contracts.ids import AppId
from salon_contracts.subjects import APPS_BUCKET, command, query
from salon_kit.buckets import Bucket
from salon_kit.bus import Bus
from salon_kit.events import Events, Outbox
from salon_token.config import TokenSettings
from salon_token.core import App
from salon_token.handlers import TokenHandlers
from salon_token.records import RecordCodec
from salon_token.sealing import SealError
from salon_token.store import AppStore

MASTER_KEY = "a1" * 32
OTHER_MASTER_KEY = "b2" * 32


class ObservableStore(AppStore):
    """Says when its memory has changed."""

    def __init__(self, bucket: Bucket, codec: RecordCodec) -> None:
        super().__init__(bucket, codec)
        self._changed = asyncio.Event()

    async def wait_until(self, is_so: Callable[[], Awaitable[bool]], deadline_s: float = 5.0) -> None:
        """Asks again after every change; TimeoutError after the deadline."""
        async with asyncio.timeout(deadline_s):
            while not await is_so():
                await self._changed.wait()
                self._changed.clear()

    def _learn(self, app_id: AppId, revision: int, app: App | SealError | None) -> None:
        super()._learn(app_id, revision, app)
        self._changed.set()


@dataclass
class Instance:
    bus: Bus
    store: "ObservableStore"
    handlers: TokenHandlers
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def leave(self) -> None:
        """Drops off the bus at once, as a killed process does."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.bus.connection.close()


@asynccontextmanager
async def running(bus: Bus, master_key: str, previous: str = "", *, follow: bool = True) -> AsyncIterator[Instance]:
    """Without `follow` it hears nothing of what other instances do."""
    settings = TokenSettings(master_key=SecretStr(master_key), previous_master_keys=SecretStr(previous))
    events = Events(bus)
    await events.ensure()
    store = ObservableStore(Bucket(bus, APPS_BUCKET), RecordCodec(settings.sealer()))
    await store.load()
    outbox = Outbox(events)
    instance = Instance(bus, store, TokenHandlers(store, events, outbox))
    instance.tasks.append(asyncio.create_task(outbox.run(), name="outbox"))
    if follow:
        instance.tasks.append(asyncio.create_task(store.follow(), name="apps"))
        await asyncio.wait_for(store.following.wait(), 5)
    servings = await instance.handlers.serve(bus)
    await list_apps(bus)  # over its own connection: the server has taken the subscriptions when this is answered
    try:
        yield instance
    finally:
        if bus.connected:
            for serving in servings:
                await serving.stop()
            await instance.handlers.finish()
        for task in instance.tasks:
            task.cancel()
        await asyncio.gather(*instance.tasks, return_exceptions=True)


async def create(bus: Bus, **fields: object) -> token_pb2.AppCredentials:
    order = token_pb2.CreateApp(**fields)  # type: ignore[arg-type]  # fields of the message
    return await bus.request(command("token", "create-app"), order, token_pb2.AppCredentials)


async def rotate(bus: Bus, app_id: int, grace_s: int = 0) -> token_pb2.AppCredentials:
    order = token_pb2.RotateSecret(app_id=app_id, grace_s=grace_s)
    return await bus.request(command("token", "rotate-secret"), order, token_pb2.AppCredentials)


async def change_policy(bus: Bus, app_id: int, **fields: object) -> token_pb2.AppPolicy:
    order = token_pb2.ChangePolicy(app_id=app_id, **fields)  # type: ignore[arg-type]  # fields of the message
    return (await bus.request(command("token", "change-policy"), order, token_pb2.PolicyChangedReply)).policy


async def delete(bus: Bus, app_id: int) -> Message:
    order = token_pb2.DeleteApp(app_id=app_id)
    return await bus.request(command("token", "delete-app"), order, token_pb2.AppDeletedReply)


async def mint(bus: Bus, app_id: int, **fields: object) -> str:
    wanted = {"user_id": "alice", "lifetime_s": 60, **fields}
    order = token_pb2.MintToken(app_id=app_id, **wanted)  # type: ignore[arg-type]  # fields of the message
    return (await bus.request(command("token", "mint-token"), order, token_pb2.MintedToken)).token


async def verify(
    bus: Bus, app_id: int, token: str, user_id: str = "alice", room_id: str = "room1"
) -> token_pb2.TokenVerified:
    question = token_pb2.VerifyToken(app_id=app_id, token=token, user_id=user_id, room_id=room_id)
    return await bus.request(query("token", "verify-token"), question, token_pb2.TokenVerified)


async def verify_again(bus: Bus, app_id: int, token: str) -> token_pb2.TokenVerified:
    """As an asker does it: what was on its way to an instance as it died is lost, and is asked once more."""
    try:
        return await verify(bus, app_id, token)
    except RequestTimedOut:
        return await verify(bus, app_id, token)


async def list_apps(bus: Bus) -> list[token_pb2.AppSummary]:
    return list((await bus.request(query("token", "list-apps"), token_pb2.ListApps(), token_pb2.AppList)).apps)
