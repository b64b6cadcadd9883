//! Receive statistics of one stream, as receiver reports tell them (RFC 3550 section 6.4.1, appendix A.3 and A.8).

use crate::clock::{SenderMapping, compact};
use crate::wire::rtcp::ReportBlock;

/// Counts one SSRC's packets (not its retransmissions).
#[derive(Debug, Default)]
pub(crate) struct Reception {
    first: Option<i64>,
    highest: i64,
    received: i64,
    expected_before: i64,
    received_before: i64,
    transit_ts: Option<u32>,
    /// Scaled by 16.
    jitter_scaled: u32,
}

impl Reception {
    /// An authenticated packet that is no duplicate.
    #[inline]
    pub(crate) fn on_packet(
        &mut self,
        sequence: i64,
        timestamp: u32,
        arrived_ns: u64,
        clock_rate_hz: u32,
    ) {
        if self.first.is_none_or(|first| sequence < first) {
            self.first = Some(sequence);
        }
        self.highest = self.highest.max(sequence);
        self.received += 1;
        let arrived_ts =
            (u128::from(arrived_ns) * u128::from(clock_rate_hz) / 1_000_000_000) as u32;
        let transit = arrived_ts.wrapping_sub(timestamp);
        if let Some(before) = self.transit_ts {
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            // A jump of more than ten seconds is a new time base, not jitter.
            if difference < clock_rate_hz.saturating_mul(10) {
                self.jitter_scaled =
                    self.jitter_scaled + difference - ((self.jitter_scaled + 8) >> 4);
            }
        }
        self.transit_ts = Some(transit);
    }

    /// Packets expected less packets received; retransmissions do not count.
    pub(crate) fn lost(&self) -> i64 {
        self.first
            .map_or(0, |first| self.highest - first + 1 - self.received)
    }

    pub(crate) fn jitter_ts(&self) -> u32 {
        self.jitter_scaled >> 4
    }

    /// (expected, received) since the last report.
    pub(crate) fn interval(&self) -> (i64, i64) {
        let expected = self.first.map_or(0, |first| self.highest - first + 1);
        (
            expected - self.expected_before,
            self.received - self.received_before,
        )
    }

    /// A report block; begins a new interval. `None` before the first packet.
    pub(crate) fn report(
        &mut self,
        ssrc: u32,
        last: Option<&SenderMapping>,
        now_ns: u64,
    ) -> Option<ReportBlock> {
        self.first?;
        let (expected, received) = self.interval();
        self.expected_before += expected;
        self.received_before += received;
        let lost = (expected - received).max(0);
        let fraction_lost = if expected > 0 {
            (lost * 256 / expected).min(255) as u8
        } else {
            0
        };
        let delay_ns = |mapping: &SenderMapping| now_ns.saturating_sub(mapping.arrived_ns);
        Some(ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost: self.lost().clamp(-0x80_0000, 0x7f_ffff) as i32,
            extended_highest_sequence: self.highest as u32,
            jitter_ts: self.jitter_ts(),
            last_sr: last.map_or(0, |mapping| compact(mapping.ntp)),
            delay_since_last_sr: last.map_or(0, |mapping| {
                ((u128::from(delay_ns(mapping)) << 16) / 1_000_000_000) as u32
            }),
        })
    }
}

/// Round-trip time from a report block about a stream of ours, in nanoseconds; `now` and `last_sr` are compact NTP.
/// `None` for no sender report yet, and for nonsense (negative or above 30 s).
pub(crate) fn round_trip_ns(now: u32, last_sr: u32, delay_since_last_sr: u32) -> Option<u64> {
    if last_sr == 0 {
        return None;
    }
    let units = now.wrapping_sub(last_sr).wrapping_sub(delay_since_last_sr) as i32;
    // Half a millisecond below zero is rounding of the peer, below that its clock is wrong.
    (-32..30 << 16)
        .contains(&units)
        .then(|| (units.max(0) as u64 * 1_000_000_000) >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn loss_jitter_and_delay_are_reported() {
        let mut reception = Reception::default();
        for sequence in 65_530..65_550 {
            if sequence % 4 != 0 {
                let timestamp = (sequence as u32).wrapping_mul(900);
                let late = if sequence % 2 == 0 { 2 * MS } else { 0 };
                reception.on_packet(
                    sequence,
                    timestamp,
                    sequence as u64 * 10 * MS + late,
                    90_000,
                );
            }
        }
        let mapping = SenderMapping {
            ntp: 0x0123_4567_89ab_cdef,
            rtp_timestamp: 0,
            arrived_ns: 0,
            epoch: 0,
        };
        let block = reception.report(7, Some(&mapping), 500 * MS).unwrap();
        assert_eq!(block.extended_highest_sequence, 65_549);
        assert_eq!((block.cumulative_lost, block.fraction_lost), (5, 64));
        assert_eq!(
            (block.last_sr, block.delay_since_last_sr),
            (0x4567_89ab, 1 << 15)
        );
        assert!(
            (30..180).contains(&block.jitter_ts),
            "{} of at most 180",
            block.jitter_ts
        );
        let quiet = reception.report(7, None, 600 * MS).unwrap();
        assert_eq!(
            (quiet.fraction_lost, quiet.cumulative_lost, quiet.last_sr),
            (0, 5, 0)
        );
    }

    #[test]
    fn a_round_trip_is_never_negative() {
        assert_eq!(round_trip_ns(1000, 0, 0), None);
        assert_eq!(round_trip_ns(0x1_0000, 0x8000, 0x4000), Some(250_000_000));
        assert_eq!(round_trip_ns(100, 95, 10), Some(0));
        assert_eq!(round_trip_ns(100, 95, 1000), None);
    }
}
