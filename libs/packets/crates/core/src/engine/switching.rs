//! The packets on both sides while viewers get another source, or are about to: who gets which, and at which of them
//! viewers change sides.

use super::fanout::{Audience, Pending};
use super::{Engine, MAX_GROUP};
use crate::event::{Event, SwitchBackReason};
use crate::replacement::{Offer, Part, Switch};
use crate::taken::Taken;

impl Engine {
    /// Packets of a source whose viewers are to get its replacement.
    pub(super) fn fan_out_original(&mut self, group: &[Pending], now_ns: u64) {
        self.forward(group, Audience::Staying, now_ns);
        let home = group[0].source_key;
        let mut admitted = Vec::new();
        for one in group {
            let source = &mut self.sources[home];
            let (timestamp, keyframe) = match one.taken {
                Taken::Media(sequence) => match source.media(sequence, now_ns) {
                    Some(packet) => (
                        Some(packet.timestamp),
                        packet.begins_keyframe.then_some(sequence),
                    ),
                    None => continue,
                },
                Taken::Empty(_) => (None, None),
                Taken::Refused => continue,
            };
            let Part::Original(state) = &mut source.part else {
                break;
            };
            if timestamp.is_some() && state.on_picture(now_ns) {
                self.complete_switch_back(home, SwitchBackReason::Stalled, now_ns);
                break;
            }
            if state.admits(one.taken, timestamp) {
                admitted.push(*one);
            }
            if let (Some(sequence), Some(timestamp)) = (keyframe, timestamp)
                && state.on_keyframe(sequence, timestamp, now_ns)
            {
                let shown = state
                    .feed()
                    .and_then(|replacement| self.sources[replacement].forwarded_timestamp);
                self.arm_switch(home);
                if shown.is_some_and(|shown| self.is_over_at(home, shown)) {
                    self.complete_switch_back(home, SwitchBackReason::Ordered, now_ns);
                    break;
                }
            }
        }
        if !admitted.is_empty() {
            self.forward(&admitted, Audience::Switching, now_ns);
        }
    }

    /// Packets of a replacement, or of what is to be one.
    pub(super) fn fan_out_replacement(&mut self, home: usize, group: &[Pending], now_ns: u64) {
        let replacement = group[0].source_key;
        self.serve_queued(home, replacement, now_ns);
        if !matches!(self.sources[replacement].part, Part::Replacement(_)) {
            self.forward(group, Audience::All, now_ns);
            return;
        }
        let timestamps = group.iter().map(|one| match one.taken {
            Taken::Media(sequence) => {
                let packet = self.sources[replacement].media(sequence, now_ns)?;
                Some((packet.timestamp, packet.begins_keyframe))
            }
            Taken::Empty(_) | Taken::Refused => None,
        });
        let timestamps: Vec<Option<(u32, bool)>> = timestamps.collect();
        if self.feed_of(home) == replacement {
            if let Part::Original(state) = &mut self.sources[home].part {
                state.on_answer();
            }
            let end = timestamps
                .iter()
                .position(|one| one.is_some_and(|(timestamp, _)| self.is_over_at(home, timestamp)));
            let (before, after) = group.split_at(end.unwrap_or(group.len()));
            self.forward(before, Audience::All, now_ns);
            if end.is_some() {
                self.complete_switch_back(home, SwitchBackReason::Ordered, now_ns);
                self.forward(after, Audience::All, now_ns);
            }
            return;
        }
        let mut start = None;
        for (index, one) in timestamps.into_iter().enumerate() {
            let Some((timestamp, true)) = one else {
                continue;
            };
            match self.offer(home, timestamp) {
                Offer::Accepted => {
                    start = Some(index);
                    break;
                }
                Offer::TooEarly => self.insist_on_keyframe(replacement, now_ns),
                Offer::Ignored => {}
            }
        }
        let (before, after) = group.split_at(start.unwrap_or(group.len()));
        self.forward(before, Audience::All, now_ns);
        if start.is_some() {
            self.complete_switch_to(home, replacement);
            self.forward(after, Audience::All, now_ns);
            self.events.push(Event::SwitchedTo {
                transport: self.transport_of(home),
                source: self.sources[home].id,
                replacement: self.sources[replacement].id,
            });
        }
    }

    /// While viewers are about to change sides, what is queued of the source itself comes first.
    fn serve_queued(&mut self, home: usize, replacement: usize, now_ns: u64) {
        if let Part::Original(Switch::SwitchedTo { .. }) = self.sources[home].part {
            return;
        }
        let is_home = |one: &Pending| one.source_key == home;
        let queued: Vec<Pending> = self.pending.iter().copied().filter(is_home).collect();
        if queued.is_empty() {
            return;
        }
        self.pending.retain(|one| !is_home(one));
        for some in queued.chunks(MAX_GROUP) {
            self.fan_out(some, now_ns);
        }
        self.serving = Some(self.transport_of(replacement));
    }

    fn offer(&mut self, home: usize, timestamp: u32) -> Offer {
        let source = &mut self.sources[home];
        let (newest, clock_rate_hz) = (source.newest_timestamp, source.clock_rate_hz());
        match &mut source.part {
            Part::Original(state) => state.offer(timestamp, newest, clock_rate_hz),
            Part::Alone | Part::Replacement(_) => Offer::Ignored,
        }
    }

    fn is_over_at(&self, home: usize, timestamp: u32) -> bool {
        match &self.sources[home].part {
            Part::Original(state) => state.is_over_at(timestamp),
            Part::Alone | Part::Replacement(_) => false,
        }
    }
}
