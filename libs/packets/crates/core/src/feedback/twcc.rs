//! Transport-wide feedback, both ways: arrivals to report to a publisher, departures to match a viewer's reports with.

use super::estimate::Acknowledged;
use crate::wire::rtp::SequenceUnwrapper;
use crate::wire::twcc::{Arrival, Feedback};

/// Arrivals waiting for the next report; at 50 ms this is 10,000 packets/s.
const MAX_ARRIVALS: usize = 512;
/// Packets remembered until a viewer's report, a power of two.
const SENT_RING: usize = 1024;
/// One cycle of the 24-bit reference time, in units of 64 ms.
const REFERENCE_CYCLE: i64 = 1 << 24;

/// What arrived on a publisher's transport since the last report.
#[derive(Debug, Default)]
pub(crate) struct ArrivalLog {
    unwrapper: SequenceUnwrapper,
    arrivals: Vec<Arrival>,
    /// One after the last reported number: losses between reports are told too.
    base: Option<i64>,
    feedback_count: u8,
}

impl ArrivalLog {
    /// An authenticated packet, padding and unknown SSRCs included. True if it is the first since the last report.
    #[inline]
    pub(crate) fn push(&mut self, sequence: u16, arrived_ns: u64) -> bool {
        let sequence = self.unwrapper.unwrap(sequence);
        if self.arrivals.len() < MAX_ARRIVALS && self.base.is_none_or(|base| sequence >= base) {
            self.arrivals.push(Arrival {
                sequence,
                at_us: arrived_ns / 1000,
            });
        }
        self.arrivals.len() == 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Sorted arrivals, the base, and the count for the next feedback packet.
    pub(crate) fn pending(&mut self) -> (&[Arrival], i64, u8) {
        self.arrivals
            .sort_unstable_by_key(|arrival| arrival.sequence);
        self.arrivals.dedup_by_key(|arrival| arrival.sequence);
        let first = self.arrivals.first().map_or(0, |arrival| arrival.sequence);
        (
            &self.arrivals,
            self.base.unwrap_or(first),
            self.feedback_count,
        )
    }

    /// The first `count` arrivals have been reported.
    pub(crate) fn reported(&mut self, count: usize) {
        if let Some(last) = self.arrivals.drain(..count).next_back() {
            self.base = Some(last.sequence + 1);
        }
        self.feedback_count = self.feedback_count.wrapping_add(1);
    }

    /// Nothing of this could be reported.
    pub(crate) fn discard(&mut self) {
        self.arrivals.clear();
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct SentPacket {
    sequence: u16,
    bytes: u16,
}

/// Departures on a viewer's transport, numbered.
#[derive(Debug)]
pub(crate) struct DepartureLog {
    next: u16,
    ring: Vec<SentPacket>,
    reference: Option<i64>,
}

impl DepartureLog {
    pub(crate) fn new(first: u16) -> Self {
        Self {
            next: first,
            ring: Vec::new(),
            reference: None,
        }
    }

    /// The number of a packet about to leave.
    #[inline]
    pub(crate) fn number(&mut self, bytes: usize) -> u16 {
        if self.ring.is_empty() {
            self.ring.resize(SENT_RING, SentPacket::default());
        }
        let sequence = self.next;
        self.next = self.next.wrapping_add(1);
        self.ring[usize::from(sequence) & (SENT_RING - 1)] = SentPacket {
            sequence,
            bytes: bytes as u16,
        };
        sequence
    }

    /// Matches a viewer's report with what was sent. Each packet is matched at most once as received.
    pub(crate) fn acknowledge(&mut self, feedback: &Feedback<'_>, out: &mut Vec<Acknowledged>) {
        out.clear();
        // Twenty hostile bytes can claim 65,535 packets; more than we remember is not worth walking over.
        if self.ring.is_empty() || usize::from(feedback.status_count) > SENT_RING {
            return;
        }
        let mut at_us = self.unwrap_reference(feedback.reference_time_64ms) * 64_000;
        for status in feedback.statuses() {
            if let Some(delta_us) = status.delta_us {
                at_us += i64::from(delta_us);
            }
            let sent = &mut self.ring[usize::from(status.sequence) & (SENT_RING - 1)];
            if sent.sequence != status.sequence || sent.bytes == 0 {
                continue;
            }
            out.push(Acknowledged {
                bytes: u32::from(sent.bytes),
                arrived_us: status.delta_us.map(|_| at_us),
            });
            if status.delta_us.is_some() {
                sent.bytes = 0;
            }
        }
    }

    fn unwrap_reference(&mut self, reference: u32) -> i64 {
        let wire = i64::from(reference);
        let unwrapped = match self.reference {
            None => wire,
            Some(before) => {
                let forward = (wire - before).rem_euclid(REFERENCE_CYCLE);
                before
                    + if forward < REFERENCE_CYCLE / 2 {
                        forward
                    } else {
                        forward - REFERENCE_CYCLE
                    }
            }
        };
        self.reference = Some(unwrapped);
        unwrapped
    }
}
