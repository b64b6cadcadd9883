"""What the transcoders of one stream have counted, over all of them."""

from dataclasses import dataclass, field

from salon.relay.v1.relay_pb2 import TranscoderCounters


@dataclass(slots=True)
class Totals:
    _ended: TranscoderCounters = field(default_factory=TranscoderCounters)
    """The sum of those before."""
    _present: TranscoderCounters = field(default_factory=TranscoderCounters)

    @property
    def frames_beautified(self) -> int:
        return self._ended.frames_beautified + self._present.frames_beautified

    @property
    def frames_original(self) -> int:
        return self._ended.frames_original + self._present.frames_original

    def count(self, counters: TranscoderCounters) -> TranscoderCounters:
        """The totals of the present transcoder; what has been added since it counted last."""
        added = TranscoderCounters(latency_p50_us=counters.latency_p50_us, latency_p99_us=counters.latency_p99_us)
        for name in _SUMS:
            setattr(added, name, max(0, getattr(counters, name) - getattr(self._present, name)))
        self._present = counters
        return added

    @property
    def frames_in(self) -> int:
        """Of the present transcoder."""
        return self._present.frames_in

    def next_transcoder(self) -> None:
        for name in _SUMS:
            setattr(self._ended, name, getattr(self._ended, name) + getattr(self._present, name))
        self._present = TranscoderCounters()


_SUMS = [field.name for field in TranscoderCounters.DESCRIPTOR.fields if not field.name.startswith("latency")]
