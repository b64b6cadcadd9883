//! Who feeds the viewers of one source: itself, or a replacement that carries the same pictures a little later.
//!
//! ```text
//!            hold                   switch_to
//!   ┌──────────────► Held ◄──┐   ┌──────────────► SwitchingTo ──┐ key frame of the replacement
//!   │                 │      └───┼────── hold ──────┘ │         │
//! Alone ◄─────────────┴──────────┼────────────────────┘         ▼
//!   ▲    late, switch_back       │ late, lost, switch_back  SwitchedTo
//!   │                            │                          │ switch_back ▲
//!   └────── lost, stalled, key frame of the source ─── SwitchingBack ─────┘ switch_to
//! ```
//! The state and its rules only; the engine moves the viewers.

use crate::clock::later;
use crate::keys::SourceKey;
use crate::taken::Taken;

/// Without a key frame to begin with for this long, viewers go on with what there is.
pub(crate) const SWITCH_TO_NS: u64 = 400_000_000;
/// The replacement may lag behind the source's key frame for this long before viewers go back.
pub(crate) const SWITCH_BACK_NS: u64 = 100_000_000;
/// A picture of the source that nothing of the replacement has followed for this long: that one hangs.
pub(crate) const STALL_NS: u64 = 500_000_000;
/// The replacement is later by the time a picture takes through it, never by this much: that is another clock.
const MAX_LAG_S: u32 = 10;
/// More would not be in the cache any more.
const MAX_WITHHELD: usize = 1024;

/// What a source is to others.
#[derive(Debug)]
pub(crate) enum Part {
    Alone,
    /// Viewers are to get a replacement.
    Original(Switch),
    /// Replaces this one, or is about to.
    Replacement(SourceKey),
}

/// The sources are keys of the engine's.
#[derive(Debug)]
pub(crate) enum Switch {
    /// Viewers get nothing; they have got pictures up to the timestamp `after`.
    Held {
        replacement: Option<SourceKey>,
        after: Option<u32>,
        until_ns: u64,
    },
    /// Viewers get what belongs to pictures they have got already, and wait for a key frame of the replacement.
    SwitchingTo(SwitchingTo),
    /// Viewers get the replacement, of which nothing has come since the source's packet of `unanswered_ns`.
    SwitchedTo {
        replacement: SourceKey,
        unanswered_ns: Option<u64>,
    },
    /// Viewers get the replacement up to the source's key frame.
    SwitchingBack {
        replacement: SourceKey,
        keyframe: Option<Keyframe>,
    },
}

#[derive(Debug)]
pub(crate) struct SwitchingTo {
    pub(crate) replacement: SourceKey,
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

/// What a key frame of the replacement is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Viewers begin with it.
    Accepted,
    /// Viewers have that picture: another one is needed.
    TooEarly,
    /// Nothing.
    Ignored,
}

impl SwitchingTo {
    /// Goes on with another replacement; the time is over when it would have been.
    pub(crate) fn replace(&mut self, replacement: SourceKey) {
        self.replacement = replacement;
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

impl Switch {
    /// Viewers have got pictures up to `shown`, if any, and are to get packets of the source up to `passes`.
    pub(crate) fn switching_to(
        replacement: SourceKey,
        passes: Option<u32>,
        shown: Option<u32>,
        until_ns: u64,
    ) -> Self {
        Self::SwitchingTo(SwitchingTo {
            replacement,
            passes,
            after: shown,
            until_ns,
            withheld: Vec::new(),
            first_withheld: i64::MAX,
            refused: None,
        })
    }

    /// The replacement, if one was named.
    pub(crate) fn replacement(&self) -> Option<SourceKey> {
        match self {
            Self::Held { replacement, .. } => *replacement,
            Self::SwitchingTo(switching_to) => Some(switching_to.replacement),
            Self::SwitchedTo { replacement, .. } | Self::SwitchingBack { replacement, .. } => {
                Some(*replacement)
            }
        }
    }

    /// The replacement, if viewers get it.
    pub(crate) fn feed(&self) -> Option<SourceKey> {
        match self {
            Self::Held { .. } | Self::SwitchingTo(_) => None,
            Self::SwitchedTo { replacement, .. } | Self::SwitchingBack { replacement, .. } => {
                Some(*replacement)
            }
        }
    }

    /// When something is to happen though no packet comes.
    pub(crate) fn deadline_ns(&self) -> Option<u64> {
        match self {
            Self::Held { until_ns, .. } => Some(*until_ns),
            Self::SwitchingTo(switching_to) => Some(switching_to.until_ns),
            Self::SwitchedTo { .. } => None,
            Self::SwitchingBack { keyframe, .. } => keyframe.map(|keyframe| keyframe.until_ns),
        }
    }

    /// Viewers get the replacement from now on.
    pub(crate) fn switched_to(replacement: SourceKey) -> Self {
        Self::SwitchedTo {
            replacement,
            unanswered_ns: None,
        }
    }

    /// Part of a picture of the source came. True if the replacement, which viewers get, hangs: a source that is silent itself
    /// proves nothing.
    pub(crate) fn on_picture(&mut self, now_ns: u64) -> bool {
        match self {
            Self::SwitchedTo { unanswered_ns, .. } => {
                let since_ns = *unanswered_ns.get_or_insert(now_ns);
                now_ns.saturating_sub(since_ns) >= STALL_NS
            }
            _ => false,
        }
    }

    /// Something of the replacement came.
    pub(crate) fn on_answer(&mut self) {
        if let Self::SwitchedTo { unanswered_ns, .. } = self {
            *unanswered_ns = None;
        }
    }

    /// Whether a packet of the source goes to its viewers; what does not is remembered where it may have to later.
    /// `timestamp` is `None` for one with nothing in it.
    pub(crate) fn admits(&mut self, taken: Taken, timestamp: Option<u32>) -> bool {
        match self {
            Self::SwitchingTo(switching_to) => switching_to.admits(taken, timestamp),
            Self::Held { .. } | Self::SwitchedTo { .. } | Self::SwitchingBack { .. } => false,
        }
    }

    /// A key frame of the replacement begins at `timestamp`; `newest` is the highest timestamp of the source itself.
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
            Self::Held { after, .. } if is_good(*after) => Offer::Accepted,
            Self::Held { .. } => Offer::TooEarly,
            Self::SwitchingTo(switching_to) if is_good(switching_to.after) => Offer::Accepted,
            Self::SwitchingTo(switching_to) => match switching_to.refused.replace(timestamp) {
                Some(refused) if refused == timestamp => Offer::Ignored,
                _ => Offer::TooEarly,
            },
            Self::SwitchedTo { .. } | Self::SwitchingBack { .. } => Offer::Ignored,
        }
    }

    /// Up to which timestamp viewers have got pictures, while it matters.
    pub(crate) fn after(&self) -> Option<u32> {
        match self {
            Self::Held { after, .. } => *after,
            Self::SwitchingTo(switching_to) => switching_to.after,
            Self::SwitchedTo { .. } | Self::SwitchingBack { .. } => None,
        }
    }

    /// A key frame of the source begins. True if viewers are to go back to it.
    pub(crate) fn on_keyframe(&mut self, sequence: i64, timestamp: u32, now_ns: u64) -> bool {
        match self {
            Self::SwitchingBack {
                keyframe: keyframe @ None,
                ..
            } => {
                *keyframe = Some(Keyframe {
                    sequence,
                    timestamp,
                    until_ns: now_ns + SWITCH_BACK_NS,
                });
                true
            }
            _ => false,
        }
    }

    /// Whether the replacement has come to the source's key frame: viewers do not get its picture at `timestamp`.
    pub(crate) fn is_over_at(&self, timestamp: u32) -> bool {
        match self {
            Self::SwitchingBack {
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
    const REPLACEMENT: SourceKey = SourceKey::new(7, 0);

    fn switching_to(shown: Option<u32>) -> Switch {
        Switch::switching_to(REPLACEMENT, shown, shown, SWITCH_TO_NS)
    }

    fn withheld(state: &Switch) -> &[Taken] {
        match state {
            Switch::SwitchingTo(switching_to) => &switching_to.withheld,
            _ => &[],
        }
    }

    #[test]
    fn a_picture_that_was_begun_is_finished_and_the_next_is_kept_back() {
        let mut state = switching_to(Some(u32::MAX - 1000));
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
        let mut state = switching_to(None);
        for sequence in 0..5000 {
            assert!(!state.admits(Taken::Media(sequence), Some(0)));
        }
        assert_eq!(withheld(&state).len(), MAX_WITHHELD);
        assert_eq!(state.offer(0, None, HZ), Offer::Accepted);
    }

    #[test]
    fn a_key_frame_that_viewers_have_seen_is_refused_once() {
        let mut state = switching_to(Some(9000));
        let newest = Some(30_000);
        assert_eq!(state.offer(9000, newest, HZ), Offer::TooEarly);
        assert_eq!(
            state.offer(9000, newest, HZ),
            Offer::Ignored,
            "its next part"
        );
        assert_eq!(state.offer(6000, newest, HZ), Offer::TooEarly);
        assert_eq!(state.offer(12_000, newest, HZ), Offer::Accepted);
    }

    #[test]
    fn what_the_source_has_not_sent_is_of_another_clock() {
        let mut state = switching_to(Some(9000));
        assert_eq!(state.offer(33_000, Some(30_000), HZ), Offer::TooEarly);
        let held = |after| Switch::Held {
            replacement: Some(REPLACEMENT),
            after,
            until_ns: 0,
        };
        let long_ago = 30_000_u32.wrapping_sub(11 * HZ);
        assert_eq!(held(None).offer(33_000, Some(30_000), HZ), Offer::TooEarly);
        assert_eq!(
            held(None).offer(long_ago, Some(30_000), HZ),
            Offer::TooEarly
        );
        assert_eq!(held(None).offer(27_000, Some(30_000), HZ), Offer::Accepted);
        assert_eq!(held(None).offer(27_000, None, HZ), Offer::Accepted);
        assert_eq!(
            held(Some(27_000)).offer(27_000, Some(30_000), HZ),
            Offer::TooEarly,
            "viewers have that picture"
        );
    }

    #[test]
    fn viewers_leave_at_the_sources_first_key_frame_once_the_replacement_is_there() {
        let mut state = Switch::SwitchingBack {
            replacement: REPLACEMENT,
            keyframe: None,
        };
        assert!(!state.is_over_at(9000));
        assert_eq!(state.deadline_ns(), None);
        assert!(state.on_keyframe(5, 9000, 1));
        assert!(!state.on_keyframe(8, 12_000, 2), "one is enough");
        assert_eq!(state.deadline_ns(), Some(1 + SWITCH_BACK_NS));
        assert!(!state.is_over_at(8999));
        assert!(state.is_over_at(9000) && state.is_over_at(12_000));
        assert_eq!(
            (state.feed(), state.replacement()),
            (Some(REPLACEMENT), Some(REPLACEMENT))
        );
    }

    #[test]
    fn only_who_has_been_switched_to_feeds() {
        let held = Switch::Held {
            replacement: Some(REPLACEMENT),
            after: None,
            until_ns: 5,
        };
        assert_eq!((held.feed(), held.replacement()), (None, Some(REPLACEMENT)));
        assert_eq!(held.deadline_ns(), Some(5));
        let state = switching_to(None);
        assert_eq!(
            (state.feed(), state.replacement()),
            (None, Some(REPLACEMENT))
        );
        let state = Switch::switched_to(REPLACEMENT);
        assert_eq!(
            (state.feed(), state.deadline_ns()),
            (Some(REPLACEMENT), None)
        );
    }
}
