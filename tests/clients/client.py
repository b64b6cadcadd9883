"""What every client here is asked to do, and what a row of the table is."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.clients.dev_cloud import DevCloud
from tests.clients.seen import Seen


class Direction(StrEnum):
    PUBLISHES = "publishes"
    PLAYS = "plays"


@dataclass(frozen=True)
class Row:
    """One line of the table: a client, what it does, in which codec, and in which of its ways."""

    direction: Direction
    codec: str
    way: str = ""
    known: str = ""
    """Why it is known to fail for a reason that is not the cloud's; empty: it has to work."""
    has_sound: bool = True


@dataclass(frozen=True)
class Job:
    """A stream to be published or played at a running cloud."""

    cloud: DevCloud
    room_id: str
    stream_id: str
    row: Row
    folder: Path
    """Empty, for this job alone."""
    deadline_s: float = 75.0

    @property
    def whip(self) -> str:
        return self._endpoint("whip")

    @property
    def whep(self) -> str:
        return self._endpoint("whep")

    def token(self, user_id: str) -> str:
        return self.cloud.mint(f"{user_id}-{self.stream_id}")

    def _endpoint(self, kind: str) -> str:
        return f"{self.cloud.url()}/{kind}?app_id={self.cloud.app_id}&room_id={self.room_id}&stream_id={self.stream_id}"


class ClientFailed(Exception):
    """What the client said, or what was wrong with what it did, in one line."""


Ending = asyncio.Future[None]
"""Ends only when publishing does by itself: with ClientFailed."""

Publishing = AbstractAsyncContextManager[Ending]
"""Publishes until it is left."""


class Client(ABC):
    """One program or library of somebody else's."""

    name: str
    rows: Sequence[Row]

    @abstractmethod
    def missing(self) -> str:
        """What this machine lacks to run it; empty: nothing."""

    @abstractmethod
    async def versions(self) -> str:
        """What is run."""

    async def open(self) -> None:  # noqa: B027  # most have nothing that lasts longer than a row
        """Before the first row."""

    async def close(self) -> None:  # noqa: B027
        """After the last row, also when `open` failed."""

    def publishing(self, job: Job) -> Publishing:
        raise NotImplementedError(f"{self.name} does not publish")

    async def play(self, job: Job) -> Seen:
        """Until enough was seen and heard, or the job's deadline is over."""
        raise NotImplementedError(f"{self.name} does not play")
