//! Moving viewers from a source to the one that stands in for it, and back. The rules are `crate::substitution`'s.
//!
//! Viewers keep their numbering and their clock; sinks on local transports stay with the source they were added for.

use super::Engine;
use super::fanout::Pending;
use crate::config::MediaKind;
use crate::event::{Event, RestoreReason};
use crate::source::Taken;
use crate::substitution::{JOIN_NS, Part, Substitution};
use crate::timer::Timer;

impl Engine {
    /// The source whose packets viewers of this one get.
    pub(super) fn feed_of(&self, home: usize) -> usize {
        match &self.sources[home].part {
            Part::Original(state) => state.feed().unwrap_or(home),
            Part::Alone | Part::StandIn(_) => home,
        }
    }

    pub(super) fn substitute(&mut self, now_ns: u64, source: u64, by: u64) -> Option<()> {
        let home = *self.source_ids.get(&source)?;
        let by = *self.source_ids.get(&by)?;
        if !self.may_stand_in(home, by) {
            return None;
        }
        let former = match &self.sources[home].part {
            Part::Original(state) => state.by(),
            Part::Alone | Part::StandIn(_) => None,
        };
        if former == Some(by) {
            if let Part::Original(state @ Substitution::Leaving { .. }) =
                &mut self.sources[home].part
            {
                *state = Substitution::substituted(by);
            }
            return Some(());
        }
        if let Some(former) = former {
            self.sources[former].part = Part::Alone;
        }
        let until_ns = now_ns + JOIN_NS;
        match &mut self.sources[home].part {
            Part::Original(Substitution::Held { by: named, .. }) => *named = Some(by),
            Part::Original(Substitution::Joining(joining)) => joining.replace(by),
            Part::Original(Substitution::Substituted { by: old, .. })
            | Part::Original(Substitution::Leaving { by: old, .. }) => {
                // They wait here for the new one; of the source itself they get nothing, it is ahead.
                let old = *old;
                let shown = self.sources[old].forwarded_timestamp;
                self.move_viewers(home, old, home, true);
                self.sources[home].part =
                    Part::Original(Substitution::joining(by, None, shown, until_ns));
            }
            Part::Alone | Part::StandIn(_) => {
                let shown = self.sources[home].forwarded_timestamp;
                self.sources[home].part =
                    Part::Original(Substitution::joining(by, shown, shown, until_ns));
            }
        }
        self.sources[by].part = Part::StandIn(home);
        self.arm_substitution(home);
        self.insist_on_keyframe(by, now_ns);
        Some(())
    }

    /// No chains, no rings, and nobody stands in for two.
    fn may_stand_in(&self, home: usize, by: usize) -> bool {
        let are_video = [home, by]
            .iter()
            .all(|key| self.sources[*key].kind == MediaKind::Video);
        let is_free = match self.sources[by].part {
            Part::Alone => true,
            Part::StandIn(other) => other == home,
            Part::Original(_) => false,
        };
        are_video && is_free && home != by && !matches!(self.sources[home].part, Part::StandIn(_))
    }

    pub(super) fn restore(&mut self, now_ns: u64, source: u64) -> Option<()> {
        let home = *self.source_ids.get(&source)?;
        match &mut self.sources[home].part {
            Part::StandIn(_) => return None,
            Part::Alone | Part::Original(Substitution::Leaving { .. }) => {}
            Part::Original(state @ Substitution::Substituted { .. }) => {
                if let Some(by) = state.by() {
                    *state = Substitution::Leaving { by, keyframe: None };
                }
                self.want_keyframe(home, now_ns);
            }
            Part::Original(Substitution::Held { .. } | Substitution::Joining(_)) => {
                self.give_back(home, RestoreReason::Ordered, now_ns);
            }
        }
        Some(())
    }

    pub(super) fn hold(&mut self, now_ns: u64, source: u64, max_ms: u32) -> Option<()> {
        let home = *self.source_ids.get(&source)?;
        let until_ns = now_ns + u64::from(max_ms) * 1_000_000;
        let one = &mut self.sources[home];
        if one.kind != MediaKind::Video {
            return None;
        }
        let (by, after) = match &mut one.part {
            Part::StandIn(_) => return None,
            Part::Alone => (None, one.forwarded_timestamp),
            // Viewers get nothing of the source: what is asked for is so.
            Part::Original(state) if state.feed().is_some() => {
                if let Some(by) = state.by() {
                    *state = Substitution::substituted(by);
                }
                return Some(());
            }
            Part::Original(state) => (state.by(), state.after()),
        };
        one.part = Part::Original(Substitution::Held {
            by,
            after,
            until_ns,
        });
        for sink_key in &one.sinks {
            let sink = &mut self.sinks[*sink_key];
            if !sink.is_tap {
                sink.close();
            }
        }
        self.arm_substitution(home);
        Some(())
    }

    /// Viewers of `home` get `by` from its next packet on, which begins a key frame.
    pub(super) fn take_over(&mut self, home: usize, by: usize) {
        self.move_viewers(home, home, by, true);
        self.sources[home].part = Part::Original(Substitution::substituted(by));
        self.sources[by].forwarded_timestamp = None;
    }

    /// Ends whatever there is: viewers get the source itself, what was kept back first.
    pub(super) fn give_back(&mut self, home: usize, reason: RestoreReason, now_ns: u64) {
        let part = std::mem::replace(&mut self.sources[home].part, Part::Alone);
        let Part::Original(state) = part else {
            self.sources[home].part = part;
            return;
        };
        let has_restarted = reason == RestoreReason::Restarted;
        if let Some(by) = state.by() {
            self.sources[by].part = Part::Alone;
        }
        if let Some(by) = state.feed() {
            self.move_viewers(home, by, home, !has_restarted);
            if !has_restarted {
                self.sources[home].forwarded_timestamp = self.sources[by].forwarded_timestamp;
            }
        }
        let mut has_begun = false;
        match state {
            Substitution::Joining(joining) => self.queue_again(home, joining.withheld),
            Substitution::Leaving {
                keyframe: Some(keyframe),
                ..
            } if !has_restarted => {
                has_begun = true;
                let source = &self.sources[home];
                let first = source.frame_start(keyframe.sequence, now_ns);
                let last = source.highest().unwrap_or(first);
                let taken = (first..=last).filter_map(|sequence| source.taken_at(sequence, now_ns));
                let taken = taken.collect();
                self.queue_again(home, taken);
            }
            _ => {}
        }
        self.events.push(Event::SourceRestored {
            source: self.sources[home].id,
            reason,
        });
        if !has_begun {
            self.ask_for_waiting_sinks(home, now_ns);
        }
    }

    /// For viewers, before what is queued of this source already.
    fn queue_again(&mut self, home: usize, mut taken: Vec<Taken>) {
        let is_queued = |taken: &Taken| {
            self.pending
                .iter()
                .any(|one| one.source_key == home && one.taken == *taken)
        };
        taken.retain(|one| !is_queued(one));
        taken.sort_by_key(|one| match one {
            Taken::Media(sequence) | Taken::Empty(sequence) => *sequence,
            Taken::Refused => i64::MAX,
        });
        let source_id = self.sources[home].id;
        let again = taken.into_iter().map(|taken| Pending {
            is_audio: false,
            source_key: home,
            source_id,
            taken,
            is_again: true,
        });
        self.pending.splice(0..0, again);
    }

    /// `has_same_clock`: timestamps go on as they are.
    fn move_viewers(&mut self, home: usize, from: usize, to: usize, has_same_clock: bool) {
        let (from_epoch, to_epoch) = (self.sources[from].epoch, self.sources[to].epoch);
        let is_viewer = |key: &usize| {
            let sink = &self.sinks[*key];
            sink.home == home && !sink.is_tap
        };
        let sinks = std::mem::take(&mut self.sources[from].sinks);
        let (moved, kept): (Vec<usize>, Vec<usize>) = sinks.into_iter().partition(is_viewer);
        self.sources[from].sinks = kept;
        for key in &moved {
            let sink = &mut self.sinks[*key];
            let goes_on = has_same_clock && sink.is_in_step_with(from_epoch);
            sink.follow(to, goes_on.then_some(to_epoch));
        }
        self.sources[to].sinks.extend(moved);
    }

    /// A source is about to begin anew under another SSRC. Viewers whom it feeds in another's place would have to
    /// begin anew too: better with that one.
    pub(super) fn before_restart(&mut self, key: usize, now_ns: u64) {
        if let Part::StandIn(home) = self.sources[key].part
            && self.feed_of(home) == key
        {
            self.lose_stand_in(home, now_ns);
        }
    }

    /// It did: what stands in for it has the clock of before.
    pub(super) fn after_restart(&mut self, key: usize, now_ns: u64) {
        match &mut self.sources[key].part {
            Part::Alone | Part::StandIn(_) => {}
            Part::Original(Substitution::Held { after, .. }) => *after = None,
            Part::Original(_) => self.give_back(key, RestoreReason::Restarted, now_ns),
        }
    }

    fn lose_stand_in(&mut self, home: usize, now_ns: u64) {
        let reason = match &self.sources[home].part {
            Part::Original(Substitution::Leaving {
                keyframe: Some(_), ..
            }) => RestoreReason::Ordered,
            _ => RestoreReason::Lost,
        };
        self.give_back(home, reason, now_ns);
    }

    /// Before a source is removed: nobody depends on it any more, and nobody who was to get it stays.
    pub(super) fn leave_substitution(&mut self, key: usize, now_ns: u64) {
        match &self.sources[key].part {
            Part::Alone => {}
            Part::Original(state) => {
                let (by, feed) = (state.by(), state.feed());
                self.sources[key].part = Part::Alone;
                if let Some(by) = by {
                    self.sources[by].part = Part::Alone;
                }
                if let Some(feed) = feed {
                    self.move_viewers(key, feed, key, false);
                }
            }
            Part::StandIn(home) => {
                let home = *home;
                if let Part::Original(Substitution::Held { by, .. }) = &mut self.sources[home].part
                {
                    *by = None;
                    self.sources[key].part = Part::Alone;
                } else {
                    self.lose_stand_in(home, now_ns);
                }
            }
        }
    }

    /// Time is over.
    pub(super) fn on_substitution_due(&mut self, home: usize, now_ns: u64) {
        let Part::Original(state) = &self.sources[home].part else {
            return;
        };
        if state
            .deadline_ns()
            .is_none_or(|deadline_ns| deadline_ns > now_ns)
        {
            return;
        }
        let reason = match state {
            Substitution::Leaving { .. } => RestoreReason::Ordered,
            _ => RestoreReason::Late,
        };
        self.give_back(home, reason, now_ns);
    }

    pub(super) fn arm_substitution(&mut self, home: usize) {
        let source = &self.sources[home];
        if let Part::Original(state) = &source.part
            && let Some(deadline_ns) = state.deadline_ns()
        {
            self.timers.arm(deadline_ns, Timer::Substitution(source.id));
        }
    }
}
