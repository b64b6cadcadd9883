//! RTP from publishers: decrypted, assigned to a source, and queued for its viewers.

use std::net::SocketAddr;

use super::Engine;
use super::fanout::Pending;
use crate::config::MediaKind;
use crate::keys::{EncodingKey, TransportKey};
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
        key: TransportKey,
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
            Some(SsrcUse::Primary(encoding)) => {
                self.on_primary(encoding, now_ns, arrived_ns, &header, packet)
            }
            Some(SsrcUse::Retransmission(encoding)) => {
                self.on_retransmission(encoding, now_ns, arrived_ns, &header, packet)
            }
            // Probes before media, or a section nobody added: counted for bandwidth feedback, no more.
            None => {}
        }
    }

    fn note_transport_sequence(
        &mut self,
        key: TransportKey,
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
                        Timer::Feedback(key),
                    );
                }
                return;
            }
        }
    }

    /// Which section an SSRC nobody announced belongs to: by its `mid` extension, else by a payload type that only
    /// one section uses (RFC 8843 section 9.2).
    fn learn_ssrc(&mut self, key: TransportKey, header: &Header, packet: &[u8]) -> Option<SsrcUse> {
        let transport = &self.transports[key];
        if !transport.may_learn_ssrc() {
            return None;
        }
        let has_mid = |source: &Source| {
            let id = source.section.extensions.id(ExtensionKind::Mid)?;
            header.extensions(packet).find(id)
        };
        let mut by_payload_type = None;
        let mut by_mid = None;
        let mut is_named = false;
        for source_key in &transport.sources {
            let source = &self.sources[*source_key];
            let section = &source.section;
            let used_for = if section.codec(header.payload_type).is_some() {
                SsrcUse::Primary(source.encoding)
            } else if section.repaired_payload_type(header.payload_type).is_some() {
                SsrcUse::Retransmission(source.encoding)
            } else {
                continue;
            };
            match has_mid(source) {
                Some(mid) if mid == section.mid.as_bytes() => by_mid = Some(used_for),
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
        encoding_key: EncodingKey,
        now_ns: u64,
        arrived_ns: u64,
        header: &Header,
        packet: &[u8],
    ) {
        let encoding = &mut self.encodings[encoding_key];
        if encoding.primary_ssrc == Some(header.ssrc) {
            let taken = encoding.take_primary(header, packet, arrived_ns);
            self.queue(encoding_key, taken, now_ns);
            return;
        }
        let is_local = self.transports[self.sources[encoding.source].transport].is_local();
        if let Some(mut packets) =
            encoding.on_another_ssrc(header.ssrc, packet, arrived_ns, is_local)
        {
            packets.push((packet.to_vec(), arrived_ns));
            self.adopt(encoding_key, now_ns, header.ssrc, packets);
        }
    }

    /// The encoding goes on with another SSRC, or begins with one that nobody announced.
    fn adopt(
        &mut self,
        encoding_key: EncodingKey,
        now_ns: u64,
        ssrc: u32,
        packets: Vec<HeldPacket>,
    ) {
        let encoding = &self.encodings[encoding_key];
        let (source_key, restarts) = (encoding.source, encoding.has_begun());
        if restarts {
            self.before_restart(source_key, now_ns);
        }
        self.encodings[encoding_key].adopt_primary(ssrc);
        if restarts {
            self.after_restart(source_key, now_ns);
        }
        let encoding = &mut self.encodings[encoding_key];
        if restarts && encoding.section.kind == MediaKind::Video && !encoding.sinks.is_empty() {
            // Answered by a key frame among the packets, if there is one.
            encoding.keyframes.insist();
        }
        for (packet, arrived_ns) in packets {
            if let Ok(header) = Header::parse(&packet) {
                let encoding = &mut self.encodings[encoding_key];
                let taken = encoding.take_primary(&header, &packet, arrived_ns);
                self.queue(encoding_key, taken, now_ns);
            }
        }
        self.request_keyframe_if_due(encoding_key, now_ns);
    }

    fn on_retransmission(
        &mut self,
        encoding_key: EncodingKey,
        now_ns: u64,
        arrived_ns: u64,
        header: &Header,
        packet: &[u8],
    ) {
        let encoding = &mut self.encodings[encoding_key];
        let (taken, round_trip_ns) = encoding.take_retransmission(header, packet, arrived_ns);
        if let Some(sample_ns) = round_trip_ns {
            let transport_key = self.sources[encoding.source].transport;
            self.transports[transport_key].on_round_trip(sample_ns);
        }
        self.queue(encoding_key, taken, now_ns);
    }

    /// Forwarding waits for the end of the batch: the packets of one frame are then encrypted viewer by viewer.
    fn queue(&mut self, encoding_key: EncodingKey, taken: Taken, now_ns: u64) {
        if taken == Taken::Refused {
            return;
        }
        let encoding = &mut self.encodings[encoding_key];
        encoding.last_packet_ns = now_ns;
        self.pending.push(Pending {
            is_audio: encoding.section.kind == MediaKind::Audio,
            encoding_key,
            taken,
            is_again: false,
        });
        self.arm_nack(encoding_key);
    }

    pub(super) fn arm_nack(&mut self, encoding_key: EncodingKey) {
        let encoding = &mut self.encodings[encoding_key];
        if let Some(deadline_ns) = encoding.nack.deadline_ns()
            && encoding
                .nack_armed_ns
                .is_none_or(|armed_ns| deadline_ns < armed_ns)
        {
            encoding.nack_armed_ns = Some(deadline_ns);
            self.timers.arm(deadline_ns, Timer::Nack(encoding_key));
        }
    }
}
