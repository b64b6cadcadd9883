//! How often a viewer gets parameter sets that the publisher did not send: once for a frame, and not at each of a flood
//! of key frames. Two bytes of a publisher would else make each of its viewers over a thousand.

use crate::encoding::VIDEO_CACHE_AGE_NS;
use crate::sequence::MAX_CHANGES;

/// In the mean. Encoders send key frames far more seldom, ...
const INTERVAL_NS: u64 = 100_000_000;
/// ... but several may come together: after a stall of the network, or with another payload type.
const AT_ONCE: usize = 4;

/// In a stream of key frames alone too, what came late finds its number for as long as the publisher is asked for it.
const _: () = assert!((MAX_CHANGES - AT_ONCE) as u64 * INTERVAL_NS > VIDEO_CACHE_AGE_NS);

#[derive(Debug, Default)]
pub(crate) struct PrefacePace {
    /// Of the frame that had them last.
    timestamp: Option<u32>,
    /// When the next ones are due, had all so far kept the interval.
    due_ns: u64,
}

impl PrefacePace {
    /// Whether a frame may have them now, which is noted then. Where the viewer `begins` in a frame, what
    /// it got of that before does not count.
    pub(crate) fn admits(&mut self, timestamp: u32, begins: bool, now_ns: u64) -> bool {
        let has_them = !begins && self.timestamp == Some(timestamp);
        let due_ns = self.due_ns.max(now_ns);
        if has_them || due_ns - now_ns > (AT_ONCE as u64 - 1) * INTERVAL_NS {
            return false;
        }
        self.timestamp = Some(timestamp);
        self.due_ns = due_ns + INTERVAL_NS;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_gets_a_few_at_once_and_then_one_an_interval() {
        let mut pace = PrefacePace::default();
        let start_ns = 1_000_000_000_000;
        let mut admitted = |from_ns: u64, until_ns: u64, begins| {
            (from_ns..until_ns)
                .step_by(100_000)
                .filter(|ns| pace.admits(*ns as u32, begins, start_ns + ns))
                .count()
        };
        assert_eq!(admitted(0, INTERVAL_NS, false), AT_ONCE);
        assert_eq!(admitted(INTERVAL_NS, 11 * INTERVAL_NS, false), 10);
        assert_eq!(admitted(11 * INTERVAL_NS, 21 * INTERVAL_NS, true), 10);
        assert_eq!(
            admitted(100 * INTERVAL_NS, 101 * INTERVAL_NS, false),
            AT_ONCE
        );
    }

    #[test]
    fn a_frame_has_them_once_unless_the_viewer_begins_in_it() {
        let mut pace = PrefacePace::default();
        assert!(pace.admits(7, true, 0));
        assert!(!pace.admits(7, false, 10 * INTERVAL_NS));
        assert!(pace.admits(7, true, 20 * INTERVAL_NS));
        assert!(pace.admits(8, false, 20 * INTERVAL_NS));
    }
}
