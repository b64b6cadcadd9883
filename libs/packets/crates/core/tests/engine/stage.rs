//! A camera, a viewer, and a transcoder between them: it takes the camera's packets from a local transport and gives its
//! own pictures back, later and under the same timestamps.

use std::collections::BTreeMap;

use salon_packets_core::command::Command;
use salon_packets_core::config::{Codec, CodecName, SinkConfig, SourceConfig};
use salon_packets_core::event::{Event, SwitchBackReason};
use salon_packets_core::wire::rtp::HeaderFields;

use crate::support::*;

pub const FRAME_NS: u64 = 33 * MS;
/// Ticks of the media clock in one frame.
pub const FRAME_TICKS: u32 = 3000;
/// How long a lost packet takes to come after all.
const REPAIR_NS: u64 = 25 * MS;
pub const REPLACEMENT_SSRC: u32 = 5000;
pub const H264: Codec = Codec {
    name: CodecName::H264,
    payload_type: 102,
    clock_rate_hz: 90_000,
    rtx_payload_type: Some(103),
};

/// Who made a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Maker {
    Camera = 1,
    Transcoder = 2,
}

/// Makes frames of either codec whose packets say who made them and where in the frame they are.
pub struct Encoder {
    pub ssrc: u32,
    pub codec: Codec,
    pub sequence: u16,
    pub picture: u16,
    pub maker: Maker,
}

impl Encoder {
    pub fn camera(codec: Codec) -> Self {
        Self {
            ssrc: 1000,
            codec,
            // Both wrap soon.
            sequence: 65_500,
            picture: 0x7ff0,
            maker: Maker::Camera,
        }
    }

    pub fn transcoder(codec: Codec) -> Self {
        Self {
            ssrc: REPLACEMENT_SSRC,
            codec,
            sequence: 30,
            picture: 77,
            maker: Maker::Transcoder,
        }
    }

    pub fn frame(&mut self, timestamp: u32, is_key: bool, count: u8) -> Vec<Vec<u8>> {
        let packets = (0..count).map(|place| {
            let fields = HeaderFields {
                marker: place + 1 == count,
                has_padding: false,
                payload_type: self.codec.payload_type,
                sequence_number: self.sequence.wrapping_add(u16::from(place)),
                timestamp,
                ssrc: self.ssrc,
            };
            let mut payload = match self.codec.name {
                CodecName::H264 => match (is_key, place) {
                    (true, 0) => vec![0x67, 1],
                    (true, 1) => vec![0x68, 1],
                    (true, _) => vec![0x65, 1],
                    (false, _) => vec![0x41, 1],
                },
                _ => {
                    let start = if place == 0 { 0x10 } else { 0 };
                    let [high, low] = self.picture.to_be_bytes();
                    let tag = u8::from(!is_key);
                    vec![0x80 | start, 0xc0, 0x80 | high, low, low, tag, 0, 0]
                }
            };
            payload.extend([self.maker as u8, u8::from(is_key), place]);
            packet(&fields, &[], &payload)
        });
        let packets = packets.collect();
        self.sequence = self.sequence.wrapping_add(u16::from(count));
        self.picture = (self.picture + 1) & 0x7fff;
        packets
    }
}

/// A packet as the viewer got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    pub maker: Maker,
    pub is_key: bool,
    pub place: u8,
    /// VP8 only.
    pub picture: u16,
}

impl Seen {
    pub fn of(packet: &Rtp) -> Self {
        let payload = packet.payload();
        let &[.., maker, is_key, place] = payload else {
            panic!("{payload:?}");
        };
        Self {
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            maker: if maker == 1 {
                Maker::Camera
            } else {
                Maker::Transcoder
            },
            is_key: is_key == 1,
            place,
            picture: match payload.len() {
                11 => u16::from_be_bytes([payload[2] & 0x7f, payload[3]]),
                _ => 0,
            },
        }
    }
}

pub fn source_of(codec: Codec, ssrc: u32) -> SourceConfig {
    SourceConfig {
        codecs: vec![codec],
        ssrcs: vec![(ssrc, Some(ssrc + 1))],
        transport_cc: false,
        ..video_source()
    }
}

pub fn sink_of(codec: Codec) -> SinkConfig {
    SinkConfig {
        codec,
        ..video_sink()
    }
}

pub struct Stage {
    pub world: World,
    pub publisher: Peer,
    pub source: u64,
    pub link: u64,
    pub replacement: u64,
    pub viewer: Peer,
    pub sink: u64,
    pub camera: Encoder,
    pub transcoder: Encoder,
    pub timestamp: u32,
    pub lag_ns: u64,
    pub loss_percent: u64,
    /// The transcoder returns nothing.
    pub is_mute: bool,
    pub camera_owes_key: bool,
    pub transcoder_owes_key: bool,
    next_frame_ns: u64,
    late: Vec<(u64, Vec<u8>)>,
    /// Of the camera at the transcoder, by unwrapped number: timestamp, and whether a frame ends there.
    local: BTreeMap<i64, (u32, bool)>,
    next_local: Option<i64>,
    due: Vec<(u64, u32)>,
    dice: Dice,
    pub seen: Vec<Seen>,
    pub viewer_rtcp: Vec<Vec<u8>>,
    /// All that the transcoder got, in order of arrival.
    pub local_numbers: Vec<u16>,
}

impl Stage {
    pub fn new(codec: Codec, lag_ms: u64) -> Self {
        let mut world = World::new();
        let (publisher, source) = world.publisher(source_of(codec, 1000));
        let (viewer, sink) = world.viewer(source, sink_of(codec));
        let link = world.link();
        world.add_local_sink(
            link,
            source,
            SinkConfig {
                ssrc: 4000,
                rtx_ssrc: None,
                nack: false,
                ..sink_of(codec)
            },
        );
        let mut config = source_of(codec, REPLACEMENT_SSRC);
        config.nack = false;
        let replacement = world.add_local_source(link, config);
        let next_frame_ns = world.now_ns;
        Self {
            world,
            publisher,
            source,
            link,
            replacement,
            viewer,
            sink,
            camera: Encoder::camera(codec),
            transcoder: Encoder::transcoder(codec),
            timestamp: u32::MAX - 20 * FRAME_TICKS,
            lag_ns: lag_ms * MS,
            loss_percent: 0,
            is_mute: false,
            camera_owes_key: true,
            transcoder_owes_key: true,
            next_frame_ns,
            late: Vec::new(),
            local: BTreeMap::new(),
            next_local: None,
            due: Vec::new(),
            dice: Dice(11),
            seen: Vec::new(),
            viewer_rtcp: Vec::new(),
            local_numbers: Vec::new(),
        }
    }

    /// Lets `frames` frames' time pass.
    pub fn run(&mut self, frames: u64) {
        for _ in 0..frames * FRAME_NS / MS {
            self.step();
        }
    }

    /// No frame is filmed for so long.
    pub fn pause_camera(&mut self, duration_ns: u64) {
        self.next_frame_ns += duration_ns;
    }

    /// Until this has happened; a second is enough for anything.
    pub fn run_until(&mut self, event: &Event) {
        let end_ns = self.world.now_ns + SECOND;
        while !self.world.events.contains(event) {
            assert!(
                self.world.now_ns < end_ns,
                "{event:?} is not among {:?}",
                self.world.events
            );
            self.step();
        }
    }

    /// One millisecond.
    pub fn step(&mut self) {
        let now_ns = self.world.now_ns;
        if self.next_frame_ns <= now_ns {
            self.next_frame_ns += FRAME_NS;
            self.film();
        }
        let (ready, late) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(at_ns, _)| *at_ns <= now_ns);
        self.late = late;
        for (_, packet) in ready {
            self.world.send_rtp(&mut self.publisher, &packet);
        }
        self.listen();
        let (ready, due): (Vec<_>, Vec<_>) = std::mem::take(&mut self.due)
            .into_iter()
            .partition(|(at_ns, _)| *at_ns <= now_ns);
        self.due = due;
        for (_, timestamp) in ready {
            self.return_picture(timestamp);
        }
        self.world.advance(MS);
        let rtcp = self.world.take_rtcp(&mut self.publisher);
        self.camera_owes_key |= plis(&rtcp).contains(&self.camera.ssrc);
        let (received, rtcp) = self.world.take(&mut self.viewer);
        self.seen.extend(received.iter().map(Seen::of));
        self.viewer_rtcp.extend(rtcp);
    }

    /// The camera's next frame; a lost packet comes a little later, on the retransmission stream.
    fn film(&mut self) {
        let count = if self.camera_owes_key { 6 } else { 3 };
        let is_key = std::mem::take(&mut self.camera_owes_key);
        let packets = self.camera.frame(self.timestamp, is_key, count);
        self.timestamp = self.timestamp.wrapping_add(FRAME_TICKS);
        for packet in packets {
            // The first packets carry the beginning nobody could ask for.
            if !self.seen.is_empty() && self.dice.hits(self.loss_percent) {
                let at_ns = self.world.now_ns + REPAIR_NS;
                let repair = self.retransmission(&packet);
                self.late.push((at_ns, repair));
            } else {
                self.world.send_rtp(&mut self.publisher, &packet);
            }
        }
    }

    fn retransmission(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut repair = packet.to_vec();
        repair[1] = repair[1] & 0x80 | self.camera.codec.rtx_payload_type.unwrap();
        repair[8..12].copy_from_slice(&1001u32.to_be_bytes());
        repair.splice(12..12, [packet[2], packet[3]]);
        repair
    }

    /// What the transcoder hears: whole frames, in order, are pictures that it returns later.
    fn listen(&mut self) {
        let (rtp, rtcp) = self.world.take_local(self.link);
        self.transcoder_owes_key |= plis(&rtcp).contains(&REPLACEMENT_SSRC);
        for packet in rtp {
            let number = packet.header.sequence_number;
            self.local_numbers.push(number);
            let next = *self.next_local.get_or_insert(i64::from(number));
            let unwrapped = next + i64::from(number.wrapping_sub(next as u16) as i16);
            self.local
                .insert(unwrapped, (packet.header.timestamp, packet.header.marker));
        }
        while let Some(next) = self.next_local
            && let Some((timestamp, ends)) = self.local.remove(&next)
        {
            self.next_local = Some(next + 1);
            if ends {
                self.due.push((self.world.now_ns + self.lag_ns, timestamp));
            }
        }
    }

    fn return_picture(&mut self, timestamp: u32) {
        if self.is_mute {
            return;
        }
        let is_key = std::mem::take(&mut self.transcoder_owes_key);
        let count = if is_key { 5 } else { 2 };
        for packet in self.transcoder.frame(timestamp, is_key, count) {
            self.world.deliver_local(self.link, &packet);
        }
    }

    pub fn switch_to(&mut self) {
        let (source, replacement) = (self.source, self.replacement);
        self.world.command(Command::SwitchTo {
            source,
            replacement,
        });
    }

    pub fn switch_back(&mut self) {
        let source = self.source;
        self.world.command(Command::SwitchBack { source });
    }

    pub fn hold(&mut self, max_ms: u32) {
        let source = self.source;
        self.world.command(Command::Hold { source, max_ms });
    }

    pub fn switched_to(&self) -> Event {
        Event::SwitchedTo {
            transport: self.publisher.id,
            source: self.source,
            replacement: self.replacement,
        }
    }

    pub fn switched_back(&self, reason: SwitchBackReason) -> Event {
        Event::SwitchedBack {
            transport: self.publisher.id,
            source: self.source,
            reason,
        }
    }

    /// Switches to the replacement and back, since the last call.
    pub fn moves(&mut self) -> Vec<Event> {
        let events = std::mem::take(&mut self.world.events);
        let is_move =
            |event: &Event| matches!(event, Event::SwitchedTo { .. } | Event::SwitchedBack { .. });
        events.into_iter().filter(is_move).collect()
    }

    /// What the viewer has got since the last call, checked as one stream.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        let mut seen = std::mem::take(&mut self.seen);
        check(&mut seen, self.camera.codec.name);
        seen
    }
}

/// Sorts packets into their order and demands a stream: numbers without a gap or a repetition, timestamps that only
/// rise, whole frames, and a key frame wherever another maker begins.
pub fn check(seen: &mut [Seen], codec: CodecName) {
    let Some(first) = seen.first().map(|one| one.sequence) else {
        return;
    };
    seen.sort_by_key(|one| one.sequence.wrapping_sub(first) as i16);
    let numbers: Vec<u16> = seen.iter().map(|one| one.sequence).collect();
    assert!(is_continuous(&numbers), "{seen:#?}");
    for pair in seen.windows(2) {
        let [before, after] = pair else { continue };
        if before.marker {
            let ticks = after.timestamp.wrapping_sub(before.timestamp);
            assert!(
                (1..=90_000).contains(&ticks) && ticks.is_multiple_of(FRAME_TICKS),
                "{before:?} {after:?}"
            );
            assert_eq!(after.place, 0, "a frame begins at its beginning");
            if codec == CodecName::Vp8 {
                assert_eq!(after.picture, (before.picture + 1) & 0x7fff);
            }
            assert!(
                after.maker == before.maker || after.is_key,
                "{before:?} {after:?}"
            );
        } else {
            assert_eq!(
                (after.timestamp, after.maker, after.place),
                (before.timestamp, before.maker, before.place + 1)
            );
        }
    }
}

/// The makers of the frames, without repetition.
pub fn makers(seen: &[Seen]) -> Vec<Maker> {
    let mut makers: Vec<Maker> = seen.iter().map(|one| one.maker).collect();
    makers.dedup();
    makers
}

/// The longest step between two frames, in frames.
pub fn longest_step(seen: &[Seen]) -> u32 {
    let steps = seen
        .windows(2)
        .map(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp));
    steps.max().unwrap_or(0) / FRAME_TICKS
}
