//! Another SSRC in a section whose stream is known: the next encoder of a publisher that restarted, or a second stream
//! beside the first (simulcast without rids, a repair scheme nobody agreed to).
//!
//! Which of the two shows only in time: the first goes on where the known one has fallen silent. What comes until then
//! is kept, because an encoder that restarts begins with its key frame.

/// How long the known SSRC has to be silent while another one speaks. Opus with DTX says something every 400 ms.
const SILENCE_NS: u64 = 500_000_000;
/// Four Mbit/s for that long. Who sends more is asked for a key frame instead.
const MAX_HELD: usize = 256;

/// A decrypted packet and when it came.
pub(crate) type HeldPacket = (Vec<u8>, u64);

/// An SSRC that was heard since the known one was.
#[derive(Debug)]
pub(crate) struct Successor {
    ssrc: u32,
    since_ns: u64,
    heard_ns: u64,
    /// None: there was too much of it.
    held: Option<Vec<HeldPacket>>,
}

impl Successor {
    /// Takes note of a packet on an SSRC that is not the known one. When that is to be followed from now on, gives what
    /// came before, oldest first; the packet itself is not among it.
    pub(crate) fn on_packet(
        successor: &mut Option<Self>,
        ssrc: u32,
        packet: &[u8],
        arrived_ns: u64,
    ) -> Option<Vec<HeldPacket>> {
        match successor {
            Some(waiting) if waiting.ssrc == ssrc => {
                waiting.heard_ns = arrived_ns;
                if arrived_ns.saturating_sub(waiting.since_ns) >= SILENCE_NS {
                    let held = waiting.held.take();
                    *successor = None;
                    return Some(held.unwrap_or_default());
                }
                waiting.hold(packet, arrived_ns);
            }
            Some(waiting) if arrived_ns.saturating_sub(waiting.heard_ns) < SILENCE_NS => {}
            _ => {
                let mut first = Self {
                    ssrc,
                    since_ns: arrived_ns,
                    heard_ns: arrived_ns,
                    held: Some(Vec::new()),
                };
                first.hold(packet, arrived_ns);
                *successor = Some(first);
            }
        }
        None
    }

    fn hold(&mut self, packet: &[u8], arrived_ns: u64) {
        let Some(held) = &mut self.held else {
            return;
        };
        if held.len() < MAX_HELD {
            held.push((packet.to_vec(), arrived_ns));
        } else {
            self.held = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn the_first_that_goes_on_for_half_a_second_is_followed_with_what_it_sent() {
        let mut successor = None;
        for ms in 0..50 {
            for ssrc in [7, 8, 9] {
                let followed =
                    Successor::on_packet(&mut successor, ssrc, &[ms as u8], ms * 10 * MS);
                assert_eq!(followed, None);
            }
        }
        let held = Successor::on_packet(&mut successor, 7, &[50], 500 * MS).unwrap();
        assert_eq!(held.len(), 50);
        assert_eq!(held[49], (vec![49], 490 * MS));
    }

    #[test]
    fn one_that_falls_silent_itself_gives_way() {
        let mut successor = None;
        assert_eq!(Successor::on_packet(&mut successor, 7, &[0], 0), None);
        for ms in (500..1000).step_by(100) {
            assert_eq!(Successor::on_packet(&mut successor, 8, &[0], ms * MS), None);
        }
        assert!(Successor::on_packet(&mut successor, 8, &[0], 1000 * MS).is_some());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut successor = None;
        for us in 0..2000 {
            assert_eq!(
                Successor::on_packet(&mut successor, 7, &[0; 1200], us * 1000),
                None
            );
            let held = successor.as_ref().and_then(|waiting| waiting.held.as_ref());
            assert!(held.is_none_or(|held| held.len() <= MAX_HELD));
        }
        assert_eq!(
            Successor::on_packet(&mut successor, 7, &[0], 600 * MS),
            Some(Vec::new())
        );
    }
}
