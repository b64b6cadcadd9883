"""A service in a process of its own, for the tests of starting and stopping: `python sample_service.py <mode>`."""

import asyncio
import resource
import sys

from pydantic import Field
from salon.room.v1.events_pb2 import UserLoggedIn
from salon.token.v1.token_pb2 import TokenVerified, VerifyToken
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.subjects import Entity, query
from salon_kit.bus import RequestContext
from salon_kit.events import Events, Outbox
from salon_kit.http.server import HttpServer
from salon_kit.service import Service, StartupError, run_service
from salon_kit.settings import HealthSettings, load, prefixed


class SampleSettings(HealthSettings):
    model_config = prefixed("SALON_SAMPLE_")

    mode: str = Field(default="", description="What to do.")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def build(service: Service, settings: SampleSettings) -> None:
    events = Events(service.bus)
    await events.ensure()
    if settings.mode == "refuses":
        raise StartupError("the master key is missing")
    if settings.mode == "fails":
        service.start("doomed", _fail())
    outbox = Outbox(events)
    service.start("outbox", outbox.run(), until="flush")

    async def handle(request: VerifyToken, context: RequestContext) -> TokenVerified:
        say("handling")
        await asyncio.sleep(0.3)
        return TokenVerified(user_id=request.user_id)

    serving = await service.bus.serve(query("token", "verify-token"), VerifyToken, handle, queue="token")
    service.on_stop("stop-accepting", serving.stop)

    async def finish() -> None:
        say("finish")
        outbox.put(Entity(AppId(1), RoomId("r"), RoomSessionId("s"), "user", "u"), UserLoggedIn(user_id="u"))

    async def flush() -> None:
        say(f"left {await outbox.flush()}")

    async def close() -> None:
        say("close")

    async def hang() -> None:
        await asyncio.Event().wait()

    service.on_stop("close", close)
    service.on_stop("flush", flush)
    service.on_stop("finish", hang if settings.mode == "hangs" else finish)

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        raise NotImplementedError

    server = HttpServer(app, "127.0.0.1", 0)
    service.serve_http(server)
    say(f"files {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}")
    say(f"ready {server.port}")


async def _fail() -> None:
    raise KeyError("no such thing")


if __name__ == "__main__":
    settings = load(SampleSettings)
    run_service("sample", lambda service: build(service, settings), health=settings)
