//! What a viewer was sent, so that a NACK can be answered with the very same packet from the source's cache.

/// Times one packet is sent again at most.
const MAX_RETRANSMISSIONS: u8 = 3;

/// What a packet is beside what the source sent under its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// That.
    #[default]
    Plain,
    /// With a byte of padding.
    Padded,
    /// The parameter sets before it.
    Preface,
}

/// How one packet left. Enough to build it again byte for byte.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) source_sequence: i64,
    /// Low 32 bits of the unwrapped number.
    pub(crate) sequence: u32,
    pub(crate) timestamp: u32,
    pub(crate) sent_us: u32,
    pub(crate) transport_sequence: u16,
    pub(crate) picture_id: u16,
    pub(crate) tl0_pic_idx: u8,
    pub(crate) abs_send_time: [u8; 3],
    pub(crate) form: Form,
    pub(crate) retransmissions: u8,
}

/// A ring by outgoing sequence number; empty for a viewer that does not send NACKs.
#[derive(Debug)]
pub(crate) struct SentHistory {
    ring: Vec<Sent>,
}

impl SentHistory {
    /// `capacity` is a power of two, or 0 to remember nothing.
    pub(crate) fn new(capacity: usize) -> Self {
        assert!(
            capacity == 0 || capacity.is_power_of_two(),
            "ring size is a power of two"
        );
        // A number that no source packet has marks a slot never used.
        Self {
            ring: vec![
                Sent {
                    source_sequence: i64::MIN,
                    ..Sent::default()
                };
                capacity
            ],
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, sent: Sent) {
        if !self.ring.is_empty() {
            let index = sent.sequence as usize & (self.ring.len() - 1);
            self.ring[index] = sent;
        }
    }

    /// The packet to send again for a NACK of `wire_sequence`, unless it went out less than `round_trip_us` ago or
    /// three times already. `newest` is the highest number sent.
    pub(crate) fn take(
        &mut self,
        wire_sequence: u16,
        newest: u32,
        now_us: u32,
        round_trip_us: u32,
    ) -> Option<Sent> {
        if self.ring.is_empty() {
            return None;
        }
        let behind = (newest as u16).wrapping_sub(wire_sequence);
        let sequence = newest.wrapping_sub(u32::from(behind));
        let index = sequence as usize & (self.ring.len() - 1);
        let sent = &mut self.ring[index];
        if sent.sequence != sequence || sent.source_sequence == i64::MIN {
            return None;
        }
        // The first answer may come at once: the viewer knows better than we how long the way is.
        if sent.retransmissions >= MAX_RETRANSMISSIONS
            || (sent.retransmissions > 0 && now_us.wrapping_sub(sent.sent_us) < round_trip_us)
        {
            return None;
        }
        sent.retransmissions += 1;
        let found = *sent;
        sent.sent_us = now_us;
        Some(found)
    }

    /// Undoes a `take` that the budget did not allow.
    pub(crate) fn release(&mut self, sent: &Sent) {
        let index = sent.sequence as usize & (self.ring.len() - 1);
        self.ring[index] = Sent {
            retransmissions: sent.retransmissions - 1,
            ..*sent
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_given_at_most_three_times_and_once_per_round_trip() {
        let mut history = SentHistory::new(16);
        for sequence in 65_530..65_540u32 {
            history.push(Sent {
                source_sequence: i64::from(sequence) + 7,
                sequence,
                sent_us: 0,
                ..Sent::default()
            });
        }
        assert_eq!(
            history.take(1, 65_539, 10, 100).unwrap().source_sequence,
            65_544
        );
        assert!(
            history.take(1, 65_539, 50, 100).is_none(),
            "within a round trip"
        );
        assert!(history.take(1, 65_539, 150, 100).is_some());
        assert!(history.take(1, 65_539, 300, 100).is_some());
        assert!(
            history.take(1, 65_539, 900, 100).is_none(),
            "three times are enough"
        );
        assert!(history.take(5, 65_539, 900, 100).is_none(), "never sent");
        assert!(history.take(65_000, 65_539, 900, 100).is_none(), "too old");
    }
}
