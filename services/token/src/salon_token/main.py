"""Builds the token service and runs it."""

from salon_contracts.subjects import APPS_BUCKET
from salon_kit.buckets import Bucket
from salon_kit.events import Events, Outbox
from salon_kit.service import Service, StartupError, run_service
from salon_kit.settings import load

from salon_token.config import TokenSettings
from salon_token.handlers import TokenHandlers
from salon_token.records import RecordCodec
from salon_token.sealing import SealError
from salon_token.store import AppStore


async def build(service: Service, settings: TokenSettings) -> None:
    events = Events(service.bus)
    await events.ensure()
    outbox = Outbox(events)
    store = AppStore(Bucket(service.bus, APPS_BUCKET), RecordCodec(settings.sealer()))
    try:
        await store.load()
    except SealError as error:
        raise StartupError(str(error)) from error
    handlers = TokenHandlers(store, events, outbox)

    service.health.add_check("apps", store.why_not_ready)
    service.start("apps", store.follow())
    service.start("outbox", outbox.run())
    serving = await handlers.serve(service.bus)
    await service.bus.flush()
    for subject in serving:
        service.on_stop("stop-accepting", subject.stop)
    service.on_stop("finish", handlers.finish)


def main() -> None:
    settings = load(TokenSettings)
    run_service("token", lambda service: build(service, settings), health=settings)
