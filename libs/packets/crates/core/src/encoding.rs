//! One SSRC of a published track, with its retransmissions: what arrived, what is missing, and the packets that those
//! who follow it share.

use std::sync::Arc;

use crate::cache::{MAX_PACKET_BYTES, PacketCache, Stored};
use crate::clock::{SenderMapping, later};
use crate::config::{CodecName, KeyframeFeedback, MediaKind, SourceConfig};
use crate::feedback::keyframe::KeyframeRequests;
use crate::feedback::nack::NackGenerator;
use crate::feedback::reception::Reception;
use crate::keys::{SinkKey, SourceKey};
use crate::media::{MediaPacket, begins_keyframe};
use crate::parameter_sets::ParameterSets;
use crate::stats::SourceStats;
use crate::successor::{HeldPacket, Successor};
use crate::taken::Taken;
use crate::wire::rtp::{Header, SequenceUnwrapper};

const VIDEO_CACHE_PACKETS: usize = 1024;
const AUDIO_CACHE_PACKETS: usize = 256;
pub(crate) const VIDEO_CACHE_AGE_NS: u64 = 2_000_000_000;
const AUDIO_CACHE_AGE_NS: u64 = 1_000_000_000;
/// Keeps unwrapped numbers positive when packets from before the first one arrive late.
const FIRST_BASE: i64 = 1 << 16;
/// Numbers of one encoding, in bits. No other has them: what a viewer was sent is found again by number alone.
const NUMBER_BITS: u32 = 40;
const MAX_SERIAL: u64 = 1 << (62 - NUMBER_BITS);

pub(crate) struct Encoding {
    pub(crate) source: SourceKey,
    /// What was agreed about the track.
    pub(crate) section: Arc<SourceConfig>,
    /// FIR command numbers (RFC 5104 section 4.3.1.1).
    firs_sent: u8,
    pub(crate) primary_ssrc: Option<u32>,
    pub(crate) rtx_ssrc: Option<u32>,
    successor: Option<Successor>,
    unwrapper: SequenceUnwrapper,
    base: i64,
    /// Its numbers are below this.
    end: i64,
    /// Counts SSRC changes: viewers start anew with each.
    pub(crate) epoch: u32,
    pub(crate) reception: Reception,
    cache: PacketCache,
    parameter_sets: ParameterSets,
    pub(crate) nack: NackGenerator,
    pub(crate) nack_armed_ns: Option<u64>,
    pub(crate) keyframes: KeyframeRequests,
    pub(crate) mapping: Option<SenderMapping>,
    /// Those that follow it, of its own track or of one that it replaces.
    pub(crate) sinks: Vec<SinkKey>,
    /// The highest timestamp that arrived, ...
    pub(crate) newest_timestamp: Option<u32>,
    /// ... and the highest that went on to viewers, if there were any.
    pub(crate) forwarded_timestamp: Option<u32>,
    pub(crate) is_active: bool,
    pub(crate) last_packet_ns: u64,
    /// Since the last report.
    pub(crate) interval_bytes: u64,
    pub(crate) counters: SourceStats,
}

impl Encoding {
    /// `serial` counts the encodings there ever were.
    pub(crate) fn new(source: SourceKey, serial: u64, section: Arc<SourceConfig>) -> Self {
        let (packets, age_ns) = match section.kind {
            MediaKind::Video => (VIDEO_CACHE_PACKETS, VIDEO_CACHE_AGE_NS),
            MediaKind::Audio => (AUDIO_CACHE_PACKETS, AUDIO_CACHE_AGE_NS),
        };
        let signalled = section.ssrcs.first().copied();
        let first_number = ((serial % MAX_SERIAL) << NUMBER_BITS) as i64;
        Self {
            source,
            firs_sent: 0,
            primary_ssrc: signalled.map(|(primary, _)| primary),
            rtx_ssrc: signalled.and_then(|(_, rtx)| rtx),
            successor: None,
            unwrapper: SequenceUnwrapper::new(),
            base: first_number + FIRST_BASE,
            end: first_number + (1 << NUMBER_BITS),
            epoch: 0,
            reception: Reception::default(),
            cache: PacketCache::new(packets, age_ns),
            parameter_sets: ParameterSets::new(section.parameter_sets.clone()),
            nack: NackGenerator::default(),
            nack_armed_ns: None,
            keyframes: KeyframeRequests::default(),
            mapping: None,
            sinks: Vec::new(),
            newest_timestamp: None,
            forwarded_timestamp: None,
            is_active: false,
            last_packet_ns: 0,
            interval_bytes: 0,
            counters: SourceStats::default(),
            section,
        }
    }

    /// The highest number so far.
    pub(crate) fn highest(&self) -> Option<i64> {
        self.unwrapper.highest().map(|highest| self.base + highest)
    }

    /// Takes note of a packet on another SSRC than the primary one. If that is to be followed from now on (the first
    /// one there is, or the next one after the primary fell silent), gives what it sent before. A process of this
    /// machine has one encoder a section, which is followed at once.
    pub(crate) fn on_another_ssrc(
        &mut self,
        ssrc: u32,
        packet: &[u8],
        arrived_ns: u64,
        is_local: bool,
    ) -> Option<Vec<HeldPacket>> {
        if self.next_base() + FIRST_BASE >= self.end {
            return None;
        }
        if self.primary_ssrc.is_none() || is_local {
            return Some(Vec::new());
        }
        Successor::on_packet(&mut self.successor, ssrc, packet, arrived_ns)
    }

    /// Whether anything came on the primary SSRC: another one is then a new beginning.
    pub(crate) fn has_begun(&self) -> bool {
        self.unwrapper.highest().is_some()
    }

    fn next_base(&self) -> i64 {
        ((self.highest().unwrap_or(self.base) >> 16) + 2) << 16
    }

    /// This SSRC it is: everything counted so far belongs to the one before.
    pub(crate) fn adopt_primary(&mut self, ssrc: u32) {
        let has_begun = self.has_begun();
        let next_base = self.next_base();
        self.primary_ssrc = Some(ssrc);
        self.rtx_ssrc = self
            .section
            .ssrcs
            .iter()
            .find_map(|(primary, rtx)| (*primary == ssrc).then_some(*rtx)?);
        self.keyframes = KeyframeRequests::default();
        if has_begun {
            self.base = next_base;
            self.unwrapper = SequenceUnwrapper::new();
            self.epoch += 1;
            self.reception = Reception::default();
            self.nack = NackGenerator::default();
            self.cache.clear();
            self.mapping = None;
            self.newest_timestamp = None;
            self.forwarded_timestamp = None;
        }
    }

    /// Whether an SSRC carries this stream's retransmissions: the one that was named, or else the one that answers a
    /// request (RFC 4588 section 5.3). Another stream's, beside this one, have numbers that mean something else.
    fn is_repaired_by(&self, ssrc: u32, wire: i64) -> bool {
        let is_anothers = || {
            self.section
                .ssrcs
                .iter()
                .any(|(primary, rtx)| *rtx == Some(ssrc) && self.primary_ssrc != Some(*primary))
        };
        self.rtx_ssrc == Some(ssrc) || (self.nack.is_asked_for(wire) && !is_anothers())
    }

    /// A decrypted packet on the primary SSRC.
    #[inline]
    pub(crate) fn take_primary(
        &mut self,
        header: &Header,
        packet: &[u8],
        arrived_ns: u64,
    ) -> Taken {
        self.successor = None;
        let Ok(payload) = header.payload(packet) else {
            return Taken::Refused;
        };
        let wire = self.unwrapper.peek(header.sequence_number);
        let highest_before = self.unwrapper.highest().unwrap_or(wire - 1);
        let sequence = self.base + wire;
        if self.cache.contains(sequence) {
            return Taken::Refused;
        }
        let Some(codec) = self.section.codec(header.payload_type).copied() else {
            // Comfort noise, telephone events: nothing any viewer negotiated, but part of the numbering.
            self.unwrapper.unwrap(header.sequence_number);
            self.reception.on_packet(
                wire,
                header.timestamp,
                arrived_ns,
                self.section.clock_rate_hz(),
            );
            self.note_arrival(wire, highest_before, arrived_ns);
            return self.store_empty(header, sequence, packet, arrived_ns);
        };
        self.unwrapper.unwrap(header.sequence_number);
        self.reception
            .on_packet(wire, header.timestamp, arrived_ns, codec.clock_rate_hz);
        self.note_arrival(wire, highest_before, arrived_ns);
        self.count(packet.len());
        if payload.is_empty() {
            return self.store_empty(header, sequence, packet, arrived_ns);
        }
        self.store(
            Stored::new(header, sequence, payload, arrived_ns),
            codec.name,
            packet,
        )
    }

    /// A decrypted packet on the retransmission SSRC (RFC 4588 section 4). It may bring a packet never seen before,
    /// and its timestamp may be older than anything. Gives the round trip too if this one was asked for once.
    pub(crate) fn take_retransmission(
        &mut self,
        header: &Header,
        packet: &[u8],
        arrived_ns: u64,
    ) -> (Taken, Option<u64>) {
        let refused = (Taken::Refused, None);
        let Ok(payload) = header.payload(packet) else {
            return refused;
        };
        let Some(payload_type) = self.section.repaired_payload_type(header.payload_type) else {
            return refused;
        };
        // Two bytes of original number; what has nothing more is a bandwidth probe.
        let (Some(number), true) = (packet[payload.clone()].first_chunk(), payload.len() > 2)
        else {
            return refused;
        };
        let original_number = u16::from_be_bytes(*number);
        let Some(highest) = self.unwrapper.highest() else {
            return refused;
        };
        let wire = self.unwrapper.peek(original_number);
        if !self.is_repaired_by(header.ssrc, wire) {
            return refused;
        }
        self.rtx_ssrc = Some(header.ssrc);
        self.counters.retransmissions_received += 1;
        let sequence = self.base + wire;
        let round_trip_ns = self.nack.on_repaired(wire, arrived_ns);
        if self.cache.contains(sequence) {
            return (Taken::Refused, round_trip_ns);
        }
        self.unwrapper.unwrap(original_number);
        if self.section.nack && wire > highest {
            self.nack.on_packet(wire, highest, arrived_ns);
        }
        self.count(packet.len());
        let original = Header {
            sequence_number: original_number,
            payload_type,
            ..*header
        };
        let name = self
            .section
            .codec(payload_type)
            .map_or(CodecName::Vp8, |codec| codec.name);
        let stored = Stored::new(
            &original,
            sequence,
            payload.start + 2..payload.end,
            arrived_ns,
        );
        (self.store(stored, name, packet), round_trip_ns)
    }

    fn note_arrival(&mut self, wire: i64, highest_before: i64, arrived_ns: u64) {
        if self.section.nack || self.pays_for_losses() {
            self.nack.on_packet(wire, highest_before, arrived_ns);
        }
    }

    /// With a key frame: nothing is repeated, and it can be asked for one.
    pub(crate) fn pays_for_losses(&self) -> bool {
        self.section.kind == MediaKind::Video
            && !self.section.nack
            && self.section.keyframe_feedback != KeyframeFeedback::NotOffered
    }

    /// The number of the next FIR.
    pub(crate) fn next_fir(&mut self) -> u8 {
        self.firs_sent = self.firs_sent.wrapping_add(1);
        self.firs_sent
    }

    fn count(&mut self, bytes: usize) {
        self.counters.packets_received += 1;
        self.counters.bytes_received += bytes as u64;
        self.interval_bytes += bytes as u64;
    }

    /// Remembered as well: who catches up later must not take it for a loss.
    fn store_empty(
        &mut self,
        header: &Header,
        sequence: i64,
        packet: &[u8],
        arrived_ns: u64,
    ) -> Taken {
        self.cache
            .insert(Stored::new(header, sequence, 0..0, arrived_ns), packet);
        Taken::Empty(sequence)
    }

    fn store(&mut self, mut stored: Stored, codec: CodecName, packet: &[u8]) -> Taken {
        let sequence = stored.sequence;
        self.newest_timestamp = Some(later(self.newest_timestamp, stored.timestamp));
        if packet.len() > MAX_PACKET_BYTES {
            return Taken::Refused;
        }
        if codec == CodecName::H264 {
            stored.needed = self.parameter_sets.on_packet(
                sequence,
                stored.timestamp,
                stored.payload_type,
                stored.payload(packet),
            );
        }
        if !self.cache.insert(stored, packet) {
            return Taken::Refused;
        }
        if self.highest() == Some(sequence) {
            self.counters.payload_type = Some(stored.payload_type);
        }
        if self.section.kind == MediaKind::Video
            && let Some(cached) = self.cache.get(sequence, stored.arrived_ns)
            && begins_keyframe(codec, cached.payload())
        {
            self.keyframes.on_keyframe();
            // An H.264 key frame has several beginnings (SPS, PPS, IDR): a hole before one may be another.
            if codec == CodecName::Vp8 {
                self.nack.on_keyframe(sequence - self.base);
            }
        }
        Taken::Media(sequence)
    }

    /// What came under a number, if it did and is still there.
    pub(crate) fn taken_at(&self, sequence: i64, now_ns: u64) -> Option<Taken> {
        let packet = self.cache.get(sequence, now_ns)?;
        Some(if packet.payload().is_empty() {
            Taken::Empty(sequence)
        } else {
            Taken::Media(sequence)
        })
    }

    /// The number of the first packet of the frame that `sequence` is a part of, as far as they have come.
    pub(crate) fn frame_start(&self, mut sequence: i64, now_ns: u64) -> i64 {
        let timestamp_of = |sequence| {
            let packet = self.cache.get(sequence, now_ns)?;
            (!packet.payload().is_empty()).then_some(packet.stored.timestamp)
        };
        let timestamp = timestamp_of(sequence);
        while timestamp.is_some() && timestamp_of(sequence - 1) == timestamp {
            sequence -= 1;
        }
        sequence
    }

    /// A stored packet, ready to be rewritten for viewers.
    #[inline]
    pub(crate) fn media(&self, sequence: i64, now_ns: u64) -> Option<MediaPacket<'_>> {
        let packet = self.cache.get(sequence, now_ns)?;
        if packet.payload().is_empty() {
            return None;
        }
        let codec = self.section.codec(packet.stored.payload_type)?.name;
        Some(MediaPacket::read(
            packet,
            codec,
            self.epoch,
            &self.section.extensions,
            packet
                .stored
                .needed
                .and_then(|needed| self.parameter_sets.preface(needed)),
        ))
    }
}
