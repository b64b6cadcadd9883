//! Key-frame requests to one publisher, merged over everybody who wants one (RFC 4585 section 6.3.1).

/// How often key frames may be asked for in the long run, and the time after which an unanswered request is repeated.
const INTERVAL_NS: u64 = 500_000_000;
/// Requests in a row that need not wait for that: a few people who come together each see a picture at once.
const BURST: u64 = 4;
/// Browsers ignore a request within 300 ms of the one before, and a newcomer would then wait for the repetition.
const GAP_NS: u64 = 350_000_000;

/// First at once, then throttled, repeated until a key frame begins.
#[derive(Debug, Default)]
pub(crate) struct KeyframeRequests {
    last_sent_ns: Option<u64>,
    is_wanted: bool,
    is_unanswered: bool,
    is_urgent: bool,
    /// When all requests so far are paid for, at one every `INTERVAL_NS`.
    paid_ns: u64,
    armed_ns: Option<u64>,
}

impl KeyframeRequests {
    /// Somebody needs a key frame.
    pub(crate) fn want(&mut self) {
        self.is_wanted = true;
    }

    /// One is needed now whatever was asked before: of an encoder of ours, which does as it is told.
    pub(crate) fn insist(&mut self) {
        self.is_wanted = true;
        self.is_urgent = true;
    }

    /// A key frame begins.
    pub(crate) fn on_keyframe(&mut self) {
        self.is_wanted = false;
        self.is_urgent = false;
        self.is_unanswered = false;
    }

    /// When to look at `take_due` again.
    pub(crate) fn deadline_ns(&self) -> Option<u64> {
        self.is_wanted.then(|| match self.last_sent_ns {
            None => 0,
            Some(_) if self.is_urgent => 0,
            Some(sent_ns) if self.is_unanswered => sent_ns + INTERVAL_NS,
            Some(sent_ns) => self
                .paid_ns
                .saturating_sub((BURST - 1) * INTERVAL_NS)
                .max(sent_ns + GAP_NS),
        })
    }

    /// A deadline to set a timer for, unless one is set for it already.
    pub(crate) fn rearm(&mut self) -> Option<u64> {
        let deadline_ns = self
            .deadline_ns()
            .filter(|deadline_ns| self.armed_ns != Some(*deadline_ns))?;
        self.armed_ns = Some(deadline_ns);
        Some(deadline_ns)
    }

    /// Whether a request is to be sent now; if so it counts as sent.
    pub(crate) fn take_due(&mut self, now_ns: u64) -> bool {
        let is_due = self
            .deadline_ns()
            .is_some_and(|deadline_ns| deadline_ns <= now_ns);
        if is_due {
            self.last_sent_ns = Some(now_ns);
            self.is_unanswered = true;
            self.is_urgent = false;
            self.paid_ns = self.paid_ns.max(now_ns) + INTERVAL_NS;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn requests_are_merged_throttled_and_repeated_until_answered() {
        let mut requests = KeyframeRequests::default();
        assert!(!requests.take_due(0));
        requests.want();
        requests.want();
        assert!(requests.take_due(10 * MS));
        assert!(!requests.take_due(10 * MS));
        assert!(requests.take_due(510 * MS), "no answer");
        requests.on_keyframe();
        assert!(!requests.take_due(2000 * MS));
    }

    #[test]
    fn an_urgent_one_is_sent_at_once_and_only_once() {
        let mut requests = KeyframeRequests::default();
        requests.want();
        assert!(requests.take_due(0));
        requests.insist();
        assert!(requests.take_due(MS));
        assert!(!requests.take_due(2 * MS));
        assert!(requests.take_due(501 * MS), "no answer");
        requests.insist();
        requests.on_keyframe();
        assert!(!requests.take_due(503 * MS), "it came meanwhile");
    }

    #[test]
    fn a_few_newcomers_are_served_at_once_and_a_stream_of_them_at_the_long_run_rate() {
        let mut requests = KeyframeRequests::default();
        let mut sent_ms = Vec::new();
        for now_ms in (10_000..20_000).step_by(10) {
            requests.want();
            if requests.take_due(now_ms * MS) {
                sent_ms.push(now_ms - 10_000);
                requests.on_keyframe();
            }
        }
        assert_eq!(&sent_ms[..5], [0, 350, 700, 1050, 1400]);
        let last: Vec<_> = sent_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(last[last.len() - 5..], [500; 5]);
    }
}
