//! Which packets of a publisher are missing, when to ask for them, and when to give up (RFC 4585 section 6.2.1).

use std::collections::VecDeque;

/// A packet that is only late is not asked for.
const REORDER_TOLERANCE_NS: u64 = 5_000_000;
/// This many later packets are as good as the time.
const REORDER_TOLERANCE_PACKETS: i64 = 3;
const MAX_TRIES: u8 = 10;
const MAX_AGE_NS: u64 = 1_000_000_000;
const MIN_INTERVAL_NS: u64 = 20_000_000;
/// What nobody repeats is lost after this: a key frame costs too much to be asked for because of a late packet.
const LOST_NS: u64 = 40_000_000;
/// More holes than this are not repaired one by one.
const MAX_MISSING: usize = 256;

#[derive(Debug)]
struct Missing {
    sequence: i64,
    since_ns: u64,
    next_ns: u64,
    asked_ns: u64,
    tries: u8,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NackDue {
    /// To be asked for, ascending.
    pub(crate) sequence_numbers: Vec<u16>,
    /// Something was given up: only a key frame helps.
    pub(crate) given_up: bool,
}

/// Holes in one stream.
#[derive(Debug, Default)]
pub(crate) struct NackGenerator {
    missing: VecDeque<Missing>,
    given_up: bool,
}

impl NackGenerator {
    /// A packet of the stream; `highest_before` is the highest sequence number known before it.
    pub(crate) fn on_packet(&mut self, sequence: i64, highest_before: i64, now_ns: u64) {
        if sequence <= highest_before {
            let _ = self.on_repaired(sequence, now_ns);
            return;
        }
        let holes = (sequence - highest_before - 1) as usize;
        if holes + self.missing.len() > MAX_MISSING {
            self.missing.clear();
            self.given_up = true;
            return;
        }
        for hole in highest_before + 1..sequence {
            self.missing.push_back(Missing {
                sequence: hole,
                since_ns: now_ns,
                next_ns: now_ns + REORDER_TOLERANCE_NS,
                asked_ns: 0,
                tries: 0,
            });
        }
        for missing in &mut self.missing {
            if missing.tries == 0 && sequence - missing.sequence >= REORDER_TOLERANCE_PACKETS {
                missing.next_ns = missing.next_ns.min(now_ns);
            }
        }
    }

    /// The packet came after all. If it was asked for exactly once, gives the time that took: a round trip.
    pub(crate) fn on_repaired(&mut self, sequence: i64, now_ns: u64) -> Option<u64> {
        let index = self
            .missing
            .binary_search_by_key(&sequence, |missing| missing.sequence)
            .ok()?;
        let missing = self.missing.remove(index)?;
        (missing.tries == 1).then(|| now_ns.saturating_sub(missing.asked_ns))
    }

    /// Whether it is missing and was asked for.
    pub(crate) fn is_asked_for(&self, sequence: i64) -> bool {
        self.missing
            .binary_search_by_key(&sequence, |missing| missing.sequence)
            .is_ok_and(|index| self.missing[index].tries > 0)
    }

    /// A key frame begins at `sequence`: what is before it is not needed any more.
    pub(crate) fn on_keyframe(&mut self, sequence: i64) {
        while self
            .missing
            .front()
            .is_some_and(|missing| missing.sequence < sequence)
        {
            self.missing.pop_front();
        }
        self.given_up = false;
    }

    /// When `due` has something to say.
    pub(crate) fn deadline_ns(&self) -> Option<u64> {
        if self.given_up {
            return Some(0);
        }
        self.missing.iter().map(|missing| missing.next_ns).min()
    }

    /// For a publisher that repeats nothing: whether something is missing for good, which is forgotten then.
    pub(crate) fn take_lost(&mut self, now_ns: u64) -> bool {
        let mut is_lost = std::mem::take(&mut self.given_up);
        self.missing.retain_mut(|missing| {
            missing.next_ns = missing.since_ns + LOST_NS;
            let is_kept = missing.next_ns > now_ns;
            is_lost |= !is_kept;
            is_kept
        });
        is_lost
    }

    /// What to ask for now; asked again every round trip, at most ten times and for one second.
    pub(crate) fn due(&mut self, now_ns: u64, round_trip_ns: u64) -> NackDue {
        let mut due = NackDue {
            given_up: std::mem::take(&mut self.given_up),
            ..NackDue::default()
        };
        let interval_ns = round_trip_ns.max(MIN_INTERVAL_NS);
        self.missing.retain_mut(|missing| {
            if missing.next_ns > now_ns {
                return true;
            }
            if missing.tries >= MAX_TRIES || now_ns.saturating_sub(missing.since_ns) >= MAX_AGE_NS {
                due.given_up = true;
                return false;
            }
            missing.tries += 1;
            missing.asked_ns = now_ns;
            missing.next_ns = now_ns + interval_ns;
            due.sequence_numbers.push(missing.sequence as u16);
            true
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn reordering_is_tolerated_and_loss_is_asked_for() {
        let mut nack = NackGenerator::default();
        nack.on_packet(12, 10, 0);
        assert_eq!(nack.deadline_ns(), Some(5 * MS));
        nack.on_packet(11, 12, MS);
        assert_eq!(nack.deadline_ns(), None);
        nack.on_packet(15, 12, 2 * MS);
        assert_eq!(nack.due(3 * MS, 0), NackDue::default());
        assert_eq!(nack.due(7 * MS, 0).sequence_numbers, [13, 14]);
        assert!(nack.due(20 * MS, 0).sequence_numbers.is_empty());
        assert_eq!(nack.due(27 * MS, 0).sequence_numbers, [13, 14]);
    }

    #[test]
    fn three_later_packets_prove_a_loss() {
        let mut nack = NackGenerator::default();
        nack.on_packet(2, 0, 0);
        nack.on_packet(3, 2, 0);
        nack.on_packet(4, 3, 0);
        assert_eq!(nack.due(0, 0).sequence_numbers, [1]);
    }

    #[test]
    fn it_gives_up_after_ten_tries_or_a_hole_too_large() {
        let mut nack = NackGenerator::default();
        nack.on_packet(2, 0, 0);
        let mut now_ns = 5 * MS;
        for _ in 0..10 {
            let due = nack.due(now_ns, 0);
            assert_eq!((due.sequence_numbers.len(), due.given_up), (1, false));
            now_ns += 20 * MS;
        }
        assert!(nack.due(now_ns, 0).given_up);
        assert_eq!(nack.deadline_ns(), None);
        nack.on_packet(1000, 2, now_ns);
        assert!(nack.due(now_ns, 0).given_up);
    }

    #[test]
    fn a_key_frame_makes_older_holes_irrelevant() {
        let mut nack = NackGenerator::default();
        nack.on_packet(10, 5, 0);
        nack.on_keyframe(9);
        assert_eq!(nack.due(5 * MS, 0).sequence_numbers, [9]);
    }
}
