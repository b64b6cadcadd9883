//! When to ask for a key frame.

/// An unanswered request is repeated after this.
const REPEAT_NS: u64 = 500_000_000;
/// A new need so soon after the last request waits: the sender would not make two key frames so close together.
const SPACING_NS: u64 = 200_000_000;

/// At once, then repeated until a key frame begins.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    is_wanted: bool,
    is_answered: bool,
    last_ns: Option<u64>,
}

impl Requests {
    pub(crate) fn want(&mut self) {
        self.is_wanted = true;
    }

    /// A key frame begins.
    pub(crate) fn on_keyframe(&mut self) {
        self.is_wanted = false;
        self.is_answered = true;
    }

    pub(crate) fn deadline_ns(&self) -> Option<u64> {
        self.is_wanted.then(|| match self.last_ns {
            None => 0,
            Some(last_ns) if self.is_answered => last_ns + SPACING_NS,
            Some(last_ns) => last_ns + REPEAT_NS,
        })
    }

    /// True if the caller is to send a request now.
    pub(crate) fn take_due(&mut self, now_ns: u64) -> bool {
        let is_due = self
            .deadline_ns()
            .is_some_and(|deadline_ns| now_ns >= deadline_ns);
        if is_due {
            self.last_ns = Some(now_ns);
            self.is_answered = false;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::Requests;

    const MS: u64 = 1_000_000;

    #[test]
    fn requests_go_out_at_once_and_again_until_answered() {
        let mut requests = Requests::default();
        assert!(!requests.take_due(0));
        requests.want();
        assert!(requests.take_due(7 * MS));
        assert!(!requests.take_due(506 * MS));
        assert!(requests.take_due(507 * MS));
        requests.on_keyframe();
        assert_eq!(requests.deadline_ns(), None);
        requests.want();
        assert!(!requests.take_due(600 * MS), "too close to the one before");
        assert!(requests.take_due(707 * MS));
    }
}
