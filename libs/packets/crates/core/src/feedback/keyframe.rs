//! Key-frame requests to one publisher, merged over everybody who wants one (RFC 4585 section 6.3.1).

/// At most one request in this time, and the time after which an unanswered one is repeated.
const INTERVAL_NS: u64 = 500_000_000;

/// First at once, then throttled, repeated until a key frame begins.
#[derive(Debug, Default)]
pub(crate) struct KeyframeRequests {
    last_sent_ns: Option<u64>,
    is_wanted: bool,
    armed_ns: Option<u64>,
}

impl KeyframeRequests {
    /// Somebody needs a key frame.
    pub(crate) fn want(&mut self) {
        self.is_wanted = true;
    }

    /// A key frame begins.
    pub(crate) fn on_keyframe(&mut self) {
        self.is_wanted = false;
    }

    /// When to look at `take_due` again.
    pub(crate) fn deadline_ns(&self) -> Option<u64> {
        self.is_wanted
            .then(|| self.last_sent_ns.map_or(0, |sent_ns| sent_ns + INTERVAL_NS))
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
        requests.want();
        assert!(requests.take_due(2000 * MS));
        requests.on_keyframe();
        requests.want();
        assert_eq!(
            requests.deadline_ns(),
            Some(2500 * MS),
            "a newcomer right after a key frame waits"
        );
    }
}
