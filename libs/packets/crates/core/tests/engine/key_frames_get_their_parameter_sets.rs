use salon_packets_core::command::Command;
use salon_packets_core::config::{Codec, SignalledParameterSet, SinkConfig, SourceConfig};
use salon_packets_core::wire::extensions::ExtensionKind;

use crate::stage::{H264, sink_of, source_of};
use crate::support::*;

pub const SPS: &[u8] = &[0x67, 0x42, 0xe0, 0x1f, 0x8d, 1];
pub const PPS: &[u8] = &[0x68, 0xce, 0x3c, 0x80];
const IDR: &[u8] = &[0x65, 0x88, 7, 7];
const SLICE: &[u8] = &[0x41, 0x9a, 7];

pub fn stap(units: &[&[u8]]) -> Vec<u8> {
    let mut payload = vec![0x78];
    for unit in units {
        payload.extend((unit.len() as u16).to_be_bytes());
        payload.extend(*unit);
    }
    payload
}

pub fn signalled(payload_type: u8, unit: &[u8]) -> SignalledParameterSet {
    SignalledParameterSet {
        payload_type,
        unit: unit.to_vec(),
    }
}

pub fn with_signalled(units: &[&[u8]]) -> SourceConfig {
    SourceConfig {
        parameter_sets: units.iter().map(|unit| signalled(102, unit)).collect(),
        ..source_of(H264, 1000)
    }
}

pub struct Scene {
    pub world: World,
    pub publisher: Peer,
    pub source: u64,
    sequence: u16,
    timestamp: u32,
}

impl Scene {
    pub fn new(config: SourceConfig) -> Self {
        let mut world = World::new();
        let (publisher, source) = world.publisher(config);
        Self {
            world,
            publisher,
            source,
            sequence: 65_530,
            timestamp: 3000,
        }
    }

    pub fn packets(&mut self, payloads: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut track = Track {
            payload_type: H264.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ..Track::video()
        };
        let packets = track.frame_of(payloads, &[]);
        self.sequence = track.sequence;
        self.timestamp = self.timestamp.wrapping_add(3000);
        packets
    }

    pub fn send(&mut self, packets: &[Vec<u8>]) {
        for packet in packets {
            self.world.send_rtp(&mut self.publisher, packet);
        }
    }

    pub fn frame(&mut self, payloads: &[&[u8]]) {
        let packets = self.packets(payloads);
        self.send(&packets);
    }

    pub fn viewer(&mut self) -> Peer {
        self.world.viewer(self.source, sink_of(H264)).0
    }

    pub fn seen(&mut self, viewer: &mut Peer) -> Vec<Vec<u8>> {
        payloads(&self.world.take_rtp(viewer))
    }
}

pub fn payloads(packets: &[Rtp]) -> Vec<Vec<u8>> {
    packets
        .iter()
        .map(|packet| packet.payload().to_vec())
        .collect()
}

#[test]
fn that_only_the_offer_has() {
    let mut scene = Scene::new(with_signalled(&[PPS, SPS]));
    let mut viewer = scene.viewer();
    scene.frame(&[IDR, SLICE]);
    scene.frame(&[SLICE]);
    scene.frame(&[IDR]);
    let received = scene.world.take_rtp(&mut viewer);
    let sets = stap(&[SPS, PPS]);
    let expected: [&[u8]; 6] = [&sets, IDR, SLICE, SLICE, &sets, IDR];
    assert_eq!(payloads(&received), expected);
    assert!(is_continuous(&sequences(&received)));
    let of = |packet: &Rtp| (packet.header.timestamp, packet.header.marker);
    let (timestamp, _) = of(&received[0]);
    let places: Vec<_> = received.iter().map(of).collect();
    assert_eq!(
        places,
        [
            (timestamp, false),
            (timestamp, false),
            (timestamp, true),
            (timestamp + 3000, true),
            (timestamp + 6000, false),
            (timestamp + 6000, true)
        ]
    );
}

#[test]
fn that_came_with_the_first_one_only_for_late_viewers_and_the_transcoder_too() {
    let mut scene = Scene::new(source_of(H264, 1000));
    let mut early = scene.viewer();
    scene.frame(&[SPS, PPS, IDR]);
    assert_eq!(
        scene.seen(&mut early),
        [SPS, PPS, IDR],
        "all that is needed is there"
    );
    for _ in 0..100 {
        scene.frame(&[SLICE]);
    }
    scene.seen(&mut early);
    let link = scene.world.link();
    let config = SinkConfig {
        nack: false,
        rtx_ssrc: None,
        ..sink_of(H264)
    };
    scene.world.add_local_sink(link, scene.source, config);
    let mut late = scene.viewer();
    // In fragments, of two slices.
    let (first, last) = ([0x7c, 0x85, 0x88, 1], [0x7c, 0x45, 2]);
    let second_slice = [0x65, 0x42, 3];
    scene.frame(&[&first, &last, &second_slice]);
    let expected = [
        stap(&[SPS, PPS]),
        first.to_vec(),
        last.to_vec(),
        second_slice.to_vec(),
    ];
    assert_eq!(scene.seen(&mut early), expected);
    assert_eq!(scene.seen(&mut late), expected);
    assert_eq!(payloads(&scene.world.take_local(link).0), expected);
}

#[test]
fn nothing_is_added_where_the_frame_brings_them() {
    let mut scene = Scene::new(with_signalled(&[SPS, PPS]));
    let mut viewer = scene.viewer();
    let whole = stap(&[SPS, PPS, IDR]);
    let sets = stap(&[SPS, PPS]);
    let delimiter = [0x09, 0xf0];
    let frames: [&[&[u8]]; 4] = [
        &[SPS, PPS, IDR],
        &[&whole],
        &[&sets, IDR, IDR],
        &[&delimiter, SPS, PPS, &[0x06, 5], IDR],
    ];
    for frame in frames {
        scene.frame(frame);
    }
    assert_eq!(scene.seen(&mut viewer), frames.concat());
}

#[test]
fn what_the_frame_has_only_half_of_is_added() {
    let mut scene = Scene::new(with_signalled(&[SPS, PPS]));
    let mut viewer = scene.viewer();
    let sets = stap(&[SPS, PPS]);
    scene.frame(&[SPS, IDR]);
    assert_eq!(scene.seen(&mut viewer), [SPS, &sets, IDR]);
    // A decoder forgets the second with the first.
    scene.frame(&[PPS, SPS, IDR]);
    assert_eq!(scene.seen(&mut viewer), [PPS, SPS, &sets, IDR]);
}

#[test]
fn changes_are_followed() {
    let mut scene = Scene::new(with_signalled(&[SPS, PPS]));
    let mut viewer = scene.viewer();
    let larger = [0x67, 0x4d, 0x40, 0x28, 0x8d, 2];
    let second = [0x68, 0x53, 1];
    scene.frame(&[IDR]);
    scene.frame(&[&larger, PPS, IDR]);
    scene.frame(&[IDR]);
    scene.frame(&[&second, SLICE]);
    scene.frame(&[IDR]);
    let (old, new, more) = (
        stap(&[SPS, PPS]),
        stap(&[&larger, PPS]),
        stap(&[&larger, PPS, &second]),
    );
    let expected: [&[u8]; 11] = [
        &old, IDR, &larger, PPS, IDR, &new, IDR, &second, SLICE, &more, IDR,
    ];
    assert_eq!(scene.seen(&mut viewer), expected);
    // Under a new SSRC too.
    let mut late = scene.viewer();
    for unit in [IDR, SLICE] {
        let mut packets = scene.packets(&[unit]);
        packets[0][8..12].copy_from_slice(&7777_u32.to_be_bytes());
        scene.send(&packets);
        // The old one is silent meanwhile.
        scene.world.advance(500 * MS);
    }
    assert_eq!(scene.seen(&mut late), [&more, IDR, SLICE]);
}

#[test]
fn each_payload_type_has_its_own() {
    let other = Codec {
        payload_type: 108,
        rtx_payload_type: None,
        ..H264
    };
    let high = [0x67, 0x64, 0, 0x1f, 0xac, 9];
    let mut config = with_signalled(&[SPS, PPS]);
    config.codecs.push(other);
    config
        .parameter_sets
        .extend([signalled(108, &high), signalled(108, PPS)]);
    let mut scene = Scene::new(config);
    let mut viewer = scene.viewer();
    scene.frame(&[IDR]);
    let mut packets = scene.packets(&[IDR]);
    packets[0][1] = 0x80 | other.payload_type;
    scene.send(&packets);
    let expected = [&stap(&[SPS, PPS])[..], IDR, &stap(&[&high, PPS]), IDR];
    assert_eq!(scene.seen(&mut viewer), expected);
}

#[test]
fn a_lost_one_comes_late_and_changes_nothing_newer() {
    let mut scene = Scene::new(with_signalled(&[SPS, PPS]));
    let mut viewer = scene.viewer();
    scene.frame(&[IDR]);
    let newer = [0x67, 0x42, 0xe0, 0x1f, 0x8d, 3];
    let lost = scene.packets(&[SPS, PPS, IDR]);
    scene.frame(&[&newer, PPS, IDR]);
    scene.send(&lost[..2]);
    scene.frame(&[IDR]);
    let mut received = scene.world.take_rtp(&mut viewer);
    received.sort_by_key(|packet| packet.header.sequence_number);
    let sets = stap(&[SPS, PPS]);
    let expected: [&[u8]; 9] = [
        &sets,
        IDR,
        SPS,
        PPS,
        &newer,
        PPS,
        IDR,
        &stap(&[&newer, PPS]),
        IDR,
    ];
    assert_eq!(payloads(&received), expected);
    let numbers = sequences(&received);
    assert_eq!(
        numbers[4],
        numbers[3].wrapping_add(2),
        "one is still missing"
    );
}

#[test]
fn who_begins_in_the_middle_of_a_frame_gets_what_was_before() {
    let mut scene = Scene::new(source_of(H264, 1000));
    let (mut viewer, sink) = scene.world.viewer(scene.source, sink_of(H264));
    scene
        .world
        .command(Command::PauseSink { sink, paused: true });
    let frame = scene.packets(&[SPS, PPS, IDR, SLICE]);
    scene.send(&frame[..2]);
    scene.world.command(Command::PauseSink {
        sink,
        paused: false,
    });
    scene.send(&frame[2..]);
    assert_eq!(
        scene.seen(&mut viewer),
        [&stap(&[SPS, PPS])[..], IDR, SLICE]
    );
}

#[test]
fn they_are_sent_again_when_they_are_lost() {
    let nack = |world: &mut World, viewer: &mut Peer, number: u16| {
        world.send_rtcp(viewer, |writer| {
            writer.receiver_report(55, &[]).unwrap();
            writer.nack(55, 7000, &[number]).unwrap();
        });
    };
    let mut scene = Scene::new(with_signalled(&[SPS, PPS]));
    let mut viewer = scene.viewer();
    let without_rtx = SinkConfig {
        rtx_ssrc: None,
        codec: Codec {
            rtx_payload_type: None,
            ..H264
        },
        transport_cc: true,
        extensions: extensions(&[(ExtensionKind::TransportWideCc, 3)]),
        ..sink_of(H264)
    };
    let mut plain_viewer = scene.world.viewer(scene.source, without_rtx).0;
    scene.frame(&[IDR, SLICE]);
    let sent = scene.world.take_rtp(&mut viewer);
    let raw = scene.world.take_raw(plain_viewer.address);
    // What is kept has changed since.
    scene.frame(&[&[0x67, 0x42, 0xe0, 0x1f, 0x8d, 9], SLICE]);
    scene.seen(&mut viewer);
    scene.world.take_raw(plain_viewer.address);
    let number = sent[0].header.sequence_number;
    nack(&mut scene.world, &mut viewer, number);
    let answers = scene.world.take_rtp(&mut viewer);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].header.ssrc, 7001);
    assert_eq!(answers[0].payload()[..2], number.to_be_bytes());
    assert_eq!(&answers[0].payload()[2..], sent[0].payload());
    assert_eq!(answers[0].header.timestamp, sent[0].header.timestamp);
    let number = u16::from_be_bytes([raw[0][2], raw[0][3]]);
    nack(&mut scene.world, &mut plain_viewer, number);
    assert_eq!(scene.world.take_raw(plain_viewer.address), [raw[0].clone()]);
    // What is forgotten by now is not made up.
    for id in 0..10 {
        scene.frame(&[&[0x68, 0xce, id], SLICE]);
    }
    scene.world.take_raw(plain_viewer.address);
    nack(&mut scene.world, &mut plain_viewer, number);
    assert!(scene.world.take_raw(plain_viewer.address).is_empty());
}

#[test]
fn what_is_kept_fits_a_packet() {
    let mut scene = Scene::new(with_signalled(&[SPS, PPS, &[0x68], &[0x6f, 1], &[]]));
    let mut viewer = scene.viewer();
    for id in 1..=40_u8 {
        // Two bytes tell the id: 5 zeros at most before it.
        let coded = u32::from(id) + 1;
        let zeros = 31 - coded.leading_zeros();
        let mut unit = vec![0x68];
        unit.extend((coded << (31 - 2 * zeros)).to_be_bytes());
        unit.resize(101, 0x55);
        scene.frame(&[&unit, SLICE]);
    }
    let mut huge = SPS.to_vec();
    huge.resize(1200, 1);
    scene.frame(&[IDR]);
    let received = scene.seen(&mut viewer);
    assert!(received[0].len() <= 1100 && received[0].len() > 1000);
    assert_eq!(received[1], IDR);
    // Too large to be kept, and what was known is no longer so.
    scene.frame(&[&huge, SLICE]);
    scene.frame(&[IDR]);
    assert_eq!(scene.seen(&mut viewer), [&huge[..], SLICE, IDR]);
}
