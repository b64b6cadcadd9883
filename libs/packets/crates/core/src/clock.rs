//! Clocks: monotonic nanoseconds inside, NTP towards peers, and where a publisher's NTP clock stands against ours.

/// Seconds from 1900 to 1970.
const NTP_UNIX_SECONDS: u64 = 2_208_988_800;
/// Beyond this a new sample is a step of the publisher's clock, not network delay.
const STEP_NS: i64 = 2_000_000_000;
/// The minimum may rise by this much per second, so that a publisher's slow clock is followed: 200 ppm.
const RISE_PPM: i64 = 200;

/// The relay's wall clock, fixed to the monotonic one at start so that sender reports never jump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NtpClock {
    unix_minus_monotonic_ns: u64,
}

impl NtpClock {
    pub(crate) fn new(unix_minus_monotonic_ns: u64) -> Self {
        Self {
            unix_minus_monotonic_ns,
        }
    }

    /// 32.32 seconds since 1900 (RFC 3550 section 4).
    pub(crate) fn ntp(&self, now_ns: u64) -> u64 {
        ns_to_ntp(now_ns + self.unix_minus_monotonic_ns)
    }

    /// Its middle 32 bits: 16.16 seconds.
    pub(crate) fn compact(&self, now_ns: u64) -> u32 {
        compact(self.ntp(now_ns))
    }
}

/// Middle 32 bits of an NTP timestamp.
pub(crate) fn compact(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

fn ns_to_ntp(unix_ns: u64) -> u64 {
    let seconds = unix_ns / 1_000_000_000 + NTP_UNIX_SECONDS;
    let fraction = ((unix_ns % 1_000_000_000) << 32) / 1_000_000_000;
    (seconds << 32) | fraction
}

/// Nanoseconds since 1900 of any NTP timestamp; publishers may count from elsewhere, only differences matter.
fn ntp_to_ns(ntp: u64) -> i64 {
    let seconds = (ntp >> 32) as i64;
    let fraction = ((ntp & 0xffff_ffff) * 1_000_000_000) >> 32;
    seconds * 1_000_000_000 + fraction as i64
}

/// Our monotonic clock minus one publisher's NTP clock: the least seen over its sender reports, so that the delay of
/// a single report does not matter. One per publisher, so that its audio and video stay in step.
#[derive(Debug, Default)]
pub(crate) struct PublisherClock {
    offset_ns: Option<i64>,
    updated_ns: u64,
    /// Goes up when the publisher's clock stepped: reports from before are void.
    epoch: u32,
}

impl PublisherClock {
    /// Takes the NTP time of a sender report that arrived at `now_ns`; gives the epoch the report belongs to.
    pub(crate) fn sample(&mut self, ntp: u64, now_ns: u64) -> u32 {
        let sample = (now_ns as i64).wrapping_sub(ntp_to_ns(ntp));
        let elapsed_ns = now_ns.saturating_sub(self.updated_ns) as i64;
        self.updated_ns = now_ns;
        match self.offset_ns {
            Some(offset) if sample.wrapping_sub(offset).abs() < STEP_NS => {
                let risen = offset + elapsed_ns.min(60_000_000_000) / 1_000_000 * RISE_PPM;
                self.offset_ns = Some(risen.min(sample));
            }
            Some(_) => {
                self.epoch += 1;
                self.offset_ns = Some(sample);
            }
            None => self.offset_ns = Some(sample),
        }
        self.epoch
    }

    /// The RTP timestamp that belongs to `now_ns`, extrapolated from a sender report of the current epoch.
    pub(crate) fn rtp_timestamp(
        &self,
        report: &SenderMapping,
        now_ns: u64,
        clock_rate_hz: u32,
    ) -> Option<u32> {
        let offset = self.offset_ns.filter(|_| report.epoch == self.epoch)?;
        let elapsed_ns = (now_ns as i64)
            .wrapping_sub(offset)
            .wrapping_sub(ntp_to_ns(report.ntp));
        let ticks = i128::from(elapsed_ns) * i128::from(clock_rate_hz) / 1_000_000_000;
        Some(report.rtp_timestamp.wrapping_add(ticks as u32))
    }
}

/// What a publisher's sender report says about one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SenderMapping {
    pub(crate) ntp: u64,
    pub(crate) rtp_timestamp: u32,
    pub(crate) arrived_ns: u64,
    pub(crate) epoch: u32,
}

/// The later of two timestamps of one clock.
pub(crate) fn later(one: Option<u32>, other: u32) -> u32 {
    match one {
        Some(one) if (other.wrapping_sub(one) as i32) <= 0 => one,
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn ntp_counts_from_1900() {
        let clock = NtpClock::new(SECOND / 2);
        assert_eq!(clock.ntp(0), (NTP_UNIX_SECONDS << 32) | 1 << 31);
        assert_eq!(
            clock.compact(0),
            ((NTP_UNIX_SECONDS & 0xffff) << 16) as u32 | 1 << 15
        );
        assert_eq!(
            ntp_to_ns(clock.ntp(SECOND)) - ntp_to_ns(clock.ntp(0)),
            SECOND as i64
        );
    }

    #[test]
    fn a_late_report_does_not_move_the_mapping() {
        let publisher = NtpClock::new(77 * SECOND);
        let mut clock = PublisherClock::default();
        let mut mapping = |sent_ns: u64, delay_ns: u64| {
            let ntp = publisher.ntp(sent_ns);
            let epoch = clock.sample(ntp, sent_ns + delay_ns);
            let report = SenderMapping {
                ntp,
                rtp_timestamp: (sent_ns / 1_000_000 * 90) as u32,
                arrived_ns: sent_ns + delay_ns,
                epoch,
            };
            clock.rtp_timestamp(&report, 10 * SECOND, 90_000).unwrap() as i64
        };
        let first = mapping(SECOND, 20_000_000);
        let late = mapping(2 * SECOND, 250_000_000);
        assert!(
            (first - late).abs() <= 25,
            "{first} {late}: at most the 200 ppm allowance"
        );
    }

    #[test]
    fn a_clock_step_voids_older_reports() {
        let mut clock = PublisherClock::default();
        let before = NtpClock::new(0).ntp(SECOND);
        let epoch = clock.sample(before, SECOND);
        let old = SenderMapping {
            ntp: before,
            rtp_timestamp: 0,
            arrived_ns: SECOND,
            epoch,
        };
        let after = NtpClock::new(3600 * SECOND).ntp(2 * SECOND);
        let epoch = clock.sample(after, 2 * SECOND);
        let new = SenderMapping {
            ntp: after,
            rtp_timestamp: 90_000,
            arrived_ns: 2 * SECOND,
            epoch,
        };
        assert_eq!(clock.rtp_timestamp(&old, 3 * SECOND, 90_000), None);
        assert_eq!(clock.rtp_timestamp(&new, 3 * SECOND, 90_000), Some(180_000));
    }
}
