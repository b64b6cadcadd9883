"""What a transcoder has done, as the relay is told once a second."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from salon.relay.v1.relay_pb2 import TranscoderCounters

FRAMES_PER_S_ASSUMED, FRAMES_PER_S_MAX = 30, 60
LATENCY_MAX_US = 2**32 - 1
LATENCIES_MAX = 1024
"""More than leave in a second: memory is bounded even if nobody asks."""


@dataclass
class Counters:
    """Totals since the start; every field has one writer.

    `decode_us` and `encode_us` are processor time, `effect_us` is what was waited.
    """

    frames_in: int = 0
    frames_beautified: int = 0
    frames_original: int = 0
    frames_stale: int = 0
    """Not newer than what had left already."""
    deadlines_missed: int = 0
    decode_us: int = 0
    effect_us: int = 0
    encode_us: int = 0
    bytes_out: int = 0
    frames_per_s: int = FRAMES_PER_S_ASSUMED
    """Of the last second in which frames came; 1 to 60."""
    _counted: int = 0
    _latencies_us: list[int] = field(default_factory=list)

    def left(self, received_ns: int, sent_ns: int) -> None:
        """A frame has left: when the last packet of it came, and when it was sent (CLOCK_MONOTONIC)."""
        if len(self._latencies_us) < LATENCIES_MAX:
            self._latencies_us.append(min(max(0, sent_ns - received_ns) // 1000, LATENCY_MAX_US))

    def message(self, frames_overtaken: int) -> TranscoderCounters:
        """Everything so far, and the latencies since the last message: to be called once a second."""
        latencies, self._latencies_us = self._latencies_us, []
        latencies.sort()
        came, self._counted = self.frames_in - self._counted, self.frames_in
        if came:
            self.frames_per_s = min(came, FRAMES_PER_S_MAX)
        return TranscoderCounters(
            frames_in=self.frames_in,
            frames_beautified=self.frames_beautified,
            frames_original=self.frames_original,
            frames_dropped=frames_overtaken + self.frames_stale,
            deadlines_missed=self.deadlines_missed,
            decode_us=self.decode_us,
            effect_us=self.effect_us,
            encode_us=self.encode_us,
            bytes_out=self.bytes_out,
            cpu_us=time.process_time_ns() // 1000,
            latency_p50_us=percentile(latencies, 50),
            latency_p99_us=percentile(latencies, 99),
        )


def percentile(rising: Sequence[int], percent: int) -> int:
    """The smallest value that at least `percent` of the others do not exceed; 0 of nothing."""
    return rising[max(0, -(-len(rising) * percent // 100) - 1)] if rising else 0
