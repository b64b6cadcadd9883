"""The one place that touches what is private in nats-py: quicker headers, an orderly drain, sockets of failed attempts.

Written against nats-py 2.16; `check_nats_py` says at start-up whether what is used here still has the shape it had.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import lru_cache

from nats.aio.client import Client
from nats.aio.subscription import Subscription


class NatsPyMismatch(RuntimeError):
    """The installed nats-py is not the one this file was written against."""


class FastClient(Client):
    """The library's looks at each character of each header's name each time: a tenth of what a log-in costs a room."""

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        lines = (line.partition(b":") for line in raw.split(b"\r\n"))
        named = ((_header_name(name), value) for name, colon, value in lines if colon)
        return {name: value.strip().decode("utf-8", "replace") for name, value in named if name is not None}


async def drain(client: Client, subscription: Subscription, barrier: Callable[[], Awaitable[None]]) -> None:
    """Takes what the server has sent already, then no more.

    Not nats-py's own drain: its PING overtakes the UNSUB that it shall follow. `barrier` returns when the server has
    processed what was sent before.
    """
    await client._send_unsubscribe(subscription._id)
    await barrier()
    await subscription._pending_queue.join()


async def close_transport(client: Client) -> None:
    """Closes the socket of a failed attempt, which nats-py leaves to the garbage collector."""
    transport = client._transport
    if transport is None:
        return
    transport.close()  # type: ignore[no-untyped-call]
    try:
        async with asyncio.timeout(1.0):
            await transport.wait_closed()  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError):
        return


def check_nats_py() -> None:
    """Raises NatsPyMismatch, naming what is different, unless nats-py's private parts are as this file needs them."""
    for name, expected in (("_parse_header_lines", ("raw",)), ("_send_unsubscribe", ("self", "sid", "limit"))):
        method = getattr(Client, name, None)
        if method is None or tuple(inspect.signature(method).parameters) != expected:
            raise NatsPyMismatch(f"nats.aio.client.Client.{name} is not {name}({', '.join(expected)})")
    if not inspect.iscoroutinefunction(Client._send_unsubscribe):
        raise NatsPyMismatch("nats.aio.client.Client._send_unsubscribe is not a coroutine function")
    client = Client()
    if getattr(client, "_transport", client) is not None:
        raise NatsPyMismatch("nats.aio.client.Client._transport is not None in a new client")
    subscription = Subscription(client)
    for name, kind in (("_id", int), ("_pending_queue", asyncio.Queue)):
        if not isinstance(getattr(subscription, name, None), kind):
            raise NatsPyMismatch(f"nats.aio.subscription.Subscription.{name} is not {kind.__name__} in a new one")


@lru_cache(maxsize=256)
def _header_name(raw: bytes) -> str | None:
    """None: it is none."""
    name = raw.strip()
    return name.decode() if name.isascii() and not any(map(str.isspace, name.decode())) else None
