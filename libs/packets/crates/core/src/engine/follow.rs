//! Who follows which encoding: the one way in which sinks come to get another one.
//!
//! A sink follows an encoding. Made to follow another, it gets nothing until a key frame of that begins, and goes on
//! under its own numbers from there. Nobody has to miss anything: whoever decides on a switch waits for a key frame of
//! the new encoding in what is being forwarded, and changes sides right at it ([`Engine::forward_around`]). The
//! replacement of a source does so for all its viewers; a choice among the layers of one track does it for one of them.

use super::Engine;
use super::fanout::{Audience, Pending};
use crate::keys::EncodingKey;
use crate::sink::Sink;

/// Of the encoding that sinks come to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// That of the one before: timestamps go on as they are.
    Same,
    /// One of its own: timestamps go on from the last one.
    Another,
}

impl Engine {
    /// Those sinks of `from` that are `meant` follow `to`, from its next key frame on.
    pub(super) fn follow(
        &mut self,
        from: EncodingKey,
        to: EncodingKey,
        clock: Clock,
        meant: impl Fn(&Sink) -> bool,
    ) {
        let (from_epoch, to_epoch) = (self.encodings[from].epoch, self.encodings[to].epoch);
        let sinks = std::mem::take(&mut self.encodings[from].sinks);
        let (moved, kept): (Vec<_>, Vec<_>) =
            sinks.into_iter().partition(|key| meant(&self.sinks[*key]));
        self.encodings[from].sinks = kept;
        for key in &moved {
            let sink = &mut self.sinks[*key];
            let goes_on = clock == Clock::Same && sink.is_in_step_with(from_epoch);
            sink.follow(to, goes_on.then_some(to_epoch));
        }
        self.encodings[to].sinks.extend(moved);
    }

    /// Forwards packets of one encoding. Before the one at `index`, if that is said, sinks change sides.
    pub(super) fn forward_around(
        &mut self,
        group: &[Pending],
        index: Option<usize>,
        now_ns: u64,
        change: impl FnOnce(&mut Self),
    ) {
        let (before, after) = group.split_at(index.unwrap_or(group.len()));
        self.forward(before, Audience::All, now_ns);
        if index.is_some() {
            change(self);
            self.forward(after, Audience::All, now_ns);
        }
    }
}
