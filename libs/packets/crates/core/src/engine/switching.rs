//! The packets on both sides while viewers get another source, or are about to: who gets which, and at which of them
//! viewers change sides.

use super::fanout::{Audience, Pending};
use super::{Engine, MAX_GROUP};
use crate::event::{Event, SwitchBackReason};
use crate::keys::SourceKey;
use crate::replacement::{Offer, Part, Switch};
use crate::taken::Taken;

impl Engine {
    /// Packets of a source whose viewers are to get its replacement.
    pub(super) fn fan_out_original(&mut self, home: SourceKey, group: &[Pending], now_ns: u64) {
        self.forward(group, Audience::Staying, now_ns);
        let mut admitted = Vec::new();
        for one in group {
            let (timestamp, keyframe) = match one.taken {
                Taken::Media(sequence) => {
                    match self.encodings[one.encoding_key].media(sequence, now_ns) {
                        Some(packet) => (
                            Some(packet.timestamp),
                            packet.begins_keyframe.then_some(sequence),
                        ),
                        None => continue,
                    }
                }
                Taken::Empty(_) => (None, None),
                Taken::Refused => continue,
            };
            let Part::Original(state) = &mut self.sources[home].part else {
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
                let shown = self.encodings[self.feed_of(home)].forwarded_timestamp;
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
    pub(super) fn fan_out_replacement(
        &mut self,
        home: SourceKey,
        replacement: SourceKey,
        group: &[Pending],
        now_ns: u64,
    ) {
        let encoding_key = group[0].encoding_key;
        self.serve_queued(home, now_ns);
        self.serve_sender_of(encoding_key);
        if !matches!(self.sources[replacement].part, Part::Replacement(_)) {
            self.forward(group, Audience::All, now_ns);
            return;
        }
        let timestamps = group.iter().map(|one| match one.taken {
            Taken::Media(sequence) => {
                let packet = self.encodings[encoding_key].media(sequence, now_ns)?;
                Some((packet.timestamp, packet.begins_keyframe))
            }
            Taken::Empty(_) | Taken::Refused => None,
        });
        let timestamps: Vec<Option<(u32, bool)>> = timestamps.collect();
        if self.feed_of(home) == encoding_key {
            if let Part::Original(state) = &mut self.sources[home].part {
                state.on_answer();
            }
            let end = timestamps
                .iter()
                .position(|one| one.is_some_and(|(timestamp, _)| self.is_over_at(home, timestamp)));
            self.forward_around(group, end, now_ns, |engine| {
                engine.complete_switch_back(home, SwitchBackReason::Ordered, now_ns);
            });
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
                Offer::TooEarly => self.insist_on_keyframe(encoding_key, now_ns),
                Offer::Ignored => {}
            }
        }
        self.forward_around(group, start, now_ns, |engine| {
            engine.complete_switch_to(home, replacement);
        });
        if start.is_some() {
            self.events.push(Event::SwitchedTo {
                transport: self.transport_id_of(home),
                source: self.sources[home].id,
                replacement: self.sources[replacement].id,
            });
        }
    }

    /// While viewers are about to change sides, what is queued of the source itself comes first.
    fn serve_queued(&mut self, home: SourceKey, now_ns: u64) {
        if let Part::Original(Switch::SwitchedTo { .. }) = self.sources[home].part {
            return;
        }
        let encoding_key = self.sources[home].encoding;
        let is_home = |one: &Pending| one.encoding_key == encoding_key;
        let queued: Vec<Pending> = self.pending.iter().copied().filter(is_home).collect();
        self.pending.retain(|one| !is_home(one));
        for some in queued.chunks(MAX_GROUP) {
            self.fan_out(some, now_ns);
        }
    }

    fn offer(&mut self, home: SourceKey, timestamp: u32) -> Offer {
        let source = &mut self.sources[home];
        let newest = self.encodings[source.encoding].newest_timestamp;
        match &mut source.part {
            Part::Original(state) => state.offer(timestamp, newest, source.section.clock_rate_hz()),
            Part::Alone | Part::Replacement(_) => Offer::Ignored,
        }
    }

    fn is_over_at(&self, home: SourceKey, timestamp: u32) -> bool {
        match &self.sources[home].part {
            Part::Original(state) => state.is_over_at(timestamp),
            Part::Alone | Part::Replacement(_) => false,
        }
    }
}
