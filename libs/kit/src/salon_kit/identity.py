"""Who this process is: service, node and epoch, and the numbers of what it says."""

import itertools
import secrets
import socket
from dataclasses import dataclass, field

from salon_contracts.subjects import encode


@dataclass(frozen=True, slots=True)
class Identity:
    """One start of one process. `epoch` is random per start: a new epoch means everything of the old one is gone."""

    service: str
    """`room`, `token`, `relay`…"""
    node: str
    """Stable per host or pod; safe as one subject token and as a key."""
    epoch: str
    _sequence: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1), repr=False, compare=False)

    @classmethod
    def start(cls, service: str, node: str | None = None) -> "Identity":
        """A new epoch. Without `node` the host's name is used, with the service in front."""
        name = f"{service}-{socket.gethostname()}" if node is None else node
        return cls(service=service, node=encode(name), epoch=secrets.token_hex(6))

    @property
    def source(self) -> str:
        """The `ce-source` of everything this process appends."""
        return f"salon/{self.service}/{self.node}"

    @property
    def own_cause(self) -> str:
        """The cause of what this process does by itself: at its start, or because time has passed."""
        return self.event_id(0)

    def next_sequence(self) -> int:
        """1, 2, 3… without gaps, for the node sequence of events."""
        return next(self._sequence)

    def event_id(self, sequence: int) -> str:
        """`<node>:<epoch>:<sequence>`, also the JetStream message id."""
        return f"{self.node}:{self.epoch}:{sequence}"
