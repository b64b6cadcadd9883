"""What transcoders count adds up over all of a stream's."""

from salon.relay.v1.relay_pb2 import TranscoderCounters
from salon_relay.effects.totals import Totals


def test_totals_go_on_over_transcoders() -> None:
    totals = Totals()
    totals.count(TranscoderCounters(frames_beautified=10, frames_original=1))
    added = totals.count(TranscoderCounters(frames_beautified=30, frames_original=1, latency_p50_us=7000))
    assert (added.frames_beautified, added.frames_original, added.latency_p50_us) == (20, 0, 7000)
    totals.next_transcoder()
    assert (totals.frames_beautified, totals.frames_original) == (30, 1)
    added = totals.count(TranscoderCounters(frames_beautified=5))
    assert added.frames_beautified == 5
    assert totals.frames_beautified == 35
    totals.next_transcoder()
    totals.next_transcoder()
    assert totals.frames_beautified == 35
