//! RTCP from peers: what viewers ask for and report, and what publishers say about their clocks.

use std::net::SocketAddr;

use super::Engine;
use crate::clock::SenderMapping;
use crate::feedback::reception::round_trip_ns;
use crate::keys::TransportKey;
use crate::transport::SsrcUse;
use crate::wire::rtcp::{Packet, Packets, ReportBlock, SenderInfo};
use crate::wire::twcc::Feedback;

impl Engine {
    pub(super) fn on_rtcp(
        &mut self,
        key: TransportKey,
        now_ns: u64,
        arrived_ns: u64,
        remote: Option<SocketAddr>,
        datagram: &mut [u8],
    ) {
        let transport = &mut self.transports[key];
        let wire_bytes = datagram.len() as u64;
        let Some(opened) = transport.open_rtcp(datagram) else {
            return;
        };
        let Ok(len) = opened else {
            transport.counters.srtp_failures += 1;
            return;
        };
        self.counters.packets_received += 1;
        transport.on_opened(wire_bytes, remote, now_ns);
        // A malformed part is skipped, the rest of the compound still counts.
        for packet in Packets::new(&datagram[..len]).flatten() {
            match packet {
                Packet::SenderReport(info, blocks) => {
                    self.on_sender_report(key, now_ns, arrived_ns, &info);
                    blocks.for_each(|block| self.on_report_block(key, arrived_ns, &block));
                }
                Packet::ReceiverReport { blocks, .. } => {
                    blocks.for_each(|block| self.on_report_block(key, arrived_ns, &block));
                }
                Packet::Nack(nack) => {
                    if let Some(sink) = self.transports[key]
                        .sink_ssrcs
                        .get(&nack.media_ssrc)
                        .copied()
                    {
                        self.retransmit(sink, nack.sequence_numbers(), now_ns);
                    }
                }
                Packet::Pli { media_ssrc, .. } => self.on_keyframe_request(key, media_ssrc, now_ns),
                Packet::Fir(fir) => {
                    fir.entries()
                        .for_each(|(ssrc, _)| self.on_keyframe_request(key, ssrc, now_ns));
                }
                Packet::Remb(remb) => self.transports[key].remb_bps = Some(remb.bitrate_bps),
                Packet::TransportFeedback(feedback) => self.on_transport_feedback(key, &feedback),
                Packet::Bye(_) | Packet::Other { .. } => {}
            }
        }
    }

    fn on_sender_report(
        &mut self,
        key: TransportKey,
        now_ns: u64,
        arrived_ns: u64,
        info: &SenderInfo,
    ) {
        let transport = &mut self.transports[key];
        let Some(SsrcUse::Primary(encoding_key)) = transport.ssrc_uses.get(&info.ssrc).copied()
        else {
            return;
        };
        let encoding = &mut self.encodings[encoding_key];
        // NTP 0 means that the sender has no clock (RFC 3550 section 6.4.1).
        if encoding.primary_ssrc != Some(info.ssrc) || info.ntp == 0 {
            return;
        }
        let epoch = transport.clock.sample(info.ntp, arrived_ns);
        let is_first = encoding.mapping.is_none();
        encoding.mapping = Some(SenderMapping {
            ntp: info.ntp,
            rtp_timestamp: info.rtp_timestamp,
            arrived_ns,
            epoch,
        });
        if is_first {
            let source_key = encoding.source;
            let feed = self.feed_of(source_key);
            self.arm_first_reports(feed, now_ns);
            if feed != encoding_key {
                self.arm_first_reports(encoding_key, now_ns);
            }
        }
    }

    fn on_report_block(&mut self, key: TransportKey, arrived_ns: u64, block: &ReportBlock) {
        let transport = &mut self.transports[key];
        let Some(sink_key) = transport.sink_ssrcs.get(&block.ssrc).copied() else {
            return;
        };
        let now = self.ntp.compact(arrived_ns);
        if let Some(sample_ns) = round_trip_ns(now, block.last_sr, block.delay_since_last_sr) {
            transport.on_round_trip(sample_ns);
        }
        let sink = &mut self.sinks[sink_key];
        if sink.ssrc == block.ssrc {
            sink.counters.fraction_lost = f64::from(block.fraction_lost) / 256.0;
            sink.counters.packets_lost = block.cumulative_lost;
            sink.counters.jitter_ts = block.jitter_ts;
        }
    }

    fn on_keyframe_request(&mut self, key: TransportKey, ssrc: u32, now_ns: u64) {
        if let Some(sink_key) = self.transports[key].sink_ssrcs.get(&ssrc).copied() {
            let encoding_key = self.sinks[sink_key].encoding;
            self.want_keyframe(encoding_key, now_ns);
        }
    }

    fn on_transport_feedback(&mut self, key: TransportKey, feedback: &Feedback<'_>) {
        let transport = &mut self.transports[key];
        transport
            .departures
            .acknowledge(feedback, &mut self.acknowledged);
        transport.estimator.on_feedback(&self.acknowledged);
    }
}
