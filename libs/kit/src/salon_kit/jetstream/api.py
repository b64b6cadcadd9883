"""The part of JetStream's wire protocol that the kit uses, with deadlines and safe retries.

nats-py's own JetStream client is not used: it can neither change a consumer's filters, nor tell an append that was
refused from one whose first acknowledgement was lost. API: https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from salon_contracts.errors import BusUnavailable

from salon_kit.jetstream.message import RawMessage, read_headers, rfc3339_ns
from salon_kit.jetstream.storage_health import StorageHealth
from salon_kit.nats.connection import Connection, ConnectionLost, NoResponders

ACK_TIMEOUT_S = 2.0
"""How long one try waits for its acknowledgement before it is tried again."""
WRONG_LAST_SEQUENCE = frozenset({10071, 10164})
CONSUMER_NOT_FOUND = 10014
STREAM_NOT_FOUND = 10059
STREAM_NAME_IN_USE = 10058
MESSAGE_NOT_FOUND = 10037
NOT_STORED = frozenset({10023, 10077})
"""JetStream has used up what it may, or the stream has: trying again at once helps nobody. Both take messages again
once some were removed."""
NO_ROOM_FOR_STREAM = 10047


class JetStreamError(Exception):
    """The API said no."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({err_code})")
        self.code = code
        self.err_code = err_code


class WrongLastSequence(JetStreamError):
    """Somebody else wrote the subject since."""


class JetStream:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.storage = StorageHealth()

    async def api(
        self, operation: str, body: Mapping[str, object] | None = None, *, timeout_s: float
    ) -> dict[str, Any]:
        """One call of `$JS.API.<operation>`. JetStreamError, or BusUnavailable."""
        deadline = time.monotonic() + timeout_s
        data = b"" if body is None else json.dumps(body).encode()
        wait_s = 0.02
        while True:
            left_s = deadline - time.monotonic()
            await self.connection.wait_connected(left_s)
            try:
                answer = await self.connection.roundtrip(f"$JS.API.{operation}", data, timeout_s=left_s)
            except NoResponders:  # JetStream is starting
                wait_s = await _wait(wait_s, deadline)
                continue
            except (ConnectionLost, TimeoutError):
                raise BusUnavailable() from None
            result: dict[str, Any] = json.loads(answer.data)
            if "error" not in result:
                return result
            error = _error(result["error"])
            if error.code != 503:
                raise error
            wait_s = await _wait(wait_s, deadline)

    async def publish(
        self,
        stream: str,
        subject: str,
        data: bytes,
        headers: Mapping[str, str],
        *,
        message_id: str,
        expected_sequence: int | None = None,
        maybe_stored: bool = False,
        timeout_s: float,
    ) -> int:
        """Stores a message once and returns its sequence, however many tries that takes.

        `maybe_stored`: an earlier call with this id may have stored it. WrongLastSequence, another JetStreamError, or
        BusUnavailable: no acknowledgement until the deadline, it may or may not be stored.
        """
        deadline = time.monotonic() + timeout_s
        all_headers = {**headers, "Nats-Msg-Id": message_id, "Nats-Expected-Stream": stream}
        if expected_sequence is not None:
            all_headers["Nats-Expected-Last-Subject-Sequence"] = str(expected_sequence)
        wait_s = 0.02
        while True:
            left_s = deadline - time.monotonic()
            await self.connection.wait_connected(left_s)
            try:
                answer = await self.connection.roundtrip(
                    subject, data, headers=all_headers, timeout_s=min(left_s, ACK_TIMEOUT_S)
                )
            except (ConnectionLost, TimeoutError):
                maybe_stored = True
                if left_s > ACK_TIMEOUT_S and self.connection.in_contact_for_s() > ACK_TIMEOUT_S:
                    # A disk without space is silence: NATS says so in its own log only.
                    self.storage.refused(stream, f"no acknowledgement within {ACK_TIMEOUT_S:g} s")
                if time.monotonic() >= deadline:
                    raise BusUnavailable() from None
                continue
            except NoResponders:  # JetStream is starting, or the stream is gone
                wait_s = await self._wait_for_stream(stream, wait_s, deadline)
                continue
            result: dict[str, Any] = json.loads(answer.data)
            if "error" not in result:
                self.storage.stored(stream)
                return int(result["seq"])
            error = _error(result["error"])
            if isinstance(error, WrongLastSequence):
                stored = await self._stored_as(stream, subject, message_id, deadline) if maybe_stored else None
                if stored is None:
                    raise error
                return stored
            if error.code != 503 or error.err_code in NOT_STORED:
                self.storage.refused(stream, str(error))
                raise error
            wait_s = await _wait(wait_s, deadline)

    async def last(self, stream: str, subject: str, *, timeout_s: float) -> RawMessage | None:
        """The last message of a subject, from any replica."""
        deadline = time.monotonic() + timeout_s
        wait_s = 0.02
        while True:
            left_s = deadline - time.monotonic()
            await self.connection.wait_connected(left_s)
            try:
                answer = await self.connection.roundtrip(
                    f"$JS.API.DIRECT.GET.{stream}.{subject}", b"", timeout_s=left_s
                )
            except ConnectionLost:
                continue
            except NoResponders:
                wait_s = await _wait(wait_s, deadline)
                continue
            except TimeoutError:
                raise BusUnavailable() from None
            headers = answer.headers or {}
            if "Nats-Sequence" not in headers:
                status = headers.get("Status", "")
                if status == "404":
                    return None
                raise JetStreamError(int(status or 500), 0, headers.get("Description", "no message"))
            stored = rfc3339_ns(headers["Nats-Time-Stamp"])
            return RawMessage(headers["Nats-Subject"], int(headers["Nats-Sequence"]), headers, answer.data, stored)

    async def leader_last(self, stream: str, subject: str, *, timeout_s: float) -> RawMessage | None:
        """The last message of a subject, from the stream's leader: never behind an acknowledged append."""
        return await self._leader_get(stream, {"last_by_subj": subject}, timeout_s)

    async def leader_next(
        self, stream: str, subject_filter: str, sequence: int, *, timeout_s: float
    ) -> RawMessage | None:
        """The first message of a filter at or after `sequence`, from the stream's leader."""
        return await self._leader_get(stream, {"seq": sequence, "next_by_subj": subject_filter}, timeout_s)

    async def ensure_stream(self, config: Mapping[str, object], *, may_update: bool, timeout_s: float) -> None:
        """Creates a stream, or updates the one of that name; without `may_update` that one is left as it is, and a new
        one has no limit of bytes before somebody who may sets it."""
        name = config["name"]
        wanted = config if may_update else {**config, "max_bytes": -1}
        try:
            await self.api(f"STREAM.CREATE.{name}", wanted, timeout_s=timeout_s)
        except JetStreamError as error:
            # The bytes are looked for before the name, also for a stream that has them already.
            if error.err_code not in {STREAM_NAME_IN_USE, NO_ROOM_FOR_STREAM}:
                raise
            if may_update:
                await self._update_stream(config, error, timeout_s)

    async def _update_stream(self, config: Mapping[str, object], not_created: JetStreamError, timeout_s: float) -> None:
        try:
            await self.api(f"STREAM.UPDATE.{config['name']}", config, timeout_s=timeout_s)
        except JetStreamError as error:
            if error.err_code == STREAM_NOT_FOUND:
                raise not_created from None
            raise

    async def create_consumer(
        self, stream: str, name: str, config: Mapping[str, object], *, action: str = "create", timeout_s: float
    ) -> dict[str, Any]:
        """`action`: `create`, `update`, or `""` for either."""
        body = {"stream_name": stream, "config": {"name": name, **config}, "action": action}
        return await self.api(f"CONSUMER.CREATE.{stream}.{name}", body, timeout_s=timeout_s)

    async def forget_consumer(self, stream: str, name: str) -> None:
        """Deletes a consumer without waiting; if that is lost, its inactivity threshold ends it."""
        try:
            await self.connection.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{name}")
        except BusUnavailable:
            return

    async def purge(self, stream: str, subject_filter: str, *, below: int, timeout_s: float) -> int:
        """Removes what stands under a filter with a sequence lower than `below`; how many messages that were."""
        question = {"filter": subject_filter, "seq": below}
        return int((await self.api(f"STREAM.PURGE.{stream}", question, timeout_s=timeout_s))["purged"])

    async def _wait_for_stream(self, stream: str, wait_s: float, deadline: float) -> float:
        try:
            return await _wait(wait_s, deadline)
        except BusUnavailable:
            self.storage.refused(stream, "JetStream is off, or the stream is gone")
            raise

    async def _leader_get(self, stream: str, question: Mapping[str, object], timeout_s: float) -> RawMessage | None:
        try:
            result = await self.api(f"STREAM.MSG.GET.{stream}", question, timeout_s=timeout_s)
        except JetStreamError as error:
            if error.err_code == MESSAGE_NOT_FOUND:
                return None
            raise
        found = result["message"]
        return RawMessage(
            subject=found["subject"],
            sequence=int(found["seq"]),
            headers=read_headers(base64.b64decode(found.get("hdrs", ""))),
            data=base64.b64decode(found.get("data", "")),
            stored_at_unix_ns=rfc3339_ns(found["time"]),
        )

    async def _stored_as(self, stream: str, subject: str, message_id: str, deadline: float) -> int | None:
        """The sequence under which our own earlier try stands as the last message of the subject."""
        last = await self.leader_last(stream, subject, timeout_s=max(0.1, deadline - time.monotonic()))
        return last.sequence if last is not None and last.headers.get("Nats-Msg-Id") == message_id else None


async def _wait(wait_s: float, deadline: float) -> float:
    """Waits and returns the next, longer wait; BusUnavailable when the deadline comes first."""
    if time.monotonic() + wait_s >= deadline:
        raise BusUnavailable()
    await asyncio.sleep(wait_s)
    return min(wait_s * 2, 0.5)


def _error(error: Mapping[str, Any]) -> JetStreamError:
    err_code = int(error.get("err_code", 0))
    kind = WrongLastSequence if err_code in WRONG_LAST_SEQUENCE else JetStreamError
    return kind(int(error.get("code", 500)), err_code, str(error.get("description", "")))
