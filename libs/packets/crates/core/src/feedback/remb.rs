//! A receive-side estimate for publishers that only understand REMB (aiortc): enough to let them climb and to stop them
//! on heavy loss. Publishers with transport-wide feedback estimate for themselves.

const START_BPS: f64 = 1_000_000.0;
const MIN_BPS: f64 = 100_000.0;
const MAX_BPS: f64 = 5_000_000.0;
const GROWTH_PER_SECOND: f64 = 1.08;
const LOSS_CUT: f64 = 0.10;
const LOSS_HOLD: f64 = 0.02;

/// Loss-driven, updated once a second.
#[derive(Debug)]
pub(crate) struct ReceiveEstimate {
    bps: f64,
}

impl ReceiveEstimate {
    pub(crate) fn new() -> Self {
        Self { bps: START_BPS }
    }

    /// One interval of about a second: what arrived, and the share of packets that did not.
    pub(crate) fn update(&mut self, received_bps: f64, loss: f64) {
        if loss > LOSS_CUT {
            self.bps *= 1.0 - 0.5 * loss;
        } else if loss < LOSS_HOLD && received_bps * 2.0 > self.bps {
            // A sender that does not use half of what it may proves nothing about more.
            self.bps *= GROWTH_PER_SECOND;
        }
        self.bps = self.bps.clamp(MIN_BPS, MAX_BPS);
    }

    pub(crate) fn bps(&self) -> u64 {
        self.bps as u64
    }
}

#[cfg(test)]
mod tests {
    use super::ReceiveEstimate;

    #[test]
    fn a_sender_that_follows_climbs_to_the_cap_and_loss_brings_it_down() {
        let mut estimate = ReceiveEstimate::new();
        for _ in 0..30 {
            estimate.update(estimate.bps() as f64 * 0.9, 0.0);
        }
        assert_eq!(estimate.bps(), 5_000_000);
        for _ in 0..5 {
            estimate.update(4_000_000.0, 0.3);
        }
        assert!((2_000_000..2_500_000).contains(&estimate.bps()));
        let held = estimate.bps();
        estimate.update(10_000.0, 0.0);
        assert_eq!(estimate.bps(), held, "an idle sender does not climb");
    }
}
