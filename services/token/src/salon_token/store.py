"""Apps, kept in the bucket `salon_apps` and, by watching it, in memory: a verification does not wait for the store.

Memory follows the bucket by revision, so that a late message never undoes a newer one. An app that memory does not have
is looked up in the bucket: it may have been created a millisecond ago by another instance.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import salon_kit.log
from salon.token.v1.token_pb2 import AppSummary
from salon_contracts.errors import AppExists, AppNotFound, BusUnavailable, Conflict
from salon_contracts.ids import AppId
from salon_kit.buckets import Bucket

from salon_token import metrics, records
from salon_token.core import App
from salon_token.records import RecordCodec
from salon_token.sealing import SealedWithOtherKey, SealError

_ATTEMPTS: Final = 8
"""How often a change is decided again after somebody else was faster."""

log = salon_kit.log.get_logger()


@dataclass(frozen=True, slots=True)
class _Known:
    revision: int
    app: App | SealError | None
    """None: deleted. SealError: it is there and this process cannot read it."""


class AppStore:
    """One per process. `load` first, then run `follow` as a task."""

    def __init__(self, bucket: Bucket, codec: RecordCodec) -> None:
        self._bucket = bucket
        self._codec = codec
        self._known: dict[AppId, _Known] = {}
        self.following = asyncio.Event()
        """Set while memory is up to date."""

    async def load(self) -> None:
        """Reads every app, sealing with the present master key what an older one sealed. Raises SealedWithOtherKey."""
        await self._bucket.ensure()
        for entry in await self._bucket.entries():
            self._learn_record(entry.key, entry.revision, entry.value)
        for app_id, known in list(self._known.items()):
            if isinstance(known.app, SealedWithOtherKey):
                raise known.app
            if isinstance(known.app, App):
                await self._reseal(app_id)

    async def follow(self) -> None:
        """Keeps memory up to date until cancelled."""
        while True:
            try:
                await self._follow()
            except BusUnavailable:  # after its own deadline, so this does not spin
                log.warning("apps-not-followed")

    def why_not_ready(self) -> str | None:
        return None if self.following.is_set() else "the apps are not followed yet"

    async def get(self, app_id: AppId) -> App | None:
        """From memory where possible. Raises SealError for an app this process cannot read."""
        known = self._known.get(app_id)
        if known is None or known.app is None:
            entry = await self._bucket.get(records.key(app_id))
            if entry is None:
                return None
            self._learn_record(entry.key, entry.revision, entry.value)
            known = self._known[app_id]
        if isinstance(known.app, SealError):
            raise known.app
        return known.app

    async def insert(self, app: App) -> None:
        """Raises AppExists."""
        try:
            revision = await self._bucket.put(records.key(app.app_id), self._codec.write(app), expected_revision=0)
        except Conflict:
            raise AppExists(app_id=app.app_id) from None
        self._learn(app.app_id, revision, app)

    async def change(self, app_id: AppId, decide: Callable[[App], App]) -> App:
        """The app after `decide`, which may run several times. Raises AppNotFound, SealError, Conflict."""
        key = records.key(app_id)
        for _ in range(_ATTEMPTS):
            entry = await self._bucket.get(key)
            if entry is None:
                raise AppNotFound(app_id=app_id)
            app = decide(self._codec.read(key, entry.value))
            try:
                revision = await self._bucket.put(key, self._codec.write(app), expected_revision=entry.revision)
            except Conflict:
                continue
            self._learn(app_id, revision, app)
            return app
        raise Conflict(subject=f"app {app_id}")

    async def delete(self, app_id: AppId) -> None:
        """Raises AppNotFound, Conflict."""
        key = records.key(app_id)
        for _ in range(_ATTEMPTS):
            entry = await self._bucket.get(key)
            if entry is None:
                raise AppNotFound(app_id=app_id)
            try:
                await self._bucket.delete(key, expected_revision=entry.revision)
            except Conflict:
                continue
            # The marker's own revision, which the watch brings, is at least one higher.
            self._learn(app_id, entry.revision + 1, None)
            return
        raise Conflict(subject=f"app {app_id}")

    async def summaries(self) -> list[AppSummary]:
        """Every app as it stands in the bucket, by AppID; also those this process cannot read."""
        entries = [entry for entry in await self._bucket.entries() if entry.key.isdecimal()]
        return sorted((records.summary(entry.key, entry.value) for entry in entries), key=lambda app: app.app_id)

    async def _follow(self) -> None:
        async with self._bucket.watch() as watch:
            for gone in self._known.keys() - {int(entry.key) for entry in watch.initial if entry.key.isdecimal()}:
                self._forget(gone)
            for entry in watch.initial:
                self._learn_record(entry.key, entry.revision, entry.value)
            self.following.set()
            try:
                async for change in watch:
                    if change.kind == "put":
                        self._learn_record(change.key, change.revision, change.value)
                    elif change.key.isdecimal():
                        self._learn(records.app_id(change.key), change.revision, None)
            finally:
                self.following.clear()

    async def _reseal(self, app_id: AppId) -> None:
        """Makes sure that the present master key sealed the app, whoever does it."""
        key = records.key(app_id)
        for _ in range(_ATTEMPTS):
            entry = await self._bucket.get(key)
            if entry is None or self._codec.is_present(key, entry.value):
                return
            app = self._codec.read(key, entry.value)
            try:
                revision = await self._bucket.put(key, self._codec.write(app), expected_revision=entry.revision)
            except Conflict:
                continue
            self._learn(app_id, revision, app)
            log.info("app-secret-resealed", app_id=app_id)
            return
        raise Conflict(subject=f"app {app_id}")

    def _learn_record(self, key: str, revision: int, value: bytes) -> None:
        if not key.isdecimal():
            log.error("app-key-unknown", problem=key)
            return
        try:
            app: App | SealError = self._codec.read(key, value)
        except SealError as error:
            log.error("app-record-unreadable", app_id=key, problem=str(error))
            app = error
        self._learn(records.app_id(key), revision, app)

    def _learn(self, app_id: AppId, revision: int, app: App | SealError | None) -> None:
        known = self._known.get(app_id)
        if known is None or revision > known.revision:
            self._known[app_id] = _Known(revision, app)
            was_readable = known is not None and isinstance(known.app, App)
            metrics.APPS.inc(isinstance(app, App) - was_readable)

    def _forget(self, app_id: AppId) -> None:
        """Always safe: what is not known is looked up."""
        known = self._known.pop(app_id)
        metrics.APPS.dec(isinstance(known.app, App))
