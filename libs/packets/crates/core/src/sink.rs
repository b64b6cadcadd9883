//! One viewer of one track: its own SSRC, numbering, clock offset and extension ids, and what it was sent.

mod codecs;
mod preface_pace;
mod write;

use crate::arena::Arena;
use crate::config::{MediaKind, SinkConfig};
use crate::history::{Form, Sent, SentHistory};
use crate::keys::{EncodingKey, SourceKey, TransportKey};
use crate::media::{MediaPacket, PASSED};
use crate::picture::PictureMap;
use crate::random::Random;
use crate::role::Role;
use crate::sequence::SequenceMap;
use crate::stats::SinkStats;
use crate::transport::Transport;
use crate::wire::extensions::ExtensionKind;
use codecs::Codecs;
use preface_pace::PrefacePace;

const VIDEO_HISTORY_PACKETS: usize = 1024;
const AUDIO_HISTORY_PACKETS: usize = 256;
/// Fixed header and the largest extension block we write.
pub(crate) const MAX_HEADER_BYTES: usize = 1024;
/// Retransmission interval while the round trip is not known.
const DEFAULT_ROUND_TRIP_NS: u64 = 60_000_000;
const MIN_ROUND_TRIP_NS: u64 = 10_000_000;

/// Where rewritten packets go, and what all packets of this moment share.
pub(crate) struct Egress<'a> {
    pub(crate) arena: &'a mut Arena,
    pub(crate) header: &'a mut [u8],
    pub(crate) now_ns: u64,
    pub(crate) abs_send_time: [u8; 3],
}

/// What forwarding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwarded {
    /// Nothing was sent: paused, not connected, waiting for a key frame, or not for this viewer.
    Nothing,
    Sent,
    /// Sent, and with it the stream began or went on.
    Began,
}

/// Whether packets go on to the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// Not wanted.
    Paused,
    /// From the next key frame on; audio from the next packet on.
    Waiting,
    Open,
}

pub(crate) struct Sink {
    pub(crate) id: u64,
    pub(crate) transport: TransportKey,
    /// What it was added for.
    pub(crate) home: SourceKey,
    /// What it gets: an encoding of that, or of its replacement.
    pub(crate) encoding: EncodingKey,
    /// What it got before: packets of it may be asked for again. May be gone.
    former_encoding: EncodingKey,
    pub(crate) role: Role,
    pub(crate) kind: MediaKind,
    pub(crate) ssrc: u32,
    pub(crate) cname: Vec<u8>,
    codecs: Codecs,
    rtx_ssrc: Option<u32>,
    mid: Vec<u8>,
    mid_id: u8,
    abs_send_time_id: u8,
    transport_cc_id: u8,
    /// Ids for `PASSED`, 0 where the viewer has none.
    passed_ids: [u8; PASSED.len()],
    /// It takes both forms of header extensions in one stream.
    mixes_extensions: bool,
    answers_nack: bool,
    flow: Flow,
    has_started: bool,
    /// A sender report has gone out.
    pub(crate) has_reported: bool,
    /// The encoding's epoch whose clock `timestamp_offset` is about.
    epoch: Option<u32>,
    sequences: SequenceMap,
    pictures: PictureMap,
    preface_pace: PrefacePace,
    pub(crate) timestamp_offset: u32,
    last_timestamp: u32,
    last_arrived_ns: u64,
    last_marker: bool,
    history: SentHistory,
    rtx_sequence: i64,
    pub(crate) counters: SinkStats,
}

impl Sink {
    /// For `home`, of which it follows `encoding`. The streams begin at random numbers.
    pub(crate) fn new(
        id: u64,
        transport: TransportKey,
        role: Role,
        home: SourceKey,
        encoding: EncodingKey,
        config: SinkConfig,
        random: &mut Random,
    ) -> Self {
        let id_of = |kind| config.extensions.id(kind).unwrap_or(0);
        let answers_nack = config.nack && role.treatment().loses_packets;
        let history = match (answers_nack, config.kind) {
            (false, _) => 0,
            (true, MediaKind::Video) => VIDEO_HISTORY_PACKETS,
            (true, MediaKind::Audio) => AUDIO_HISTORY_PACKETS,
        };
        Self {
            id,
            transport,
            home,
            encoding,
            former_encoding: encoding,
            role,
            kind: config.kind,
            ssrc: config.ssrc,
            rtx_ssrc: config.rtx_ssrc,
            mid_id: if config.mid.is_empty() {
                0
            } else {
                id_of(ExtensionKind::Mid)
            },
            abs_send_time_id: id_of(ExtensionKind::AbsSendTime),
            transport_cc_id: if config.transport_cc {
                id_of(ExtensionKind::TransportWideCc)
            } else {
                0
            },
            passed_ids: PASSED.map(id_of),
            mixes_extensions: config.mixed_extensions,
            cname: config.cname.into_bytes(),
            mid: config.mid.into_bytes(),
            codecs: Codecs::new(config.codec, config.alternatives),
            answers_nack,
            flow: Flow::Waiting,
            has_started: false,
            has_reported: false,
            epoch: None,
            sequences: SequenceMap::new(random.first_sequence()),
            pictures: PictureMap::default(),
            preface_pace: PrefacePace::default(),
            timestamp_offset: 0,
            last_timestamp: 0,
            last_arrived_ns: 0,
            last_marker: true,
            history: SentHistory::new(history),
            rtx_sequence: random.first_sequence(),
            counters: SinkStats::default(),
        }
    }

    /// SSRCs that feedback may name.
    pub(crate) fn ssrcs(&self) -> impl Iterator<Item = u32> {
        [Some(self.ssrc), self.rtx_ssrc].into_iter().flatten()
    }

    /// Video that cannot go on without a key frame.
    pub(crate) fn waits_for_keyframe(&self) -> bool {
        self.kind == MediaKind::Video && self.flow == Flow::Waiting
    }

    /// Whether anything was ever sent.
    pub(crate) fn has_started(&self) -> bool {
        self.has_started
    }

    /// Whether its timestamps are on the clock of its encoding, which is in this epoch.
    pub(crate) fn is_in_step_with(&self, epoch: u32) -> bool {
        self.epoch == Some(epoch)
    }

    /// Gets another encoding from now on, from a key frame of that. `epoch` is that encoding's if it has the clock of the
    /// one before: timestamps then go on as they are.
    pub(crate) fn follow(&mut self, encoding: EncodingKey, epoch: Option<u32>) {
        self.former_encoding = self.encoding;
        self.encoding = encoding;
        self.epoch = epoch;
        self.close();
    }

    /// Gets nothing until the next key frame.
    pub(crate) fn close(&mut self) {
        if self.flow == Flow::Open {
            self.flow = Flow::Waiting;
        }
    }

    /// Whose packets it was sent lately.
    pub(crate) fn encodings(&self) -> [EncodingKey; 2] {
        [self.encoding, self.former_encoding]
    }

    pub(crate) fn clock_rate_hz(&self) -> u32 {
        self.codecs.current().clock_rate_hz
    }

    pub(crate) fn pause(&mut self, paused: bool) {
        if paused {
            self.flow = Flow::Paused;
        } else if self.flow == Flow::Paused {
            self.flow = Flow::Waiting;
        }
    }

    /// Sends one packet of the source in this viewer's terms; with a byte of padding if that makes it as long as the next.
    #[inline]
    pub(crate) fn forward(
        &mut self,
        packet: &MediaPacket<'_>,
        is_padded: bool,
        transport: &mut Transport,
        egress: &mut Egress<'_>,
    ) -> Forwarded {
        if self.flow == Flow::Paused || !transport.is_ready() {
            return Forwarded::Nothing;
        }
        if !self.codecs.are_for(packet) && !self.change_codec(packet) {
            return Forwarded::Nothing;
        }
        if !self.is_in_step_with(packet.epoch) {
            self.flow = Flow::Waiting;
        }
        let mut outcome = Forwarded::Sent;
        if self.flow != Flow::Open {
            if self.kind == MediaKind::Video && !packet.begins_keyframe {
                return Forwarded::Nothing;
            }
            self.open(packet);
            outcome = Forwarded::Began;
        }
        if packet.has_preface() {
            self.send_preface(packet, outcome == Forwarded::Began, transport, egress);
        }
        let Some(sequence) = self.sequences.map(packet.sequence) else {
            return Forwarded::Nothing;
        };
        let form = if is_padded { Form::Padded } else { Form::Plain };
        match self.send(packet, form, sequence, transport, egress) {
            Some(()) => outcome,
            None => Forwarded::Nothing,
        }
    }

    /// False: the packet cannot leave, since the viewer was answered nothing of the kind, or has to wait for a key frame.
    #[cold]
    fn change_codec(&mut self, packet: &MediaPacket<'_>) -> bool {
        let Some(codec) = self.codecs.choose(packet) else {
            self.counters.codec_mismatches += 1;
            self.skip(packet.sequence, packet.epoch);
            return false;
        };
        if codec != *self.codecs.current()
            && self.kind == MediaKind::Video
            && self.flow == Flow::Open
        {
            // Another codec begins with a key frame. What else has it came before that, or was left over.
            if !packet.begins_keyframe || !self.sequences.is_newer(packet.sequence) {
                return false;
            }
            self.flow = Flow::Waiting;
        }
        self.codecs.change(packet, codec);
        true
    }

    /// The parameter sets that the key frame which begins in `packet` does not bring itself.
    #[cold]
    fn send_preface(
        &mut self,
        packet: &MediaPacket<'_>,
        begins: bool,
        transport: &mut Transport,
        egress: &mut Egress<'_>,
    ) {
        if let Some(preface) = packet.preface(begins)
            && self.sequences.is_newer(packet.sequence)
            && self
                .preface_pace
                .admits(packet.timestamp, begins, egress.now_ns)
            && let Some(sequence) = self.sequences.insert_before(packet.sequence)
        {
            self.send(&preface, Form::Preface, sequence, transport, egress);
        }
    }

    /// Sends a packet under this number; `None` if it cannot be sent.
    #[inline]
    fn send(
        &mut self,
        packet: &MediaPacket<'_>,
        form: Form,
        sequence: i64,
        transport: &mut Transport,
        egress: &mut Egress<'_>,
    ) -> Option<()> {
        let (picture_id, tl0_pic_idx) = packet
            .descriptor
            .as_ref()
            .map_or((0, 0), |descriptor| self.pictures.map(descriptor));
        let mut sent = Sent {
            source_sequence: packet.sequence,
            sequence: sequence as u32,
            timestamp: packet.timestamp.wrapping_add(self.timestamp_offset),
            sent_us: (egress.now_ns / 1000) as u32,
            picture_id,
            tl0_pic_idx,
            abs_send_time: egress.abs_send_time,
            form,
            ..Sent::default()
        };
        if self.transport_cc_id != 0 {
            sent.transport_sequence = transport.departures.number(packet.payload.len());
        }
        if sequence == self.sequences.last_out() {
            self.last_timestamp = sent.timestamp;
            self.last_arrived_ns = packet.arrived_ns;
            self.last_marker = packet.marker;
        }
        let fields = self.fields(packet, &sent, sequence);
        let roc = (sequence >> 16) as u32;
        let bytes = self.write(&fields, &[], packet, &sent, roc, transport, egress)?;
        self.history.push(sent);
        transport.earn(bytes);
        self.has_started = true;
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += packet.payload.len() as u64;
        Some(())
    }

    /// The stream begins, or goes on after a pause or under a new SSRC of the source.
    fn open(&mut self, packet: &MediaPacket<'_>) {
        if self.has_started
            && self.role.treatment().keeps_its_clock
            && !self.is_in_step_with(packet.epoch)
        {
            // Another time base: go on as much later as the packet came later, one tick at least.
            let elapsed_ns = packet.arrived_ns.saturating_sub(self.last_arrived_ns);
            let ticks = (u128::from(elapsed_ns) * u128::from(self.codecs.current().clock_rate_hz)
                / 1_000_000_000)
                .max(1) as u32;
            self.timestamp_offset = self
                .last_timestamp
                .wrapping_add(ticks)
                .wrapping_sub(packet.timestamp);
        }
        let was_cut = self.kind == MediaKind::Video && self.has_started && !self.last_marker;
        self.sequences.restart(packet.sequence, was_cut);
        if let Some(descriptor) = &packet.descriptor {
            self.pictures.restart(descriptor);
        }
        self.epoch = Some(packet.epoch);
        self.flow = Flow::Open;
    }

    /// A source packet with nothing in it for this viewer: close the gap. False if later packets are out already.
    /// What comes under a new SSRC before its first media leaves none: numbers begin anew with that.
    pub(crate) fn skip(&mut self, source_sequence: i64, epoch: u32) -> bool {
        self.flow != Flow::Open
            || !self.is_in_step_with(epoch)
            || self.sequences.drop_packet(source_sequence)
    }

    /// Answers one entry of a NACK, if it may be and the viewer's budget allows: gives the source's number to look up.
    pub(crate) fn claim_retransmission(
        &mut self,
        wire_sequence: u16,
        transport: &Transport,
        now_ns: u64,
    ) -> Option<Sent> {
        if !self.answers_nack || !self.has_started {
            return None;
        }
        let round_trip_ns = transport
            .round_trip_ns
            .unwrap_or(DEFAULT_ROUND_TRIP_NS)
            .max(MIN_ROUND_TRIP_NS);
        let newest = self.sequences.last_out() as u32;
        self.history.take(
            wire_sequence,
            newest,
            (now_ns / 1000) as u32,
            (round_trip_ns / 1000) as u32,
        )
    }
}
