"""Starts the cloud's processes in order, watches them, stops them in the reverse order."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pydantic import SecretStr
from salon.token.v1.token_pb2 import AppCredentials, CreateApp, MintedToken, MintToken
from salon_contracts import subjects
from salon_contracts.errors import AppExists, BusUnavailable
from salon_kit.bus import Bus
from salon_kit.events import try_to_store
from salon_kit.http.bind_address import EVERYWHERE
from salon_kit.identity import Identity
from salon_kit.jetstream import JetStreamError
from salon_kit.nats.config import NatsConfig, nats_server_binary, write_nats_config
from salon_kit.settings import BusSettings

from salon_cli.dev.certificate import ensure_certificate
from salon_cli.dev.child import Child, ChildFailed
from salon_cli.dev.disk import FullDisk, Space
from salon_cli.dev.part import Part
from salon_cli.dev.plan import LOOPBACK, Plan
from salon_cli.dev.screen import Screen
from salon_cli.dev.state import DevState

READY_DEADLINE_S = 30.0
CONNECT_TIMEOUT_S = 10.0
DISK_LOOK_S = 1.0
TRY_TOKEN_LIFETIME_S = 24 * 3600
PAGE_APP = "demo-page"
"""Its tokens are given to anybody who can open the page, so nothing else uses it."""
MODULES = {"token": "salon_token", "relay": "salon_relay", "effects": "salon_effects", "room": "salon_room"}


class Cloud:
    def __init__(self, plan: Plan, state: DevState, screen: Screen) -> None:
        self._plan = plan
        self._state = state
        self._screen = screen
        self._parts: list[Part] = []
        self._logs = state.folder / "log"
        self.certificate: tuple[Path, Path] | None = None

    async def start(self) -> None:
        """Everything at once, since each waits for the bus by itself; then each one's readiness."""
        self._logs.mkdir(exist_ok=True)
        if self._plan.public_host is not None:
            self.certificate = ensure_certificate(self._state.folder, self._plan.public_host)
        await self._start_nats()
        for service, module in MODULES.items():
            environment = self._plan.environment(service, self._state, self.certificate)
            await self._start(service, [sys.executable, "-m", module], environment)
        self._state.remember_run(self._plan.nats_port, self._plan.url)
        plan = self._plan
        secure = "https" if self.certificate else "http"
        everywhere = plan.media_host == EVERYWHERE
        media = f"UDP port {plan.media_port}, {'every address' if everywhere else plan.media_host}"
        await self._ready("nats", f"nats://{LOOPBACK}:{plan.nats_port}", None)
        await self._ready("token", "on the bus", f"http://{LOOPBACK}:{plan.token_health_port}/readyz")
        await self._ready("media-relay", media, f"http://{LOOPBACK}:{plan.relay_health_port}/readyz")
        await self._ready("effects", "on the bus", f"http://{LOOPBACK}:{plan.effects_health_port}/readyz")
        await self._ready("room", plan.url, f"{secure}://{LOOPBACK}:{plan.http_port}/readyz")

    async def ensure_apps(self) -> str:
        """The developer's app and the demo page's exist after this; returns a token of the first for trying."""
        state = self._state
        apps = (("demo", state.app_id, state.server_secret), (PAGE_APP, state.page_app_id, state.page_server_secret))
        async with self._bus() as bus:
            for name, app_id, server_secret in apps:
                app = CreateApp(name=name, app_id=app_id, server_secret=server_secret)
                with suppress(AppExists):
                    await bus.request(subjects.command("token", "create-app"), app, AppCredentials)
            wish = MintToken(app_id=state.app_id, user_id="visitor", lifetime_s=TRY_TOKEN_LIFETIME_S)
            minted = await bus.request(subjects.command("token", "mint-token"), wish, MintedToken)
        return minted.token

    async def watch(self) -> None:
        """Starts what ends again; raises ChildFailed when something ends too often."""
        keep = [asyncio.create_task(part.keep(self._screen.warn), name=f"keep-{part.name}") for part in self._parts]
        tasks = [*keep, asyncio.create_task(self._watch_disk(), name="watch-disk")]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_disk(self) -> None:
        """NATS does not write again after its disk was full, whatever space there is, until it is started again."""
        full_disk = FullDisk()
        async with self._bus(float("inf")) as bus:
            while True:
                await asyncio.sleep(DISK_LOOK_S)
                space = Space.of(self._state.folder)
                if not bus.connected or not full_disk.is_concerned(space):
                    continue
                if full_disk.looked(space, stores=await _stores(bus), now_s=time.monotonic()):
                    self._screen.warn("nats stores nothing although there is space again; it is restarted")
                    await self._parts[0].child.stop()

    async def stop(self) -> None:
        """The room first, so that its clients hear of it; NATS last, so that the others can say good-bye."""
        nats, services = self._parts[:1], self._parts[1:]
        await asyncio.gather(*(part.child.stop() for part in services))
        for part in nats:
            await part.child.stop()

    async def _start_nats(self) -> None:
        config = NatsConfig(
            store_dir=self._state.folder / "nats",
            port=self._plan.nats_port,
            user=self._state.nats_user,
            password=SecretStr(self._state.nats_password),
            service_passwords={name: SecretStr(each) for name, each in self._state.service_passwords.items()},
        )
        config_file = self._state.folder / "nats.conf"
        write_nats_config(config, config_file)
        await self._start("nats", [str(nats_server_binary()), "-c", str(config_file)], os.environ)

    async def _start(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        part = Part(name, command, environment, self._logs / f"{name}.log", self._line)
        await part.start()
        self._parts.append(part)

    def _line(self, name: str, line: str) -> None:
        if name != "nats":  # its own log format; kept in its file
            self._screen.service_said(name, line)

    async def _ready(self, label: str, where: str, url: str | None) -> None:
        self._screen.waiting(label)
        child = next(part.child for part in self._parts if part.name in label)
        if url is not None:
            await child.wait_ready(url, READY_DEADLINE_S)
        else:
            await self._nats_answers(child)
        self._screen.ready(label, where)

    async def _nats_answers(self, child: Child) -> None:
        ended = asyncio.create_task(child.ended(), name="nats-ended")
        try:
            while True:
                try:
                    _, writer = await asyncio.open_connection(LOOPBACK, self._plan.nats_port)
                except OSError:
                    if ended.done():
                        raise child.failure() from None
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return
        finally:
            ended.cancel()

    @asynccontextmanager
    async def _bus(self, timeout_s: float = CONNECT_TIMEOUT_S) -> AsyncIterator[Bus]:
        settings = BusSettings(
            url=f"nats://{LOOPBACK}:{self._plan.nats_port}",
            user=self._state.nats_user,
            password=SecretStr(self._state.nats_password),
        )
        bus = await Bus.connect(settings, Identity.start("cli"), timeout_s=timeout_s)
        try:
            yield bus
        finally:
            await bus.close()


async def _stores(bus: Bus) -> bool:
    try:
        await try_to_store(bus)
    except (BusUnavailable, JetStreamError):
        return False
    return True


__all__ = ["ChildFailed", "Cloud"]
