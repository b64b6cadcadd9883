"""Reads part of a stream once: a short-lived consumer that is pulled until it has nothing left."""

import asyncio
import json
import secrets
import time
from collections.abc import Sequence

from nats.aio.msg import Msg
from salon_contracts.errors import BusUnavailable

from salon_kit.jetstream.api import JetStream
from salon_kit.jetstream.message import RawMessage, delivery, nanoseconds, raw_message, status_of

BATCH = 1000
INACTIVE_S = 5.0
"""The server forgets the consumer by itself after that, should deleting it get lost."""


async def read_once(
    jetstream: JetStream,
    stream: str,
    filters: Sequence[str],
    *,
    last_per_subject: bool = False,
    after_sequence: int = 0,
    max_messages: int | None = None,
    timeout_s: float,
) -> list[RawMessage]:
    """Messages under `filters` that were in the stream at the time of the call, by rising sequence.

    `last_per_subject`: only the last one of each subject. A loss of the connection starts the reading again.
    """
    if not filters:
        return []
    deadline = time.monotonic() + timeout_s
    while True:
        found = await _attempt(jetstream, stream, filters, last_per_subject, after_sequence, max_messages, deadline)
        if found is not None:
            return found


async def _attempt(
    jetstream: JetStream,
    stream: str,
    filters: Sequence[str],
    last_per_subject: bool,
    after_sequence: int,
    max_messages: int | None,
    deadline: float,
) -> list[RawMessage] | None:
    name = f"read-{secrets.token_hex(8)}"
    start: dict[str, object] = {"deliver_policy": "all"}
    if last_per_subject:
        start = {"deliver_policy": "last_per_subject"}
    elif after_sequence:
        start = {"deliver_policy": "by_start_sequence", "opt_start_seq": after_sequence + 1}
    config = {
        **start,
        "ack_policy": "none",
        "filter_subjects": list(filters),
        "inactive_threshold": nanoseconds(INACTIVE_S),
        "mem_storage": True,
        "num_replicas": 1,
    }
    info = await jetstream.create_consumer(stream, name, config, timeout_s=deadline - time.monotonic())
    wanted = int(info.get("num_pending", 0))
    if max_messages is not None:
        wanted = min(wanted, max_messages)
    try:
        return await _pull(jetstream, stream, name, wanted, deadline) if wanted else []
    finally:
        await jetstream.forget_consumer(stream, name)


async def _pull(jetstream: JetStream, stream: str, name: str, wanted: int, deadline: float) -> list[RawMessage] | None:
    """None: the connection was lost."""
    found: list[RawMessage] = []
    async with jetstream.connection.collector() as (inbox, queue):
        while len(found) < wanted:
            batch = min(BATCH, wanted - len(found))
            question = json.dumps({"batch": batch, "no_wait": True}).encode()
            await jetstream.connection.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}", question, reply=inbox)
            for _ in range(batch):
                message = await _next(queue, deadline)
                if message is None:
                    return None
                if status_of(message) is not None:  # 404 or 408: removed meanwhile, there is no more
                    return found
                found.append(raw_message(message))
                if delivery(message).pending == 0:
                    return found
    return found


async def _next(queue: "asyncio.Queue[Msg | None]", deadline: float) -> Msg | None:
    if not queue.empty():
        return queue.get_nowait()
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            return await queue.get()
    except TimeoutError:
        raise BusUnavailable() from None
