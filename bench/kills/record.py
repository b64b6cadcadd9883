"""What one client of a call of two sent, received and was told. All times are wall milliseconds of this machine."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

ON_ITS_WAY_MS = 5_000.0

Kind = Literal["user", "stream"]


def now_ms() -> float:
    """Wall time: the one clock that pages and this process share."""
    return time.time() * 1000


@dataclass
class Record:
    name: str
    sent: dict[int, float] = field(default_factory=dict)
    """By number: when it was handed to the SDK."""
    acknowledged: set[int] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)
    """Of messages that may or may not have been carried out, by error code."""
    received: list[tuple[int, float]] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)
    """When each decoded picture of the other one came."""
    present: dict[Kind, set[str]] = field(default_factory=lambda: {"user": set(), "stream": set()})
    contradictions: list[str] = field(default_factory=list)

    def changed(self, kind: Kind, update: str, ids: Iterable[str]) -> None:
        """Who came when there already, or went when not there, was told twice or missed."""
        present = self.present[kind]
        for each in ids:
            if (update == "ADD") is (each in present):
                self.contradictions.append(f"{self.name}: {update} of {kind} {each}")
            present.symmetric_difference_update({each})

    def first_of_those_sent_after(self, since_ms: float, sender: "Record") -> float | None:
        """When the first message came that the sender began to send after that."""
        return min((at for number, at in self.received if sender.sent.get(number, 0) > since_ms), default=None)

    def longest_picture_gap(self, since_ms: float) -> tuple[float, float]:
        """Its end and its length."""
        before = [at for at in self.frames if at <= since_ms][-1:]
        times = [*before, *(at for at in self.frames if at > since_ms)]
        gaps = [(later, later - earlier) for earlier, later in pairwise(times)]
        return max(gaps, key=lambda gap: gap[1], default=(since_ms, 0.0))

    def sees_since(self, since_ms: float) -> bool:
        return bool(self.frames) and self.frames[-1] > since_ms


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the messages from one to the other."""

    sent: int
    lost: int
    """Acknowledged and never received."""
    twice: int
    out_of_order: int

    @classmethod
    def between(cls, sender: Record, receiver: Record) -> "Delivery":
        """Of now; what was sent in the last moments may be on its way."""
        settled_ms = now_ms() - ON_ITS_WAY_MS
        acknowledged = {number for number in sender.acknowledged if sender.sent.get(number, settled_ms) < settled_ms}
        numbers = [number for number, _ in receiver.received]
        return cls(
            sent=len(sender.sent),
            lost=len(acknowledged - set(numbers)),
            twice=len(numbers) - len(set(numbers)),
            out_of_order=sum(later < earlier for earlier, later in pairwise(numbers)),
        )
