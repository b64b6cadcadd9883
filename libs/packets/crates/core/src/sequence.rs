//! Sequence numbers of a viewer's stream: continuous whatever is left out of the source's.

use std::collections::VecDeque;

/// Remembered single drops, and insertions; packets from before the oldest are too late to matter.
pub(crate) const MAX_CHANGES: usize = 64;

/// Maps unwrapped source numbers to unwrapped outgoing ones.
///
/// Losses stay visible as gaps, so that the viewer asks for them. What is dropped on purpose, and what passes
/// while nothing is forwarded, leaves none.
#[derive(Debug)]
pub(crate) struct SequenceMap {
    offset: i64,
    /// Older source packets belong to a time before the last restart.
    floor: i64,
    highest: i64,
    last_out: i64,
    /// Source numbers dropped since the restart, ascending.
    drops: VecDeque<i64>,
    /// Source numbers before which something was inserted since the restart, ascending.
    insertions: VecDeque<i64>,
}

impl SequenceMap {
    /// The first packet out will have the number after `last_out`.
    pub(crate) fn new(last_out: i64) -> Self {
        Self {
            offset: 0,
            floor: i64::MAX,
            highest: i64::MAX,
            last_out,
            drops: VecDeque::new(),
            insertions: VecDeque::new(),
        }
    }

    /// Go on with source packet `first`, right after the last one out; or after one missing number, so that a frame
    /// cut in the middle is seen to be incomplete.
    pub(crate) fn restart(&mut self, first: i64, leave_gap: bool) {
        self.offset = first - (self.last_out + 1 + i64::from(leave_gap));
        self.floor = first;
        self.highest = first - 1;
        self.drops.clear();
        self.insertions.clear();
    }

    /// The number a source packet leaves with; `None` if it must not leave (dropped, or from before the restart).
    #[inline]
    pub(crate) fn map(&mut self, source: i64) -> Option<i64> {
        if source > self.highest {
            self.highest = source;
            self.last_out = source - self.offset;
            return Some(self.last_out);
        }
        if source < self.floor || self.drops.contains(&source) {
            return None;
        }
        let newer = |of: &VecDeque<i64>| of.iter().filter(|at| **at > source).count() as i64;
        let out = source - (self.offset - newer(&self.drops) + newer(&self.insertions));
        // Behind a drop a late packet may still have the highest number: a restart must not give it again.
        self.last_out = self.last_out.max(out);
        Some(out)
    }

    /// A number right before the one that this packet will leave with; `None` if later packets are out already.
    pub(crate) fn insert_before(&mut self, source: i64) -> Option<i64> {
        if source <= self.highest {
            return None;
        }
        self.last_out = source - self.offset;
        self.offset -= 1;
        if self.insertions.len() == MAX_CHANGES
            && let Some(oldest) = self.insertions.pop_front()
        {
            self.floor = self.floor.max(oldest);
        }
        self.insertions.push_back(source);
        Some(self.last_out)
    }

    /// Close the gap that leaving this packet out would make. False if later packets are out already: then the
    /// gap is there and only sending something in its place fills it.
    pub(crate) fn drop_packet(&mut self, source: i64) -> bool {
        if source <= self.highest {
            return source < self.floor || self.drops.contains(&source);
        }
        self.highest = source;
        self.offset += 1;
        if self.drops.len() == MAX_CHANGES
            && let Some(oldest) = self.drops.pop_front()
        {
            self.floor = self.floor.max(oldest + 1);
        }
        self.drops.push_back(source);
        true
    }

    /// Whether all packets so far were before this one.
    pub(crate) fn is_newer(&self, source: i64) -> bool {
        source > self.highest
    }

    /// The highest number used so far.
    pub(crate) fn last_out(&self) -> i64 {
        self.last_out
    }
}

#[cfg(test)]
mod tests {
    use super::SequenceMap;

    #[test]
    fn drops_leave_no_gap_and_late_packets_keep_their_place() {
        let mut map = SequenceMap::new(999);
        map.restart(70_000, false);
        assert_eq!(map.map(70_000), Some(1000));
        assert!(map.drop_packet(70_001));
        assert_eq!(map.map(70_003), Some(1002));
        assert!(map.drop_packet(70_004));
        assert_eq!(map.map(70_005), Some(1003));
        assert_eq!(map.map(70_002), Some(1001), "late, between two drops");
        assert_eq!(map.map(70_001), None, "was dropped");
        assert!(map.drop_packet(70_001), "again is the same");
        assert!(!map.drop_packet(70_003), "too late to close the gap");
        assert_eq!(map.map(69_999), None, "from before the start");
    }

    #[test]
    fn wrap_with_drops_pending() {
        let mut map = SequenceMap::new(65_533);
        map.restart(65_530, false);
        let mut out = Vec::new();
        for source in 65_530..65_545 {
            if source % 3 == 0 {
                assert!(map.drop_packet(source));
            } else {
                out.push(map.map(source).unwrap());
            }
        }
        assert_eq!(out, (65_534..65_534 + out.len() as i64).collect::<Vec<_>>());
        assert_eq!(out[3] as u16, 1, "the wire number wrapped");
    }

    #[test]
    fn a_restart_goes_on_where_it_stopped_or_after_one_gap() {
        let mut map = SequenceMap::new(9);
        map.restart(100, false);
        assert_eq!(map.map(100), Some(10));
        map.restart(5_000, false);
        assert_eq!(map.map(5_000), Some(11));
        assert_eq!(map.map(101), None);
        map.restart(6_000, true);
        assert_eq!(map.map(6_000), Some(13));
    }

    #[test]
    fn a_number_is_never_given_twice_even_behind_a_drop_and_a_restart() {
        let mut map = SequenceMap::new(0);
        map.restart(100, false);
        assert_eq!(map.map(100), Some(1));
        assert!(map.drop_packet(103));
        assert_eq!(map.map(101), Some(2), "late, and the highest so far");
        map.restart(200, false);
        assert_eq!(map.map(200), Some(3));
    }

    #[test]
    fn what_is_inserted_has_a_number_of_its_own_among_drops_and_late_packets() {
        let mut map = SequenceMap::new(65_534);
        map.restart(100, false);
        assert_eq!(map.insert_before(100), Some(65_535));
        assert_eq!(map.map(100), Some(65_536), "the wire number wrapped");
        assert!(map.drop_packet(101));
        assert_eq!(map.insert_before(104), Some(65_539));
        assert_eq!(map.last_out(), 65_539);
        assert_eq!(map.map(104), Some(65_540));
        assert_eq!(map.map(102), Some(65_537), "late, before it");
        assert_eq!(map.map(103), Some(65_538));
        assert_eq!(map.insert_before(103), None, "too late");
        map.restart(200, false);
        assert_eq!(map.map(200), Some(65_541));
    }

    #[test]
    fn more_insertions_than_remembered_only_refuse_what_is_older() {
        let mut map = SequenceMap::new(0);
        map.restart(0, false);
        let mut last = 0;
        for source in (0..400).step_by(2) {
            assert_eq!(map.insert_before(source), Some(last + 1));
            assert_eq!(map.map(source), Some(last + 2));
            last += 3;
        }
        assert_eq!(map.map(101), None);
        assert_eq!(map.map(399), Some(last));
        assert_eq!(map.map(397), Some(last - 3), "late");
    }

    #[test]
    fn more_drops_than_remembered_only_refuse_what_is_older() {
        let mut map = SequenceMap::new(0);
        map.restart(0, false);
        for source in 0..200 {
            assert!(map.drop_packet(source));
        }
        assert_eq!(map.map(200), Some(1));
        assert_eq!(map.map(50), None);
    }
}
