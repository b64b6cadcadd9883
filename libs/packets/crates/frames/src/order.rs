//! Packets in the order they were sent, with a bounded wait for missing ones.

use std::collections::VecDeque;

use salon_packets_core::wire::rtp::SequenceUnwrapper;

use crate::color_space::ColorSpace;

/// Packets that may wait behind a missing one; also how far a number may be from the one expected.
const MAX_WAITING: usize = 2048;
/// So many packets refused in a row are no stragglers: what was expected must have been wrong.
const MAX_REFUSED: u32 = 32;

/// What is left of an RTP packet once its header is read.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) orientation: Option<u8>,
    pub(crate) color_space: Option<ColorSpace>,
    pub(crate) arrived_ns: u64,
    /// Without padding; may be empty.
    pub(crate) payload: Vec<u8>,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is kept.
    Taken,
    /// A duplicate, too late, or far from what is expected.
    Refused,
    /// The numbers begin anew with it; what waited is gone.
    Restarted,
}

#[derive(Debug, Default)]
pub(crate) struct Order {
    unwrapper: SequenceUnwrapper,
    next: Option<i64>,
    /// The first stands for `next`.
    waiting: VecDeque<Option<Packet>>,
    waiting_bytes: usize,
    /// What would follow the last far-away number: two in a row mean that the sender began anew (RFC 3550 appendix A.1).
    far: Option<u16>,
    refused_in_a_row: u32,
    /// When the first packet behind the gap came; only while `next` is missing.
    gap_ns: Option<u64>,
}

impl Order {
    pub(crate) fn push(&mut self, sequence_number: u16, packet: Packet) -> Place {
        let sequence = self.unwrapper.peek(sequence_number);
        let next = *self.next.get_or_insert(sequence);
        match usize::try_from(sequence - next) {
            Ok(index) if index < MAX_WAITING && self.is_free(index) => {
                self.unwrapper.unwrap(sequence_number);
                self.put(index, packet);
                Place::Taken
            }
            _ => {
                let is_far = (sequence - next).unsigned_abs() >= MAX_WAITING as u64;
                self.refused_in_a_row += 1;
                if is_far && self.far == Some(sequence_number)
                    || self.refused_in_a_row > MAX_REFUSED
                {
                    *self = Self::default();
                    self.push(sequence_number, packet);
                    return Place::Restarted;
                }
                self.far = is_far.then(|| sequence_number.wrapping_add(1));
                Place::Refused
            }
        }
    }

    fn is_free(&self, index: usize) -> bool {
        self.waiting.get(index).is_none_or(Option::is_none)
    }

    fn put(&mut self, index: usize, packet: Packet) {
        self.far = None;
        self.refused_in_a_row = 0;
        if index >= self.waiting.len() {
            self.waiting.resize_with(index + 1, || None);
        }
        self.waiting_bytes += packet.payload.len();
        if index > 0 && self.gap_ns.is_none() {
            self.gap_ns = Some(packet.arrived_ns);
        }
        self.waiting[index] = Some(packet);
    }

    /// The next packet, if it is there.
    pub(crate) fn pop(&mut self) -> Option<Packet> {
        let packet = self.waiting.front_mut()?.take()?;
        self.waiting.pop_front();
        self.next = self.next.map(|next| next + 1);
        self.waiting_bytes -= packet.payload.len();
        self.note_gap();
        Some(packet)
    }

    /// Since when packets have waited for a missing one.
    pub(crate) fn gap_ns(&self) -> Option<u64> {
        match self.waiting.front() {
            Some(None) => self.gap_ns,
            _ => None,
        }
    }

    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Gives missing packets up: goes on with the first that is there and wanted. False if there is none; then
    /// nothing changes.
    pub(crate) fn skip_to(&mut self, is_wanted: impl Fn(&Packet) -> bool) -> bool {
        let found = self
            .waiting
            .iter()
            .position(|packet| packet.as_ref().is_some_and(&is_wanted));
        let Some(index) = found else {
            return false;
        };
        for packet in self.waiting.drain(..index).flatten() {
            self.waiting_bytes -= packet.payload.len();
        }
        self.next = self.next.map(|next| next + index as i64);
        self.note_gap();
        true
    }

    /// Looked for only when a new packet has become the one that is missing.
    fn note_gap(&mut self) {
        self.gap_ns = match self.waiting.front() {
            Some(None) => self
                .waiting
                .iter()
                .flatten()
                .map(|packet| packet.arrived_ns)
                .min(),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(arrived_ns: u64) -> Packet {
        Packet {
            timestamp: 0,
            marker: false,
            orientation: None,
            color_space: None,
            arrived_ns,
            payload: vec![0; 10],
        }
    }

    fn popped(order: &mut Order) -> Vec<u64> {
        std::iter::from_fn(|| order.pop())
            .map(|packet| packet.arrived_ns)
            .collect()
    }

    #[test]
    fn packets_come_out_in_order_across_the_wrap() {
        let mut order = Order::default();
        for (at, number) in [65_534, 0, 65_535, 2, 1, 1, 65_535].into_iter().enumerate() {
            order.push(number, packet(at as u64));
        }
        assert_eq!(popped(&mut order), [0, 2, 1, 4, 3]);
        assert_eq!(order.waiting_bytes(), 0);
    }

    #[test]
    fn a_gap_is_as_old_as_the_first_packet_behind_it() {
        let mut order = Order::default();
        order.push(10, packet(1));
        assert_eq!(popped(&mut order), [1]);
        order.push(13, packet(5));
        order.push(12, packet(7));
        order.push(15, packet(6));
        assert_eq!(order.gap_ns(), Some(5));
        assert!(order.skip_to(|_| true));
        assert_eq!(order.gap_ns(), None);
        assert_eq!(popped(&mut order), [7, 5]);
        assert_eq!(order.gap_ns(), Some(6));
        assert!(!order.skip_to(|packet| packet.marker));
        assert_eq!(order.push(11, packet(8)), Place::Refused, "given up");
    }

    #[test]
    fn one_far_number_is_noise_and_two_in_a_row_a_new_beginning() {
        let mut order = Order::default();
        order.push(10, packet(1));
        assert_eq!(order.push(30_000, packet(2)), Place::Refused);
        assert_eq!(order.push(11, packet(3)), Place::Taken);
        assert_eq!(order.push(30_001, packet(4)), Place::Refused);
        assert_eq!(order.push(30_002, packet(5)), Place::Restarted);
        assert_eq!(order.push(30_003, packet(6)), Place::Taken);
        assert_eq!(popped(&mut order), [5, 6]);
    }

    #[test]
    fn packets_that_are_always_late_are_a_new_beginning_too() {
        let mut order = Order::default();
        order.push(1_000, packet(1));
        let places: Vec<_> = (100..200)
            .map(|number| order.push(number, packet(2)))
            .collect();
        let restart = MAX_REFUSED as usize;
        assert!(
            places[..restart]
                .iter()
                .all(|place| *place == Place::Refused)
        );
        assert_eq!(places[restart], Place::Restarted);
        assert!(
            places[restart + 1..]
                .iter()
                .all(|place| *place == Place::Taken)
        );
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut order = Order::default();
        order.push(0, packet(0));
        for number in 2..u16::MAX {
            order.push(number, packet(0));
        }
        assert!(order.waiting_bytes() <= MAX_WAITING * 10);
    }
}
