//! What happens by the clock: who is woken when, NACKs and key-frame requests to publishers.

use super::Engine;
use crate::config::{KeyframeFeedback, MediaKind};
use crate::timer::Timer;
use crate::transport::FEEDBACK_SSRC;
use crate::wire::rtcp::Writer;

/// How fast a NACK is repeated while the round trip to the publisher is not known.
const DEFAULT_ROUND_TRIP_NS: u64 = 100_000_000;
const MAX_NACK_NUMBERS: usize = 256;

impl Engine {
    pub(super) fn wake(&mut self, now_ns: u64, timer: Timer) {
        match timer {
            Timer::Report(id) => {
                if let Some(key) = self.transport_ids.get(&id).copied() {
                    self.serving = Some(id);
                    self.report(key, now_ns);
                }
            }
            Timer::Feedback(id) => {
                if let Some(key) = self.transport_ids.get(&id).copied() {
                    self.serving = Some(id);
                    self.send_transport_feedback(key);
                }
            }
            Timer::Nack(id) => {
                if let Some(key) = self.source_ids.get(&id).copied() {
                    self.serving = Some(self.transport_of(key));
                    self.send_nacks(key, now_ns);
                }
            }
            Timer::Keyframe(id) => {
                if let Some(key) = self.source_ids.get(&id).copied() {
                    self.serving = Some(self.transport_of(key));
                    self.request_keyframe_if_due(key, now_ns);
                }
            }
            Timer::Switch(id) => {
                if let Some(key) = self.source_ids.get(&id).copied() {
                    self.serving = Some(self.transport_of(key));
                    self.on_switch_due(key, now_ns);
                }
            }
            Timer::SenderReport(id) => {
                if let Some(key) = self.sink_ids.get(&id).copied() {
                    let transport_key = self.sinks[key].transport;
                    self.serving = Some(self.transports[transport_key].id);
                    self.send_sender_reports(transport_key, &[key], now_ns);
                }
            }
        }
    }

    fn send_nacks(&mut self, source_key: usize, now_ns: u64) {
        let source = &mut self.sources[source_key];
        source.nack_armed_ns = None;
        if source.pays_for_losses() {
            if source.nack.take_lost(now_ns) {
                self.want_keyframe(source_key, now_ns);
            }
            self.arm_nack(source_key);
            return;
        }
        let transport = &mut self.transports[source.transport];
        let due = source.nack.due(
            now_ns,
            transport.round_trip_ns.unwrap_or(DEFAULT_ROUND_TRIP_NS),
        );
        if let Some(media_ssrc) = source.primary_ssrc {
            for numbers in due.sequence_numbers.chunks(MAX_NACK_NUMBERS) {
                transport.send_rtcp(source.transport, &mut self.arena, |writer| {
                    open_feedback(writer);
                    let _ = writer.nack(FEEDBACK_SSRC, media_ssrc, numbers);
                });
                source.counters.nacks_sent += numbers.len() as u64;
            }
        }
        if due.given_up && source.kind == MediaKind::Video {
            self.want_keyframe(source_key, now_ns);
        }
        self.arm_nack(source_key);
    }

    /// Somebody needs a key frame of this source.
    pub(super) fn want_keyframe(&mut self, source_key: usize, now_ns: u64) {
        let source = &mut self.sources[source_key];
        if source.kind == MediaKind::Video {
            source.keyframes.want();
            self.request_keyframe_if_due(source_key, now_ns);
        }
    }

    /// The next frame of a source of ours has to be a key frame.
    pub(super) fn insist_on_keyframe(&mut self, source_key: usize, now_ns: u64) {
        self.sources[source_key].keyframes.insist();
        self.request_keyframe_if_due(source_key, now_ns);
    }

    /// The source began to flow, in the middle of something perhaps: ask for those who wait for a picture, and make up
    /// for requests that came while it was silent.
    pub(super) fn ask_for_waiting_sinks(&mut self, source_key: usize, now_ns: u64) {
        let waits = |sink_key: &usize| {
            let sink = &self.sinks[*sink_key];
            sink.waits_for_keyframe() && self.transports[sink.transport].is_ready()
        };
        if self.sources[source_key].sinks.iter().any(waits) {
            self.want_keyframe(source_key, now_ns);
        } else {
            self.request_keyframe_if_due(source_key, now_ns);
        }
    }

    /// A transport can send now: its video sinks need a beginning.
    pub(super) fn on_ready(&mut self, key: usize, now_ns: u64) {
        let sinks = std::mem::take(&mut self.transports[key].sinks);
        for sink_key in &sinks {
            let sink = &self.sinks[*sink_key];
            if sink.waits_for_keyframe() {
                let source_key = sink.source;
                self.want_keyframe(source_key, now_ns);
            }
        }
        self.transports[key].sinks = sinks;
    }

    pub(super) fn request_keyframe_if_due(&mut self, source_key: usize, now_ns: u64) {
        let source = &mut self.sources[source_key];
        let transport = &mut self.transports[source.transport];
        // A source that is silent is asked when it begins to flow.
        let (Some(media_ssrc), true, true) =
            (source.primary_ssrc, source.is_active, transport.is_ready())
        else {
            return;
        };
        if source.keyframes.take_due(now_ns) {
            let fir = match source.keyframe_feedback {
                KeyframeFeedback::Fir => Some(source.next_fir()),
                KeyframeFeedback::Pli | KeyframeFeedback::NotOffered => None,
            };
            transport.send_rtcp(source.transport, &mut self.arena, |writer| {
                open_feedback(writer);
                let _ = match fir {
                    Some(number) => writer.fir(FEEDBACK_SSRC, media_ssrc, number),
                    None => writer.pli(FEEDBACK_SSRC, media_ssrc),
                };
            });
            source.counters.keyframe_requests_sent += 1;
        }
        if let Some(deadline_ns) = source.keyframes.rearm() {
            self.timers.arm(deadline_ns, Timer::Keyframe(source.id));
        }
    }
}

/// Feedback is headed by a report unless both sides agreed on reduced size (RFC 4585 section 3.1, RFC 5506).
fn open_feedback(writer: &mut Writer<'_>) {
    let _ = writer.receiver_report(FEEDBACK_SSRC, &[]);
}
