//! Switching viewers from a source to its replacement, and back. The rules are `crate::replacement`'s.
//!
//! Viewers keep their numbering and their clock; local consumers stay with the source they were added for.

use super::Engine;
use super::fanout::Pending;
use super::follow::Clock;
use crate::config::MediaKind;
use crate::event::{Event, SwitchBackReason};
use crate::keys::{EncodingKey, SourceKey};
use crate::replacement::{Part, SWITCH_TO_NS, Switch};
use crate::taken::Taken;
use crate::timer::Timer;

impl Engine {
    /// The encoding that viewers of this source follow.
    pub(super) fn feed_of(&self, home: SourceKey) -> EncodingKey {
        let source = &self.sources[home];
        let feed = match &source.part {
            Part::Original(state) => state.feed(),
            Part::Alone | Part::Replacement(_) => None,
        };
        feed.map_or(source.encoding, |replacement| {
            self.sources[replacement].encoding
        })
    }

    /// Up to which timestamp packets of this source have gone on to viewers.
    fn shown_of(&self, source: SourceKey) -> Option<u32> {
        self.encodings[self.sources[source].encoding].forwarded_timestamp
    }

    pub(super) fn switch_to(&mut self, now_ns: u64, source: u64, replacement: u64) -> Option<()> {
        let home = *self.source_ids.get(&source)?;
        let replacement = *self.source_ids.get(&replacement)?;
        if !self.may_replace(home, replacement) {
            return None;
        }
        let former = match &self.sources[home].part {
            Part::Original(state) => state.replacement(),
            Part::Alone | Part::Replacement(_) => None,
        };
        if former == Some(replacement) {
            if let Part::Original(state @ Switch::SwitchingBack { .. }) =
                &mut self.sources[home].part
            {
                *state = Switch::switched_to(replacement);
            }
            return Some(());
        }
        if let Some(former) = former {
            self.sources[former].part = Part::Alone;
        }
        let until_ns = now_ns + SWITCH_TO_NS;
        match &mut self.sources[home].part {
            Part::Original(Switch::Held {
                replacement: named, ..
            }) => *named = Some(replacement),
            Part::Original(Switch::SwitchingTo(switching_to)) => switching_to.replace(replacement),
            Part::Original(Switch::SwitchedTo {
                replacement: old, ..
            })
            | Part::Original(Switch::SwitchingBack {
                replacement: old, ..
            }) => {
                // They wait here for the new one; of the source itself they get nothing, it is ahead.
                let old = *old;
                let shown = self.shown_of(old);
                self.move_viewers(home, old, home, Clock::Same);
                self.sources[home].part =
                    Part::Original(Switch::switching_to(replacement, None, shown, until_ns));
            }
            Part::Alone | Part::Replacement(_) => {
                let shown = self.shown_of(home);
                self.sources[home].part =
                    Part::Original(Switch::switching_to(replacement, shown, shown, until_ns));
            }
        }
        self.sources[replacement].part = Part::Replacement(home);
        self.arm_switch(home);
        self.insist_on_keyframe(self.sources[replacement].encoding, now_ns);
        Some(())
    }

    /// No chains, no rings, and nobody replaces two.
    fn may_replace(&self, home: SourceKey, replacement: SourceKey) -> bool {
        let are_video = [home, replacement]
            .iter()
            .all(|key| self.sources[*key].section.kind == MediaKind::Video);
        let is_free = match self.sources[replacement].part {
            Part::Alone => true,
            Part::Replacement(other) => other == home,
            Part::Original(_) => false,
        };
        are_video
            && is_free
            && home != replacement
            && !matches!(self.sources[home].part, Part::Replacement(_))
    }

    pub(super) fn switch_back(&mut self, now_ns: u64, source: u64) -> Option<()> {
        let home = *self.source_ids.get(&source)?;
        match &mut self.sources[home].part {
            Part::Replacement(_) => return None,
            Part::Alone | Part::Original(Switch::SwitchingBack { .. }) => {}
            Part::Original(state @ Switch::SwitchedTo { .. }) => {
                if let Some(replacement) = state.replacement() {
                    *state = Switch::SwitchingBack {
                        replacement,
                        keyframe: None,
                    };
                }
                self.want_keyframe(self.sources[home].encoding, now_ns);
            }
            Part::Original(Switch::Held { .. } | Switch::SwitchingTo(_)) => {
                self.complete_switch_back(home, SwitchBackReason::Ordered, now_ns);
            }
        }
        Some(())
    }

    pub(super) fn hold(&mut self, now_ns: u64, source: u64, max_ms: u32) -> Option<()> {
        let home = *self.source_ids.get(&source)?;
        let until_ns = now_ns + u64::from(max_ms) * 1_000_000;
        let shown = self.shown_of(home);
        let one = &mut self.sources[home];
        if one.section.kind != MediaKind::Video {
            return None;
        }
        let (replacement, after) = match &mut one.part {
            Part::Replacement(_) => return None,
            Part::Alone => (None, shown),
            // Viewers get nothing of the source: what is asked for is so.
            Part::Original(state) if state.feed().is_some() => {
                if let Some(replacement) = state.replacement() {
                    *state = Switch::switched_to(replacement);
                }
                return Some(());
            }
            Part::Original(state) => (state.replacement(), state.after()),
        };
        one.part = Part::Original(Switch::Held {
            replacement,
            after,
            until_ns,
        });
        for sink_key in &self.encodings[one.encoding].sinks {
            let sink = &mut self.sinks[*sink_key];
            if sink.role.treatment().switches {
                sink.close();
            }
        }
        self.arm_switch(home);
        Some(())
    }

    /// Viewers of `home` get `replacement` from its next packet on, which begins a key frame.
    pub(super) fn complete_switch_to(&mut self, home: SourceKey, replacement: SourceKey) {
        self.move_viewers(home, home, replacement, Clock::Same);
        self.sources[home].part = Part::Original(Switch::switched_to(replacement));
        let encoding_key = self.sources[replacement].encoding;
        self.encodings[encoding_key].forwarded_timestamp = None;
    }

    /// Ends whatever there is: viewers get the source itself, what was kept back first.
    pub(super) fn complete_switch_back(
        &mut self,
        home: SourceKey,
        reason: SwitchBackReason,
        now_ns: u64,
    ) {
        let part = std::mem::replace(&mut self.sources[home].part, Part::Alone);
        let Part::Original(state) = part else {
            self.sources[home].part = part;
            return;
        };
        let has_restarted = reason == SwitchBackReason::Restarted;
        if let Some(replacement) = state.replacement() {
            self.sources[replacement].part = Part::Alone;
        }
        let encoding_key = self.sources[home].encoding;
        if let Some(replacement) = state.feed() {
            if has_restarted {
                self.move_viewers(home, replacement, home, Clock::Another);
            } else {
                self.move_viewers(home, replacement, home, Clock::Same);
                self.encodings[encoding_key].forwarded_timestamp = self.shown_of(replacement);
            }
        }
        let mut has_begun = false;
        match state {
            Switch::SwitchingTo(switching_to) => {
                self.queue_again(encoding_key, switching_to.withheld)
            }
            Switch::SwitchingBack {
                keyframe: Some(keyframe),
                ..
            } if !has_restarted => {
                has_begun = true;
                let encoding = &self.encodings[encoding_key];
                let first = encoding.frame_start(keyframe.sequence, now_ns);
                let last = encoding.highest().unwrap_or(first);
                let taken = (first..=last).filter_map(|number| encoding.taken_at(number, now_ns));
                let taken = taken.collect();
                self.queue_again(encoding_key, taken);
            }
            _ => {}
        }
        self.events.push(Event::SwitchedBack {
            transport: self.transport_id_of(home),
            source: self.sources[home].id,
            reason,
        });
        if !has_begun {
            self.ask_for_waiting_sinks(encoding_key, now_ns);
        }
    }

    /// For viewers, before what is queued of this encoding already.
    fn queue_again(&mut self, encoding_key: EncodingKey, mut taken: Vec<Taken>) {
        let is_queued = |taken: &Taken| {
            self.pending
                .iter()
                .any(|one| one.encoding_key == encoding_key && one.taken == *taken)
        };
        taken.retain(|one| !is_queued(one));
        taken.sort_by_key(|one| match one {
            Taken::Media(sequence) | Taken::Empty(sequence) => *sequence,
            Taken::Refused => i64::MAX,
        });
        let again = taken.into_iter().map(|taken| Pending {
            is_audio: false,
            encoding_key,
            taken,
            is_again: true,
        });
        self.pending.splice(0..0, again);
    }

    /// From one of `home` and its replacements to another.
    fn move_viewers(&mut self, home: SourceKey, from: SourceKey, to: SourceKey, clock: Clock) {
        let (from, to) = (self.sources[from].encoding, self.sources[to].encoding);
        self.follow(from, to, clock, |sink| {
            sink.home == home && sink.role.treatment().switches
        });
    }

    /// A source is about to begin anew under another SSRC. Viewers whom it feeds in another's place would have to
    /// begin anew too: better with that one.
    pub(super) fn before_restart(&mut self, key: SourceKey, now_ns: u64) {
        if let Part::Replacement(home) = self.sources[key].part
            && self.feed_of(home) == self.sources[key].encoding
        {
            self.lose_replacement(home, now_ns);
        }
    }

    /// It did: its replacement has the clock of before.
    pub(super) fn after_restart(&mut self, key: SourceKey, now_ns: u64) {
        match &mut self.sources[key].part {
            Part::Alone | Part::Replacement(_) => {}
            Part::Original(Switch::Held { after, .. }) => *after = None,
            Part::Original(_) => {
                self.complete_switch_back(key, SwitchBackReason::Restarted, now_ns)
            }
        }
    }

    fn lose_replacement(&mut self, home: SourceKey, now_ns: u64) {
        let reason = match &self.sources[home].part {
            Part::Original(Switch::SwitchingBack {
                keyframe: Some(_), ..
            }) => SwitchBackReason::Ordered,
            _ => SwitchBackReason::Lost,
        };
        self.complete_switch_back(home, reason, now_ns);
    }

    /// Before a source is removed: nobody depends on it any more, and nobody who was to get it stays.
    pub(super) fn leave_replacement(&mut self, key: SourceKey, now_ns: u64) {
        match &self.sources[key].part {
            Part::Alone => {}
            Part::Original(state) => {
                let (replacement, feed) = (state.replacement(), state.feed());
                self.sources[key].part = Part::Alone;
                if let Some(replacement) = replacement {
                    self.sources[replacement].part = Part::Alone;
                }
                if let Some(feed) = feed {
                    self.move_viewers(key, feed, key, Clock::Another);
                }
            }
            Part::Replacement(home) => {
                let home = *home;
                if let Part::Original(Switch::Held { replacement, .. }) =
                    &mut self.sources[home].part
                {
                    *replacement = None;
                    self.sources[key].part = Part::Alone;
                } else {
                    self.lose_replacement(home, now_ns);
                }
            }
        }
    }

    /// Time is over.
    pub(super) fn on_switch_due(&mut self, home: SourceKey, now_ns: u64) {
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
            Switch::SwitchingBack { .. } => SwitchBackReason::Ordered,
            _ => SwitchBackReason::Late,
        };
        self.complete_switch_back(home, reason, now_ns);
    }

    pub(super) fn arm_switch(&mut self, home: SourceKey) {
        let source = &self.sources[home];
        if let Part::Original(state) = &source.part
            && let Some(deadline_ns) = state.deadline_ns()
        {
            self.timers.arm(deadline_ns, Timer::Switch(home));
        }
    }
}
