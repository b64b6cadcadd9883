//! RTP from publishers: decrypted, assigned to a source, and queued for its viewers.

use std::net::SocketAddr;

use super::Engine;
use super::fanout::Pending;
use crate::config::MediaKind;
use crate::source::Source;
use crate::successor::HeldPacket;
use crate::taken::Taken;
use crate::timer::Timer;
use crate::transport::SsrcUse;
use crate::wire::extensions::{ExtensionKind, transport_sequence};
use crate::wire::rtp::Header;

const FEEDBACK_INTERVAL_NS: u64 = 50_000_000;
const FEEDBACK_GRID_NS: u64 = 10_000_000;

impl Engine {
    pub(super) fn on_rtp(
        &mut self,
        key: usize,
        now_ns: u64,
        arrived_ns: u64,
        remote: Option<SocketAddr>,
        datagram: &mut [u8],
    ) {
        let transport = &mut self.transports[key];
        let wire_bytes = datagram.len() as u64;
        let Some(opened) = transport.open_rtp(datagram) else {
            return;
        };
        let plain = opened.ok().and_then(|len| {
            let packet = &datagram[..len];
            Some((Header::parse(packet).ok()?, packet))
        });
        let Some((header, packet)) = plain else {
            transport.counters.srtp_failures += 1;
            return;
        };
        if self.panic_on_ssrc == Some(header.ssrc) {
            panic!("asked for by a test");
        }
        self.counters.packets_received += 1;
        transport.on_opened(wire_bytes, remote, now_ns);
        self.note_transport_sequence(key, now_ns, arrived_ns, &header, packet);

        let used_for = match self.transports[key].ssrc_uses.get(&header.ssrc) {
            Some(used_for) => Some(*used_for),
            None => self.learn_ssrc(key, &header, packet),
        };
        match used_for {
            Some(SsrcUse::Primary(source)) => {
                self.on_primary(source, now_ns, arrived_ns, &header, packet)
            }
            Some(SsrcUse::Retransmission(source)) => {
                self.on_retransmission(source, now_ns, arrived_ns, &header, packet)
            }
            // Probes before media, or a section nobody added: counted for bandwidth feedback, no more.
            None => {}
        }
    }

    fn note_transport_sequence(
        &mut self,
        key: usize,
        now_ns: u64,
        arrived_ns: u64,
        header: &Header,
        packet: &[u8],
    ) {
        let transport = &mut self.transports[key];
        for id in &transport.transport_cc_ids {
            if let Some(sequence) = header
                .extensions(packet)
                .find(*id)
                .and_then(transport_sequence)
            {
                transport.media_ssrc = Some(header.ssrc);
                if transport.arrivals.push(sequence, arrived_ns) {
                    self.timers.arm_on_grid(
                        now_ns + FEEDBACK_INTERVAL_NS,
                        FEEDBACK_GRID_NS,
                        Timer::Feedback(transport.id),
                    );
                }
                return;
            }
        }
    }

    /// Which section an SSRC nobody announced belongs to: by its `mid` extension, else by a payload type that only
    /// one section uses (RFC 8843 section 9.2).
    fn learn_ssrc(&mut self, key: usize, header: &Header, packet: &[u8]) -> Option<SsrcUse> {
        let transport = &self.transports[key];
        if !transport.may_learn_ssrc() {
            return None;
        }
        let has_mid = |source: &Source| {
            let id = source.extensions.id(ExtensionKind::Mid)?;
            header.extensions(packet).find(id)
        };
        let mut by_payload_type = None;
        let mut by_mid = None;
        let mut is_named = false;
        for source_key in &transport.sources {
            let source = &self.sources[*source_key];
            let used_for = if source.codec(header.payload_type).is_some() {
                SsrcUse::Primary(*source_key)
            } else if source.repaired_payload_type(header.payload_type).is_some() {
                SsrcUse::Retransmission(*source_key)
            } else {
                continue;
            };
            match has_mid(source) {
                Some(mid) if mid == source.mid => by_mid = Some(used_for),
                Some(_) => is_named = true,
                None => {
                    by_payload_type = if by_payload_type.is_none() {
                        Some(Some(used_for))
                    } else {
                        Some(None)
                    }
                }
            }
        }
        let used_for = by_mid.or(if is_named {
            None
        } else {
            by_payload_type.flatten()
        })?;
        self.transports[key].ssrc_uses.insert(header.ssrc, used_for);
        Some(used_for)
    }

    fn on_primary(
        &mut self,
        source_key: usize,
        now_ns: u64,
        arrived_ns: u64,
        header: &Header,
        packet: &[u8],
    ) {
        let source = &mut self.sources[source_key];
        if source.primary_ssrc == Some(header.ssrc) {
            let taken = source.take_primary(header, packet, arrived_ns);
            self.queue(source_key, taken, now_ns);
            return;
        }
        let is_local = self.transports[source.transport].is_local();
        if let Some(mut packets) = source.hear_another(header.ssrc, packet, arrived_ns, is_local) {
            packets.push((packet.to_vec(), arrived_ns));
            self.follow(source_key, now_ns, header.ssrc, packets);
        }
    }

    /// The source goes on with another SSRC, or begins with one that nobody announced.
    fn follow(&mut self, source_key: usize, now_ns: u64, ssrc: u32, packets: Vec<HeldPacket>) {
        let restarts = self.sources[source_key].has_begun();
        if restarts {
            self.before_restart(source_key, now_ns);
        }
        self.sources[source_key].adopt_primary(ssrc);
        if restarts {
            self.after_restart(source_key, now_ns);
        }
        let source = &mut self.sources[source_key];
        if restarts && source.kind == MediaKind::Video && !source.sinks.is_empty() {
            // Answered by a key frame among the packets, if there is one.
            source.keyframes.insist();
        }
        for (packet, arrived_ns) in packets {
            if let Ok(header) = Header::parse(&packet) {
                let taken = self.sources[source_key].take_primary(&header, &packet, arrived_ns);
                self.queue(source_key, taken, now_ns);
            }
        }
        self.request_keyframe_if_due(source_key, now_ns);
    }

    fn on_retransmission(
        &mut self,
        source_key: usize,
        now_ns: u64,
        arrived_ns: u64,
        header: &Header,
        packet: &[u8],
    ) {
        let source = &mut self.sources[source_key];
        let (taken, round_trip_ns) = source.take_retransmission(header, packet, arrived_ns);
        if let Some(sample_ns) = round_trip_ns {
            self.transports[source.transport].on_round_trip(sample_ns);
        }
        self.queue(source_key, taken, now_ns);
    }

    /// Forwarding waits for the end of the batch: the packets of one frame are then encrypted viewer by viewer.
    fn queue(&mut self, source_key: usize, taken: Taken, now_ns: u64) {
        if taken == Taken::Refused {
            return;
        }
        let source = &mut self.sources[source_key];
        source.last_packet_ns = now_ns;
        self.pending.push(Pending {
            is_audio: source.kind == MediaKind::Audio,
            source_key,
            source_id: source.id,
            taken,
            is_again: false,
        });
        self.arm_nack(source_key);
    }

    pub(super) fn arm_nack(&mut self, source_key: usize) {
        let source = &mut self.sources[source_key];
        if let Some(deadline_ns) = source.nack.deadline_ns()
            && source
                .nack_armed_ns
                .is_none_or(|armed_ns| deadline_ns < armed_ns)
        {
            source.nack_armed_ns = Some(deadline_ns);
            self.timers.arm(deadline_ns, Timer::Nack(source.id));
        }
    }
}
