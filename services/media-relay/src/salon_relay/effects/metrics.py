"""Counters and gauges of effects. Totals over all streams: a label per stream would never stop growing."""

from collections.abc import Mapping, Sequence

from salon_kit.metrics import counter, gauge

from salon_relay.effects.core.phase import Phase
from salon_relay.effects.process import ProcessPhase

INTERRUPTIONS = counter(
    "relay_effects_interruptions_total", "Streams that went back to the original, by problem.", "problem"
)
FRAMES = counter("relay_effects_frames_total", "Frames of transcoders, by what became of them.", "result")

_STREAMS = gauge("relay_effects_streams_count", "Streams that had effects, by where those stand.", "state")
_TRANSCODERS = gauge("relay_transcoders_count", "Transcoder processes.", "state")
_LATENCY = gauge(
    "relay_effects_latency_seconds",
    "What beautifying added to a frame's way in the last second, of the slowest stream.",
    "quantile",
)


def observe_effects(
    streams: Mapping[Phase, int], transcoders: Mapping[ProcessPhase, int], latencies_us: Sequence[tuple[int, int]]
) -> None:
    """`latencies_us`: median and 99th percentile of each stream."""
    for phase in Phase:
        _STREAMS.labels(state=phase.value).set(streams.get(phase, 0))
    for process_phase in ProcessPhase:
        _TRANSCODERS.labels(state=process_phase.value).set(transcoders.get(process_phase, 0))
    for index, quantile in enumerate(("0.5", "0.99")):
        slowest_us = max((latency[index] for latency in latencies_us), default=0)
        _LATENCY.labels(quantile=quantile).set(slowest_us / 1e6)
