"""The answers that are awaited on one inbox, each under a token of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from nats.aio.msg import Msg
from nats.nuid import NUID


class ConnectionLost(Exception):
    """The connection broke while an answer was awaited."""


class Replies:
    def __init__(self, inbox: str) -> None:
        self.inbox = inbox
        self._nuid = NUID()
        self._awaited: dict[str, asyncio.Future[Msg]] = {}

    @contextmanager
    def awaited(self) -> Iterator[tuple[str, "asyncio.Future[Msg]"]]:
        """Where the answer is to be sent, and its future: ConnectionLost when it cannot come any more."""
        token = bytes(self._nuid.next()).decode()
        future: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._awaited[token] = future
        try:
            yield f"{self.inbox}.{token}", future
        finally:
            del self._awaited[token]

    def take(self, message: Msg) -> None:
        """What comes too late is nobody's."""
        future = self._awaited.get(message.subject.rpartition(".")[2])
        if future is not None and not future.done():
            future.set_result(message)

    def lost(self) -> None:
        """The connection broke: nobody waits until his deadline."""
        for future in self._awaited.values():
            if not future.done():
                future.set_exception(ConnectionLost())
