"""Key-value buckets with optimistic revisions. Keys are made of `[A-Za-z0-9_=.-]`, see salon_contracts.subjects.

On the wire they are NATS key-value buckets (stream `KV_<name>`, subjects `$KV.<name>.<key>`), readable by its tools.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from salon_contracts.access import bucket_stream
from salon_contracts.errors import BusUnavailable, Conflict

from salon_kit.bus import Bus
from salon_kit.jetstream import JetStream, JetStreamError, RawMessage, WrongLastSequence
from salon_kit.jetstream.fetch import read_once
from salon_kit.jetstream.ordered_consumer import OrderedConsumer
from salon_kit.jetstream.stream_config import bucket as bucket_config
from salon_kit.log import get_logger
from salon_kit.nats.permissions import may_update

log = get_logger()

_KEY = re.compile(r"[A-Za-z0-9_=-]+(?:\.[A-Za-z0-9_=-]+)*")
_BUCKET = re.compile(r"[A-Za-z0-9_-]+")
DELETED_TTL_S = 86_400
"""Longer than any watcher is away that goes on where it was. Without an end each name ever used would stay."""

ChangeKind = Literal["put", "deleted", "expired"]


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    value: bytes
    revision: int


@dataclass(frozen=True, slots=True)
class Change:
    """`put` has the new value; `deleted` by somebody; `expired` because its time to live ran out."""

    kind: ChangeKind
    key: str
    value: bytes
    revision: int


class Watch:
    """`async with bucket.watch("") as watch:` then `watch.initial`, then `async for change in watch`.

    Changes of one key that are not taken yet collapse into the newest: memory is bounded by the number of keys.
    Survives loss of the connection. Entering raises BusUnavailable when NATS does not answer in time.
    """

    def __init__(self, jetstream: JetStream, bucket: str, prefix: str, heartbeat_s: float, timeout_s: float) -> None:
        self.initial: Sequence[Entry] = ()
        """What there was when the watch began, by key."""
        self._prefix = f"$KV.{bucket}."
        self._filter = _under(bucket, prefix)
        self._timeout_s = timeout_s
        self._changes: dict[str, Change] = {}
        self._available = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._reader = OrderedConsumer(
            jetstream,
            f"KV_{bucket}",
            self._take,
            begin="last_per_subject",
            caught_up=self._caught_up.set,
            heartbeat_s=heartbeat_s,
        )

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._reader.set_filters([self._filter], self._timeout_s)
                await self._caught_up.wait()
        except TimeoutError:
            await self._reader.close()
            raise BusUnavailable() from None
        except BaseException:
            await self._reader.close()
            raise
        first, self._changes = self._changes, {}
        self._available.clear()
        entries = [
            Entry(change.key, change.value, change.revision) for change in first.values() if change.kind == "put"
        ]
        self.initial = sorted(entries, key=lambda entry: entry.key)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reader.close()

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            await self._available.wait()
            key = next(iter(self._changes))
            change = self._changes.pop(key)
            if not self._changes:
                self._available.clear()
            yield change

    async def _take(self, raw: RawMessage) -> None:
        key = raw.subject.removeprefix(self._prefix)
        self._changes.pop(key, None)  # the newest goes last
        self._changes[key] = Change(change_kind(raw.headers), key, raw.data, raw.sequence)
        self._available.set()


class Bucket:
    """An ordinary bucket: values stay until they are deleted."""

    def __init__(
        self,
        bus: Bus,
        name: str,
        *,
        history: int = 1,
        deleted_ttl_s: int = DELETED_TTL_S,
        marker_ttl_s: int | None = None,
    ) -> None:
        """`history`: how many values of a key are kept, 1 to 64; only the last is read. `deleted_ttl_s`: how long it is
        remembered that a key was deleted; then nothing is left of it. `marker_ttl_s`: the same of one that expired."""
        if not _BUCKET.fullmatch(name):
            raise ValueError(f"not a bucket name: {name!r}")
        self.name = name
        self._bus = bus
        self._jetstream = bus.jetstream
        self._history = history
        self._deleted_ttl_s = deleted_ttl_s
        self._marker_ttl_s = marker_ttl_s
        self._stream = bucket_stream(name)

    async def ensure(self, timeout_s: float = 10.0) -> None:
        """Creates the bucket, or, if it is this service's, brings it in line with the settings."""
        mine = may_update(self._bus.identity.service, self._stream)
        config = bucket_config(self.name, self._bus.settings, history=self._history, marker_ttl_s=self._marker_ttl_s)
        await self._jetstream.ensure_stream(config, may_update=mine, timeout_s=timeout_s)

    async def get(self, key: str, *, timeout_s: float = 2.0) -> Entry | None:
        """None: never written, deleted or expired."""
        raw = await self._last(key, timeout_s)
        return Entry(key, raw.data, raw.sequence) if raw is not None and change_kind(raw.headers) == "put" else None

    async def put(self, key: str, value: bytes, *, expected_revision: int | None = None, timeout_s: float = 5.0) -> int:
        """The new revision. `expected_revision`: 0 means the key must not exist; Conflict if it is another one."""
        return await self._write(key, value, {}, expected_revision, timeout_s)

    async def delete(self, key: str, *, expected_revision: int | None = None, timeout_s: float = 5.0) -> None:
        """Deleting what does not exist is fine unless a revision is expected; Conflict if it is another one."""
        # Not DEL, before which earlier values stay, to be the last again when its time has run out.
        headers = {"KV-Operation": "PURGE", "Nats-Rollup": "sub", "Nats-TTL": str(self._deleted_ttl_s)}
        await self._write(key, b"", headers, expected_revision, timeout_s)

    async def entries(self, prefix: str = "", *, timeout_s: float = 5.0) -> list[Entry]:
        """Everything whose key begins with the dot-separated `prefix` ("" for all), by key."""
        found = await read_once(
            self._jetstream, self._stream, [_under(self.name, prefix)], last_per_subject=True, timeout_s=timeout_s
        )
        latest = {raw.subject: raw for raw in found}
        entries = [
            Entry(self._key(raw), raw.data, raw.sequence)
            for raw in latest.values()
            if change_kind(raw.headers) == "put"
        ]
        return sorted(entries, key=lambda entry: entry.key)

    def watch(self, prefix: str = "", *, heartbeat_s: float = 1.0, timeout_s: float = 5.0) -> Watch:
        """What there is under the dot-separated `prefix` ("" for all) and then every change."""
        return Watch(self._jetstream, self.name, prefix, heartbeat_s, timeout_s)

    def _key(self, raw: RawMessage) -> str:
        return raw.subject.removeprefix(f"$KV.{self.name}.")

    async def _last(self, key: str, timeout_s: float, *, from_leader: bool = False) -> RawMessage | None:
        read = self._jetstream.leader_last if from_leader else self._jetstream.last
        return await read(self._stream, self._subject(key), timeout_s=timeout_s)

    def _subject(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a key: {key!r}")
        return f"$KV.{self.name}.{key}"

    async def _write(
        self, key: str, value: bytes, headers: Mapping[str, str], expected: int | None, timeout_s: float
    ) -> int:
        subject = self._subject(key)
        try:
            return await self._publish(subject, value, headers, expected, timeout_s)
        except WrongLastSequence:
            if expected != 0:
                raise Conflict(subject=subject) from None
        # "Must not exist" is also true of what was deleted or has expired, but the server counts the marker.
        last = await self._last(key, timeout_s, from_leader=True)
        if last is not None and change_kind(last.headers) == "put":
            raise Conflict(subject=subject)
        try:
            return await self._publish(subject, value, headers, 0 if last is None else last.sequence, timeout_s)
        except WrongLastSequence:
            raise Conflict(subject=subject) from None

    async def _publish(
        self, subject: str, value: bytes, headers: Mapping[str, str], expected: int | None, timeout_s: float
    ) -> int:
        try:
            return await self._jetstream.publish(
                self._stream,
                subject,
                value,
                headers,
                message_id=secrets.token_hex(12),
                expected_sequence=expected,
                timeout_s=timeout_s,
            )
        except WrongLastSequence:
            raise
        except JetStreamError as error:
            raise BusUnavailable() from error


def change_kind(headers: Mapping[str, str]) -> ChangeKind:
    """What a message of a bucket means, by its headers."""
    reason = headers.get("Nats-Marker-Reason")
    if reason is not None:
        return "expired" if reason == "MaxAge" else "deleted"
    return "deleted" if headers.get("KV-Operation") in {"DEL", "PURGE"} else "put"


def _under(bucket: str, prefix: str) -> str:
    if prefix and not _KEY.fullmatch(prefix):
        raise ValueError(f"not a key prefix: {prefix!r}")
    return f"$KV.{bucket}.{prefix}.>" if prefix else f"$KV.{bucket}.>"
