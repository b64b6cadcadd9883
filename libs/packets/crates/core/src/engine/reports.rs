//! What peers are told once a second, and publishers every 50 ms: receiver and sender reports, REMB, transport feedback.

use super::Engine;
use crate::event::{CloseReason, Event};
use crate::keys::{EncodingKey, SinkKey, TransportKey};
use crate::sink::Sink;
use crate::timer::Timer;
use crate::transport::{FEEDBACK_SSRC, MAX_RTCP_BYTES};
use crate::wire::rtcp::SenderInfo;
use crate::wire::twcc::{MIN_PACKET_BYTES, Report};

const REPORT_INTERVAL_NS: u64 = 1_000_000_000;
pub(super) const REPORT_GRID_NS: u64 = 50_000_000;
const MAX_BLOCKS: usize = 31;
const _: () = assert!(
    MAX_RTCP_BYTES >= MIN_PACKET_BYTES,
    "transport feedback always makes progress"
);

impl Engine {
    pub(super) fn report(&mut self, key: TransportKey, now_ns: u64) {
        let id = self.transports[key].id;
        let has_expired = self.transports[key].network().is_some_and(|network| {
            now_ns.saturating_sub(network.ice.consent_ns()) >= self.settings.consent_ns
        });
        if has_expired {
            self.close_transport(id, CloseReason::ConsentExpired, now_ns);
            return;
        }
        self.transports[key].earn_floor();
        self.stop_idle_sources(key, now_ns);
        self.send_receiver_report(key, now_ns);
        let sinks = std::mem::take(&mut self.transports[key].sinks);
        self.send_sender_reports(key, &sinks, now_ns);
        self.transports[key].sinks = sinks;
        self.transports[key].reported_ns = now_ns;
        self.timers.arm_on_grid(
            now_ns + REPORT_INTERVAL_NS,
            REPORT_GRID_NS,
            Timer::Report(key),
        );
    }

    fn stop_idle_sources(&mut self, key: TransportKey, now_ns: u64) {
        for source_key in &self.transports[key].sources {
            let source = &self.sources[*source_key];
            let encoding = &mut self.encodings[source.encoding];
            if encoding.is_active
                && now_ns.saturating_sub(encoding.last_packet_ns) >= self.settings.source_idle_ns
            {
                encoding.is_active = false;
                self.events.push(Event::SourceStopped {
                    transport: self.transports[key].id,
                    source: source.id,
                });
            }
        }
    }

    /// RR for everything the peer publishes, with REMB where it understands nothing better.
    fn send_receiver_report(&mut self, key: TransportKey, now_ns: u64) {
        let transport = &mut self.transports[key];
        let elapsed_ns = now_ns.saturating_sub(transport.reported_ns).max(1);
        let (mut expected, mut received, mut bytes) = (0, 0, 0);
        let mut remb_ssrcs = Vec::new();
        let mut blocks = Vec::new();
        for source_key in &transport.sources {
            let encoding = &mut self.encodings[self.sources[*source_key].encoding];
            let (its_expected, its_received) = encoding.reception.interval();
            expected += its_expected;
            received += its_received;
            bytes += encoding.interval_bytes;
            encoding.counters.bitrate_bps = (u128::from(encoding.interval_bytes) * 8_000_000_000
                / u128::from(elapsed_ns)) as u64;
            encoding.interval_bytes = 0;
            let Some(ssrc) = encoding.primary_ssrc else {
                continue;
            };
            if encoding.section.remb {
                remb_ssrcs.push(ssrc);
            }
            if blocks.len() < MAX_BLOCKS {
                blocks.extend(
                    encoding
                        .reception
                        .report(ssrc, encoding.mapping.as_ref(), now_ns),
                );
            }
        }
        if blocks.is_empty() {
            return;
        }
        let sends_remb = transport.transport_cc_ids.is_empty() && !remb_ssrcs.is_empty();
        if sends_remb && expected > 0 {
            let loss = ((expected - received) as f64 / expected as f64).max(0.0);
            transport
                .receive_estimate
                .update(bytes as f64 * 8e9 / elapsed_ns as f64, loss);
        }
        let estimate_bps = transport.receive_estimate.bps();
        transport.send_rtcp(key, &mut self.arena, |writer| {
            let _ = writer.receiver_report(FEEDBACK_SSRC, &blocks);
            if sends_remb {
                let _ = writer.remb(FEEDBACK_SSRC, estimate_bps, &remb_ssrcs);
            }
        });
    }

    /// SR and SDES of these sinks of one transport, where the publisher's clock is known.
    pub(super) fn send_sender_reports(
        &mut self,
        key: TransportKey,
        sinks: &[SinkKey],
        now_ns: u64,
    ) {
        let mut infos: Vec<(SenderInfo, SinkKey)> = Vec::with_capacity(sinks.len());
        for sink_key in sinks {
            let sink = &self.sinks[*sink_key];
            if sink.has_started()
                && let Some(info) = self.sender_info(sink, now_ns)
            {
                infos.push((info, *sink_key));
            }
        }
        for (_, sink_key) in &infos {
            self.sinks[*sink_key].has_reported = true;
        }
        // 28 bytes of SR and at most 12 + 255 of SDES each: four fit a packet whatever the names.
        for chunk in infos.chunks(4) {
            let all = &self.sinks;
            self.transports[key].send_rtcp(key, &mut self.arena, |writer| {
                for (info, _) in chunk {
                    let _ = writer.sender_report(info, &[]);
                }
                for (info, sink_key) in chunk {
                    let _ = writer.sdes_cname(info.ssrc, &all[*sink_key].cname);
                }
            });
        }
    }

    /// The moment `now` on the relay's wall clock and on the viewer's media clock. The publisher's own report is
    /// extrapolated with one clock offset for all its tracks, so they stay in step at every viewer. The replacement
    /// of a source has that source's clock: it comes later, and viewers are to see that.
    fn sender_info(&self, sink: &Sink, now_ns: u64) -> Option<SenderInfo> {
        // Between a new SSRC and the key frame the viewer begins it with, there is no telling.
        if !sink.is_in_step_with(self.encodings[sink.encoding].epoch) {
            return None;
        }
        let source = &self.sources[sink.home];
        let mapping = self.encodings[source.encoding].mapping.as_ref()?;
        let publisher = &self.transports[source.transport].clock;
        let rtp_timestamp = publisher.rtp_timestamp(mapping, now_ns, sink.clock_rate_hz())?;
        Some(SenderInfo {
            ssrc: sink.ssrc,
            ntp: self.ntp.ntp(now_ns),
            rtp_timestamp: rtp_timestamp.wrapping_add(sink.timestamp_offset),
            packet_count: sink.counters.packets_sent as u32,
            octet_count: sink.counters.bytes_sent as u32,
        })
    }

    /// A stream began, or its publisher's clock became known: those who follow it should not wait a second for it.
    pub(super) fn arm_first_reports(&mut self, encoding_key: EncodingKey, now_ns: u64) {
        for sink_key in &self.encodings[encoding_key].sinks {
            let sink = &self.sinks[*sink_key];
            let home = self.sources[sink.home].encoding;
            if sink.has_started() && !sink.has_reported && self.encodings[home].mapping.is_some() {
                self.timers.arm(now_ns, Timer::SenderReport(*sink_key));
            }
        }
    }

    pub(super) fn send_transport_feedback(&mut self, key: TransportKey) {
        let transport = &mut self.transports[key];
        let Some(media_ssrc) = transport.media_ssrc else {
            return;
        };
        while !transport.arrivals.is_empty() {
            let mut reported = 0;
            let mut log = std::mem::take(&mut transport.arrivals);
            let (arrivals, base_sequence, feedback_count) = log.pending();
            let report = Report {
                sender_ssrc: FEEDBACK_SSRC,
                media_ssrc,
                feedback_count,
                base_sequence,
                arrivals,
            };
            transport.send_rtcp(key, &mut self.arena, |writer| {
                reported = writer.transport_feedback(&report).unwrap_or(0);
            });
            if reported == 0 {
                log.discard();
            } else {
                log.reported(reported);
            }
            transport.arrivals = log;
        }
    }
}
