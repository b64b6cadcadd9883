//! What happens by the clock: who is woken when, NACKs and key-frame requests to publishers.

use super::Engine;
use crate::config::{KeyframeFeedback, MediaKind};
use crate::keys::{EncodingKey, SinkKey, TransportKey};
use crate::timer::Timer;
use crate::transport::FEEDBACK_SSRC;
use crate::wire::rtcp::Writer;

/// How fast a NACK is repeated while the round trip to the publisher is not known.
const DEFAULT_ROUND_TRIP_NS: u64 = 100_000_000;
const MAX_NACK_NUMBERS: usize = 256;

impl Engine {
    pub(super) fn wake(&mut self, now_ns: u64, timer: Timer) {
        match timer {
            Timer::Report(key) => {
                if let Some(transport) = self.transports.get(key) {
                    self.serving = Some(transport.id);
                    self.report(key, now_ns);
                }
            }
            Timer::Feedback(key) => {
                if let Some(transport) = self.transports.get(key) {
                    self.serving = Some(transport.id);
                    self.send_transport_feedback(key);
                }
            }
            Timer::Nack(key) => {
                if self.encodings.get(key).is_some() {
                    self.serve_sender_of(key);
                    self.send_nacks(key, now_ns);
                }
            }
            Timer::Keyframe(key) => {
                if self.encodings.get(key).is_some() {
                    self.serve_sender_of(key);
                    self.request_keyframe_if_due(key, now_ns);
                }
            }
            Timer::Switch(key) => {
                if self.sources.get(key).is_some() {
                    self.serving = Some(self.transport_id_of(key));
                    self.on_switch_due(key, now_ns);
                }
            }
            Timer::SenderReport(key) => {
                if let Some(sink) = self.sinks.get(key) {
                    let transport_key = sink.transport;
                    self.serving = Some(self.transports[transport_key].id);
                    self.send_sender_reports(transport_key, &[key], now_ns);
                }
            }
        }
    }

    fn send_nacks(&mut self, encoding_key: EncodingKey, now_ns: u64) {
        let encoding = &mut self.encodings[encoding_key];
        encoding.nack_armed_ns = None;
        if encoding.pays_for_losses() {
            if encoding.nack.take_lost(now_ns) {
                self.want_keyframe(encoding_key, now_ns);
            }
            self.arm_nack(encoding_key);
            return;
        }
        let transport_key = self.sources[encoding.source].transport;
        let transport = &mut self.transports[transport_key];
        let due = encoding.nack.due(
            now_ns,
            transport.round_trip_ns.unwrap_or(DEFAULT_ROUND_TRIP_NS),
        );
        if let Some(media_ssrc) = encoding.primary_ssrc {
            for numbers in due.sequence_numbers.chunks(MAX_NACK_NUMBERS) {
                transport.send_rtcp(transport_key, &mut self.arena, |writer| {
                    open_feedback(writer);
                    let _ = writer.nack(FEEDBACK_SSRC, media_ssrc, numbers);
                });
                encoding.counters.nacks_sent += numbers.len() as u64;
            }
        }
        if due.given_up && encoding.section.kind == MediaKind::Video {
            self.want_keyframe(encoding_key, now_ns);
        }
        self.arm_nack(encoding_key);
    }

    /// Somebody needs a key frame of this encoding.
    pub(super) fn want_keyframe(&mut self, encoding_key: EncodingKey, now_ns: u64) {
        let encoding = &mut self.encodings[encoding_key];
        if encoding.section.kind == MediaKind::Video {
            encoding.keyframes.want();
            self.request_keyframe_if_due(encoding_key, now_ns);
        }
    }

    /// The next frame has to be a key frame.
    pub(super) fn insist_on_keyframe(&mut self, encoding_key: EncodingKey, now_ns: u64) {
        self.encodings[encoding_key].keyframes.insist();
        self.request_keyframe_if_due(encoding_key, now_ns);
    }

    /// The encoding began to flow, in the middle of something perhaps: ask for those who wait for a picture, and make up
    /// for requests that came while it was silent.
    pub(super) fn ask_for_waiting_sinks(&mut self, encoding_key: EncodingKey, now_ns: u64) {
        let waits = |sink_key: &SinkKey| {
            let sink = &self.sinks[*sink_key];
            sink.waits_for_keyframe() && self.transports[sink.transport].is_ready()
        };
        if self.encodings[encoding_key].sinks.iter().any(waits) {
            self.want_keyframe(encoding_key, now_ns);
        } else {
            self.request_keyframe_if_due(encoding_key, now_ns);
        }
    }

    /// A transport can send now: its video sinks need a beginning.
    pub(super) fn on_ready(&mut self, key: TransportKey, now_ns: u64) {
        let sinks = std::mem::take(&mut self.transports[key].sinks);
        for sink_key in &sinks {
            let sink = &self.sinks[*sink_key];
            if sink.waits_for_keyframe() {
                let encoding_key = sink.encoding;
                self.want_keyframe(encoding_key, now_ns);
            }
        }
        self.transports[key].sinks = sinks;
    }

    pub(super) fn request_keyframe_if_due(&mut self, encoding_key: EncodingKey, now_ns: u64) {
        let encoding = &mut self.encodings[encoding_key];
        let transport_key = self.sources[encoding.source].transport;
        let transport = &mut self.transports[transport_key];
        // One that is silent is asked when it begins to flow.
        let (Some(media_ssrc), true, true) = (
            encoding.primary_ssrc,
            encoding.is_active,
            transport.is_ready(),
        ) else {
            return;
        };
        if encoding.keyframes.take_due(now_ns) {
            let fir = match encoding.section.keyframe_feedback {
                KeyframeFeedback::Fir => Some(encoding.next_fir()),
                KeyframeFeedback::Pli | KeyframeFeedback::NotOffered => None,
            };
            transport.send_rtcp(transport_key, &mut self.arena, |writer| {
                open_feedback(writer);
                let _ = match fir {
                    Some(number) => writer.fir(FEEDBACK_SSRC, media_ssrc, number),
                    None => writer.pli(FEEDBACK_SSRC, media_ssrc),
                };
            });
            encoding.counters.keyframe_requests_sent += 1;
        }
        if let Some(deadline_ns) = encoding.keyframes.rearm() {
            self.timers.arm(deadline_ns, Timer::Keyframe(encoding_key));
        }
    }
}

/// Feedback is headed by a report unless both sides agreed on reduced size (RFC 4585 section 3.1, RFC 5506).
fn open_feedback(writer: &mut Writer<'_>) {
    let _ = writer.receiver_report(FEEDBACK_SSRC, &[]);
}
