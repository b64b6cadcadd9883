//! What is to happen when: a heap of deadlines that name their objects by key, so that a removed object's timers die quietly.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::keys::{EncodingKey, SinkKey, SourceKey, TransportKey};

/// Something to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Of a transport, once a second: reports both ways, consent, idle sources.
    Report(TransportKey),
    /// Of a publisher's transport: transport-wide feedback.
    Feedback(TransportKey),
    /// Of an encoding: missing packets.
    Nack(EncodingKey),
    /// Of an encoding: a key-frame request is due.
    Keyframe(EncodingKey),
    /// Of a sink: its first sender report.
    SenderReport(SinkKey),
    /// Of a source: its viewers have waited long enough for another.
    Switch(SourceKey),
}

#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(u64, Timer)>>,
}

impl Timers {
    pub(crate) fn arm(&mut self, deadline_ns: u64, timer: Timer) {
        self.heap.push(Reverse((deadline_ns, timer)));
    }

    /// As `arm`, up to `grid_ns` sooner: periodic work of many transports shares wake-ups, each of which costs more
    /// than the work.
    pub(crate) fn arm_on_grid(&mut self, deadline_ns: u64, grid_ns: u64, timer: Timer) {
        self.arm(deadline_ns / grid_ns * grid_ns, timer);
    }

    pub(crate) fn next_deadline_ns(&self) -> Option<u64> {
        self.heap
            .peek()
            .map(|Reverse((deadline_ns, _))| *deadline_ns)
    }

    /// The next timer whose time has come.
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<Timer> {
        if self.next_deadline_ns()? > now_ns {
            return None;
        }
        self.heap.pop().map(|Reverse((_, timer))| timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_on_a_grid_share_deadlines_and_are_never_late() {
        let report = |index| Timer::Report(TransportKey::new(index as u32, 0));
        let mut timers = Timers::default();
        for deadline_ns in [100, 104, 109, 110] {
            timers.arm_on_grid(deadline_ns, 10, report(deadline_ns));
        }
        assert_eq!(timers.next_deadline_ns(), Some(100));
        let due: Vec<_> = std::iter::from_fn(|| timers.pop_due(100)).collect();
        assert_eq!(due, [100, 104, 109].map(report));
        assert_eq!(timers.next_deadline_ns(), Some(110));
    }
}
