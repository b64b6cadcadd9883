//! How much a viewer's connection carries, from its transport-wide feedback.

/// What became of one packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) bytes: u32,
    /// On the viewer's clock, microseconds from an arbitrary start; `None` if lost.
    pub(crate) arrived_us: Option<i64>,
}

/// Port for bandwidth estimators: one object per viewer connection.
pub(crate) trait BandwidthEstimator: Send {
    /// One feedback packet, in sequence order.
    fn on_feedback(&mut self, packets: &[Acknowledged]);

    /// `None` until enough was seen.
    fn estimate_bps(&self) -> Option<u64>;
}

const WINDOW_US: i64 = 500_000;
const SMOOTHING: f64 = 0.3;

/// The rate that arrives. An application-limited sender learns no more than what it sends: good enough to see a
/// connection fail, not to probe upwards.
#[derive(Debug, Default)]
pub(crate) struct AcknowledgedRate {
    window_start_us: Option<i64>,
    window_bytes: u64,
    smoothed_bps: Option<f64>,
}

impl BandwidthEstimator for AcknowledgedRate {
    fn on_feedback(&mut self, packets: &[Acknowledged]) {
        for packet in packets {
            let Some(at_us) = packet.arrived_us else {
                continue;
            };
            let start_us = *self.window_start_us.get_or_insert(at_us);
            let elapsed_us = at_us - start_us;
            if !(-WINDOW_US..20 * WINDOW_US).contains(&elapsed_us) {
                // The viewer's clock jumped, or nothing was sent for long.
                self.window_start_us = Some(at_us);
                self.window_bytes = 0;
            } else if elapsed_us >= WINDOW_US {
                let bps = self.window_bytes as f64 * 8e6 / elapsed_us as f64;
                self.smoothed_bps = Some(
                    self.smoothed_bps
                        .map_or(bps, |old| old + SMOOTHING * (bps - old)),
                );
                self.window_start_us = Some(at_us);
                self.window_bytes = 0;
            }
            self.window_bytes += u64::from(packet.bytes);
        }
    }

    fn estimate_bps(&self) -> Option<u64> {
        self.smoothed_bps.map(|bps| bps as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured_and_a_clock_jump_survived() {
        let mut rate = AcknowledgedRate::default();
        for packet in 0..300 {
            let jump = if packet > 150 { 1 << 40 } else { 0 };
            rate.on_feedback(&[Acknowledged {
                bytes: 1250,
                arrived_us: Some(packet * 10_000 + jump),
            }]);
        }
        let bps = rate.estimate_bps().unwrap();
        assert!((990_000..1_030_000).contains(&bps), "{bps}");
    }
}
