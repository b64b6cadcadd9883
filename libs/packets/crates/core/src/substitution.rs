//! Who feeds the viewers of one source: itself, or another one that carries the same pictures a little later.
//!
//! ```text
//!            hold                   substitute
//!   ┌──────────────► Held ◄──┐   ┌──────────────► Joining ──┐ key frame of the other one
//!   │                 │      └───┼───── hold ───────┘ │     │
//! Alone ◄─────────────┴──────────┼────────────────────┘     ▼
//!   ▲    late, restore           │   late, lost, restore  Substituted
//!   │                            │                          │ restore    ▲
//!   └──────── lost, stalled, key frame of the source ──── Leaving ───────┘ substitute
//! ```
//! The state and its rules only; the engine moves the viewers.

use crate::source::{Taken, later};

/// Without a key frame to begin with for this long, viewers go on with what there is.
pub(crate) const JOIN_NS: u64 = 400_000_000;
/// What stands in may lag behind the source's key frame for this long before viewers go back.
pub(crate) const LEAVE_NS: u64 = 100_000_000;
/// A picture of the source that nothing of the other one has followed for this long: that one hangs.
pub(crate) const STALL_NS: u64 = 500_000_000;
/// The other one is later by the time a picture takes through it, never by this much: that is another clock.
const MAX_LAG_S: u32 = 10;
/// More would not be in the cache any more.
const MAX_WITHHELD: usize = 1024;

/// What a source is to others.
#[derive(Debug)]
pub(crate) enum Part {
    Alone,
    /// Viewers are to get another one.
    Original(Substitution),
    /// Stands in, or is about to, for this one.
    StandIn(usize),
}

/// The sources are keys of the engine's.
#[derive(Debug)]
pub(crate) enum Substitution {
    /// Viewers get nothing; they have got pictures up to the timestamp `after`.
    Held {
        by: Option<usize>,
        after: Option<u32>,
        until_ns: u64,
    },
    /// Viewers get what belongs to pictures they have got already, and wait for a key frame of `by`.
    Joining(Joining),
    /// Viewers get `by`, from which nothing has come since the source's packet of `unanswered_ns`.
    Substituted {
        by: usize,
        unanswered_ns: Option<u64>,
    },
    /// Viewers get `by` up to the source's key frame.
    Leaving {
        by: usize,
        keyframe: Option<Keyframe>,
    },
}

#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) by: usize,
    /// Packets of the source up to this timestamp still go to viewers.
    passes: Option<u32>,
    /// Viewers have got pictures up to this timestamp.
    after: Option<u32>,
    pub(crate) until_ns: u64,
    /// What viewers get if nothing comes.
    pub(crate) withheld: Vec<Taken>,
    /// The least number in it.
    first_withheld: i64,
    /// Timestamp of a key frame that came too early.
    refused: Option<u32>,
}

/// Where a source can be begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keyframe {
    pub(crate) sequence: i64,
    pub(crate) timestamp: u32,
    /// When to begin at the latest.
    pub(crate) until_ns: u64,
}

/// What a key frame of the one that is to stand in is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Viewers begin with it.
    TakeOver,
    /// Viewers have that picture: another one is needed.
    TooEarly,
    /// Nothing.
    Ignored,
}

impl Joining {
    /// Goes on with another one; the time is over when it would have been.
    pub(crate) fn replace(&mut self, by: usize) {
        self.by = by;
        self.refused = None;
    }

    fn admits(&mut self, taken: Taken, timestamp: Option<u32>) -> bool {
        let (Taken::Media(sequence) | Taken::Empty(sequence)) = taken else {
            return false;
        };
        let is_admitted = match timestamp {
            Some(timestamp) => self
                .passes
                .is_some_and(|passes| later(Some(passes), timestamp) == passes),
            // It belongs to what is around it.
            None => self.passes.is_some() && sequence < self.first_withheld,
        };
        if !is_admitted && self.withheld.len() < MAX_WITHHELD {
            self.withheld.push(taken);
            self.first_withheld = self.first_withheld.min(sequence);
        }
        is_admitted
    }
}

impl Substitution {
    /// Viewers have got pictures up to `shown`, if any, and are to get packets of the source up to `passes`.
    pub(crate) fn joining(
        by: usize,
        passes: Option<u32>,
        shown: Option<u32>,
        until_ns: u64,
    ) -> Self {
        Self::Joining(Joining {
            by,
            passes,
            after: shown,
            until_ns,
            withheld: Vec::new(),
            first_withheld: i64::MAX,
            refused: None,
        })
    }

    /// The other source, if one was named.
    pub(crate) fn by(&self) -> Option<usize> {
        match self {
            Self::Held { by, .. } => *by,
            Self::Joining(joining) => Some(joining.by),
            Self::Substituted { by, .. } | Self::Leaving { by, .. } => Some(*by),
        }
    }

    /// The other source, if viewers get it.
    pub(crate) fn feed(&self) -> Option<usize> {
        match self {
            Self::Held { .. } | Self::Joining(_) => None,
            Self::Substituted { by, .. } | Self::Leaving { by, .. } => Some(*by),
        }
    }

    /// When something is to happen though no packet comes.
    pub(crate) fn deadline_ns(&self) -> Option<u64> {
        match self {
            Self::Held { until_ns, .. } => Some(*until_ns),
            Self::Joining(joining) => Some(joining.until_ns),
            Self::Substituted { .. } => None,
            Self::Leaving { keyframe, .. } => keyframe.map(|keyframe| keyframe.until_ns),
        }
    }

    /// Viewers get `by` from now on.
    pub(crate) fn substituted(by: usize) -> Self {
        Self::Substituted {
            by,
            unanswered_ns: None,
        }
    }

    /// Part of a picture of the source came. True if `by`, which viewers get, hangs: a source that is silent itself
    /// proves nothing.
    pub(crate) fn on_picture(&mut self, now_ns: u64) -> bool {
        match self {
            Self::Substituted { unanswered_ns, .. } => {
                let since_ns = *unanswered_ns.get_or_insert(now_ns);
                now_ns.saturating_sub(since_ns) >= STALL_NS
            }
            _ => false,
        }
    }

    /// Something of `by` came.
    pub(crate) fn on_answer(&mut self) {
        if let Self::Substituted { unanswered_ns, .. } = self {
            *unanswered_ns = None;
        }
    }

    /// Whether a packet of the source goes to its viewers; what does not is remembered where it may have to later.
    /// `timestamp` is `None` for one with nothing in it.
    pub(crate) fn admits(&mut self, taken: Taken, timestamp: Option<u32>) -> bool {
        match self {
            Self::Joining(joining) => joining.admits(taken, timestamp),
            Self::Held { .. } | Self::Substituted { .. } | Self::Leaving { .. } => false,
        }
    }

    /// A key frame of `by` begins at `timestamp`; `newest` is the highest timestamp of the source itself.
    pub(crate) fn offer(
        &mut self,
        timestamp: u32,
        newest: Option<u32>,
        clock_rate_hz: u32,
    ) -> Offer {
        let is_of_source = newest.is_none_or(|newest| {
            newest.wrapping_sub(timestamp) <= clock_rate_hz.saturating_mul(MAX_LAG_S)
        });
        let is_good = |after: Option<u32>| {
            is_of_source && after.is_none_or(|after| later(Some(after), timestamp) != after)
        };
        match self {
            Self::Held { after, .. } if is_good(*after) => Offer::TakeOver,
            Self::Held { .. } => Offer::TooEarly,
            Self::Joining(joining) if is_good(joining.after) => Offer::TakeOver,
            Self::Joining(joining) => match joining.refused.replace(timestamp) {
                Some(refused) if refused == timestamp => Offer::Ignored,
                _ => Offer::TooEarly,
            },
            Self::Substituted { .. } | Self::Leaving { .. } => Offer::Ignored,
        }
    }

    /// Up to which timestamp viewers have got pictures, while it matters.
    pub(crate) fn after(&self) -> Option<u32> {
        match self {
            Self::Held { after, .. } => *after,
            Self::Joining(joining) => joining.after,
            Self::Substituted { .. } | Self::Leaving { .. } => None,
        }
    }

    /// A key frame of the source begins. True if viewers are to go back to it.
    pub(crate) fn on_keyframe(&mut self, sequence: i64, timestamp: u32, now_ns: u64) -> bool {
        match self {
            Self::Leaving {
                keyframe: keyframe @ None,
                ..
            } => {
                *keyframe = Some(Keyframe {
                    sequence,
                    timestamp,
                    until_ns: now_ns + LEAVE_NS,
                });
                true
            }
            _ => false,
        }
    }

    /// Whether `by` has come to the source's key frame: viewers do not get its picture at `timestamp`.
    pub(crate) fn is_over_at(&self, timestamp: u32) -> bool {
        match self {
            Self::Leaving {
                keyframe: Some(keyframe),
                ..
            } => later(Some(keyframe.timestamp), timestamp) == timestamp,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: u32 = 90_000;

    fn joining(shown: Option<u32>) -> Substitution {
        Substitution::joining(7, shown, shown, JOIN_NS)
    }

    fn withheld(state: &Substitution) -> &[Taken] {
        match state {
            Substitution::Joining(joining) => &joining.withheld,
            _ => &[],
        }
    }

    #[test]
    fn a_picture_that_was_begun_is_finished_and_the_next_is_kept_back() {
        let mut state = joining(Some(u32::MAX - 1000));
        assert!(state.admits(Taken::Media(10), Some(u32::MAX - 1000)));
        assert!(state.admits(Taken::Media(3), Some(u32::MAX - 4000)), "late");
        assert!(state.admits(Taken::Empty(11), None));
        assert!(
            !state.admits(Taken::Media(13), Some(2000)),
            "after the wrap"
        );
        assert!(
            state.admits(Taken::Empty(12), None),
            "before what is kept back"
        );
        assert!(!state.admits(Taken::Empty(14), None));
        assert_eq!(withheld(&state), [Taken::Media(13), Taken::Empty(14)]);
    }

    #[test]
    fn without_a_picture_everything_is_kept_back_within_a_bound() {
        let mut state = joining(None);
        for sequence in 0..5000 {
            assert!(!state.admits(Taken::Media(sequence), Some(0)));
        }
        assert_eq!(withheld(&state).len(), MAX_WITHHELD);
        assert_eq!(state.offer(0, None, HZ), Offer::TakeOver);
    }

    #[test]
    fn a_key_frame_that_viewers_have_seen_is_refused_once() {
        let mut state = joining(Some(9000));
        let newest = Some(30_000);
        assert_eq!(state.offer(9000, newest, HZ), Offer::TooEarly);
        assert_eq!(
            state.offer(9000, newest, HZ),
            Offer::Ignored,
            "its next part"
        );
        assert_eq!(state.offer(6000, newest, HZ), Offer::TooEarly);
        assert_eq!(state.offer(12_000, newest, HZ), Offer::TakeOver);
    }

    #[test]
    fn what_the_source_has_not_sent_is_of_another_clock() {
        let mut state = joining(Some(9000));
        assert_eq!(state.offer(33_000, Some(30_000), HZ), Offer::TooEarly);
        let held = |after| Substitution::Held {
            by: Some(7),
            after,
            until_ns: 0,
        };
        let long_ago = 30_000_u32.wrapping_sub(11 * HZ);
        assert_eq!(held(None).offer(33_000, Some(30_000), HZ), Offer::TooEarly);
        assert_eq!(
            held(None).offer(long_ago, Some(30_000), HZ),
            Offer::TooEarly
        );
        assert_eq!(held(None).offer(27_000, Some(30_000), HZ), Offer::TakeOver);
        assert_eq!(held(None).offer(27_000, None, HZ), Offer::TakeOver);
        assert_eq!(
            held(Some(27_000)).offer(27_000, Some(30_000), HZ),
            Offer::TooEarly,
            "viewers have that picture"
        );
    }

    #[test]
    fn viewers_leave_at_the_sources_first_key_frame_once_the_other_one_is_there() {
        let mut state = Substitution::Leaving {
            by: 7,
            keyframe: None,
        };
        assert!(!state.is_over_at(9000));
        assert_eq!(state.deadline_ns(), None);
        assert!(state.on_keyframe(5, 9000, 1));
        assert!(!state.on_keyframe(8, 12_000, 2), "one is enough");
        assert_eq!(state.deadline_ns(), Some(1 + LEAVE_NS));
        assert!(!state.is_over_at(8999));
        assert!(state.is_over_at(9000) && state.is_over_at(12_000));
        assert_eq!((state.feed(), state.by()), (Some(7), Some(7)));
    }

    #[test]
    fn only_who_has_taken_over_feeds() {
        let held = Substitution::Held {
            by: Some(7),
            after: None,
            until_ns: 5,
        };
        assert_eq!((held.feed(), held.by()), (None, Some(7)));
        assert_eq!(held.deadline_ns(), Some(5));
        let state = joining(None);
        assert_eq!((state.feed(), state.by()), (None, Some(7)));
        let state = Substitution::substituted(7);
        assert_eq!((state.feed(), state.deadline_ns()), (Some(7), None));
    }
}
