//! Counters of everything alive, as one snapshot.

use std::collections::HashMap;

use super::Engine;
use crate::encoding::Encoding;
use crate::sink::Sink;
use crate::stats::{SinkStats, SourceStats, Stats, TransportStats};
use crate::transport::Transport;

impl Engine {
    /// All counters. What only the shell knows (sent datagrams, CPU time) is 0.
    pub fn stats(&self) -> Stats {
        let mut stats = self.counters.clone();
        stats.transports = self
            .transports
            .iter()
            .map(|transport| (transport.id, transport.stats()))
            .collect();
        stats.sources = self
            .sources
            .iter()
            .map(|source| (source.id, self.encodings[source.encoding].stats()))
            .collect();
        // Viewers count for what they were added for, whatever replaces it.
        let mut viewers: HashMap<u64, u64> = HashMap::new();
        for sink in self.sinks.iter() {
            *viewers.entry(self.sources[sink.home].id).or_default() += 1;
        }
        for (id, source) in &mut stats.sources {
            source.sinks = viewers.get(id).copied().unwrap_or(0);
        }
        let estimate = |sink: &Sink| self.transports[sink.transport].estimate_bps();
        stats.sinks = self
            .sinks
            .iter()
            .map(|sink| (sink.id, sink.stats(estimate(sink))))
            .collect();
        stats
    }
}

impl Transport {
    fn stats(&self) -> TransportStats {
        TransportStats {
            round_trip_time_ms: self
                .round_trip_ns
                .map(|round_trip_ns| round_trip_ns as f64 / 1e6),
            ..self.counters.clone()
        }
    }

    /// What the viewer says counts before what we make of its feedback.
    fn estimate_bps(&self) -> Option<u64> {
        self.remb_bps.or_else(|| self.estimator.estimate_bps())
    }
}

impl Encoding {
    fn stats(&self) -> SourceStats {
        SourceStats {
            packets_lost: self.reception.lost(),
            jitter_ts: self.reception.jitter_ts(),
            ..self.counters.clone()
        }
    }
}

impl Sink {
    fn stats(&self, estimate_bps: Option<u64>) -> SinkStats {
        SinkStats {
            estimate_bps,
            ..self.counters.clone()
        }
    }
}
