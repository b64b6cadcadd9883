use salon_packets_core::config::{Codec, SinkConfig, SourceConfig};

use crate::stage::{H264, source_of};
use crate::support::*;

const HIGH: Codec = Codec {
    payload_type: 108,
    rtx_payload_type: None,
    ..H264
};
const IDR: &[&[u8]] = &[
    &[0x67, 0x42, 0xe0, 0x1f, 0x8d],
    &[0x68, 0xce],
    &[0x65, 0x88],
];
const SLICE: &[&[u8]] = &[&[0x41, 0x9a]];

fn source() -> SourceConfig {
    SourceConfig {
        codecs: vec![VP8, H264, HIGH],
        ..source_of(VP8, 1000)
    }
}

/// VP8 as 100, H264 as 120, High as 122.
fn sink() -> SinkConfig {
    let first = video_sink().codec;
    let of = |payload_type, rtx_payload_type| Codec {
        payload_type,
        rtx_payload_type,
        ..H264
    };
    SinkConfig {
        alternatives: vec![
            (VP8.payload_type, first),
            (H264.payload_type, of(120, Some(121))),
            (HIGH.payload_type, of(122, None)),
        ],
        ..video_sink()
    }
}

fn frame(track: &mut Track, codec: Codec, payloads: &[&[u8]]) -> Vec<Vec<u8>> {
    track.payload_type = codec.payload_type;
    let packets = track.frame_of(payloads, &[]);
    track.timestamp += 3000;
    packets
}

fn send(world: &mut World, publisher: &mut Peer, packets: &[Vec<u8>]) {
    for packet in packets {
        world.send_rtp(publisher, packet);
    }
}

fn payload_types(packets: &[Rtp]) -> Vec<u8> {
    packets
        .iter()
        .map(|packet| packet.header.payload_type)
        .collect()
}

fn mismatches(world: &World, id: u64) -> u64 {
    let stats = world.engine.stats();
    let found = stats.sinks.iter().find(|(sink, _)| *sink == id);
    found.unwrap().1.codec_mismatches
}

#[test]
fn though_another_was_offered_first() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(source());
    let (mut viewer, id) = world.viewer(source, sink());
    let mut track = Track::video();
    let newest = |world: &World| world.engine.stats().sources[0].1.payload_type;
    assert_eq!(newest(&world), None);
    send(&mut world, &mut publisher, &frame(&mut track, H264, IDR));
    assert_eq!(payload_types(&world.take_rtp(&mut viewer)), [120; 3]);
    assert_eq!(newest(&world), Some(H264.payload_type));
    assert_eq!(mismatches(&world, id), 0);
    let (mut second, _) = world.viewer(source, sink());
    send(&mut world, &mut publisher, &frame(&mut track, HIGH, IDR));
    assert_eq!(payload_types(&world.take_rtp(&mut second)), [122; 3]);
}

#[test]
fn a_change_in_the_stream_begins_with_a_key_frame_and_leaves_no_gap() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(source());
    let (mut viewer, id) = world.viewer(source, sink());
    let mut track = Track::video();
    send(&mut world, &mut publisher, &track.frame(true, 2));
    let late = track.frame(false, 1);
    send(&mut world, &mut publisher, &frame(&mut track, H264, SLICE));
    send(&mut world, &mut publisher, &frame(&mut track, H264, IDR));
    send(&mut world, &mut publisher, &late);
    send(&mut world, &mut publisher, &frame(&mut track, H264, SLICE));
    track.payload_type = VP8.payload_type;
    send(&mut world, &mut publisher, &track.frame(true, 1));
    let received = world.take_rtp(&mut viewer);
    assert_eq!(
        payload_types(&received),
        [100, 100, 120, 120, 120, 120, 100]
    );
    assert!(is_continuous(&sequences(&received)));
    assert_eq!(mismatches(&world, id), 0);
}

#[test]
fn what_was_lost_before_a_change_is_sent_again_as_it_was() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(source());
    let (mut viewer, _) = world.viewer(source, sink());
    let mut plain = sink();
    plain.rtx_ssrc = None;
    let (mut plain_viewer, _) = world.viewer(source, plain);
    let mut track = Track::video();
    send(&mut world, &mut publisher, &track.frame(true, 1));
    let sent = world.take_rtp(&mut viewer);
    let raw = world.take_raw(plain_viewer.address);
    send(&mut world, &mut publisher, &frame(&mut track, H264, IDR));
    world.take_rtp(&mut viewer);
    world.take_raw(plain_viewer.address);
    let numbers = [
        sent[0].header.sequence_number,
        u16::from_be_bytes([raw[0][2], raw[0][3]]),
    ];
    for (peer, number) in [(&mut viewer, numbers[0]), (&mut plain_viewer, numbers[1])] {
        world.send_rtcp(peer, |writer| {
            writer.receiver_report(55, &[]).unwrap();
            writer.nack(55, 7000, &[number]).unwrap();
        });
    }
    assert_eq!(payload_types(&world.take_rtp(&mut viewer)), [101], "of VP8");
    assert_eq!(world.take_raw(plain_viewer.address), [raw[0].clone()]);
}

#[test]
fn whoever_cannot_have_it_gets_nothing_and_that_is_counted() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(source());
    let (mut viewer, id) = world.viewer(source, video_sink());
    let mut track = Track::video();
    send(&mut world, &mut publisher, &frame(&mut track, H264, IDR));
    assert!(world.take_rtp(&mut viewer).is_empty());
    assert_eq!(mismatches(&world, id), 3);
}
