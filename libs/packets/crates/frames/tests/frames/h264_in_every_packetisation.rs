use salon_packets_core::wire::rtp::Header;
use salon_packets_frames::{Codec, Frame, FrameAssembler, is_keyframe};

use crate::support::*;

/// One RTP packet around a payload.
fn packet(number: u16, timestamp: u32, marker: bool, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, PAYLOAD_TYPE | u8::from(marker) << 7];
    packet.extend(number.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    packet.extend(payload);
    packet
}

/// Frames of packets given as (timestamp, marker, payload), numbered in order.
fn assembled(packets: &[(u32, bool, &[u8])]) -> Vec<Frame> {
    let mut assembler = FrameAssembler::new(settings(Codec::H264));
    for (number, (timestamp, marker, payload)) in packets.iter().enumerate() {
        assembler.on_packet(&packet(number as u16, *timestamp, *marker, payload), 0);
    }
    frames(&mut assembler)
}

const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1f];
const PPS: &[u8] = &[0x68, 0xce, 0x3c];
const IDR: &[u8] = &[0x65, 0x88, 0x84];
const SLICE: &[u8] = &[0x61, 0x9a, 0x02];

fn annexb(units: &[&[u8]]) -> Vec<u8> {
    units
        .iter()
        .flat_map(|unit| [&[0, 0, 0, 1], *unit].concat())
        .collect()
}

#[test]
fn single_units_aggregates_and_fragments_become_one_byte_stream() {
    let aggregate = [&[0x78, 0, 4][..], SPS, &[0, 3], PPS].concat();
    let found = assembled(&[
        (1, false, &aggregate),
        (1, false, &[0x7c, 0x85, 0x88]),
        (1, false, &[0x7c, 0x05, 0x11]),
        (1, true, &[0x7c, 0x45, 0x22]),
        (2, true, SLICE),
        (3, false, &[0x09, 0xf0]),
        (3, true, SLICE),
    ]);
    assert_eq!(
        found[0].data,
        annexb(&[SPS, PPS, &[0x65, 0x88, 0x11, 0x22]])
    );
    assert!(found[0].is_keyframe && is_keyframe(Codec::H264, &found[0].data));
    assert_eq!(found[1].data, annexb(&[SLICE]));
    assert!(!found[1].is_keyframe);
    assert_eq!(found[2].data, annexb(&[SLICE]), "without the delimiter");
}

#[test]
fn parameter_sets_sent_before_stay_with_the_pictures_that_need_them() {
    let found = assembled(&[
        (1, true, SPS),
        (2, true, PPS),
        (3, true, IDR),
        (4, true, SLICE),
        (5, true, IDR),
    ]);
    let whole = annexb(&[SPS, PPS, IDR]);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].data, whole);
    assert_eq!(found[2].data, whole);
}

#[test]
fn a_later_slice_of_a_key_frame_is_no_beginning() {
    let second_slice = &[0x65, 0x08, 0x84][..];
    let found = assembled(&[(1, true, second_slice), (2, true, IDR), (3, true, SLICE)]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].timestamp, 2);
}

#[test]
fn a_key_frame_whose_parameter_sets_may_be_missing_is_no_beginning() {
    let mut assembler = FrameAssembler::new(settings(Codec::H264));
    assembler.on_packet(&packet(0, 1, true, SLICE), 0);
    assembler.on_packet(&packet(2, 2, true, IDR), 0);
    assembler.on_packet(&packet(3, 3, true, IDR), 0);
    assembler.on_time(200 * MS);
    let found = frames(&mut assembler);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].timestamp, 3);
}

#[test]
fn malformed_payloads_cost_the_frame_and_those_that_need_it() {
    let cases: [&[&[u8]]; 8] = [
        &[&[0x7c, 0x05, 1]],
        &[&[0x7c, 0x81, 1], SLICE],
        &[&[0x7c, 0x81, 1], &[0x7c, 0x81, 1]],
        &[&[0x7c, 0x9c, 1]],
        &[&[0x78, 0, 9, 1]],
        &[&[0x78, 0, 2, 0x78, 0]],
        &[&[0x7d, 0, 0]],
        &[&[0x7c]],
    ];
    for case in cases {
        let mut packets: Vec<(u32, bool, &[u8])> = vec![(1, false, SPS), (1, true, IDR)];
        packets.extend(case.iter().map(|payload| (2, false, *payload)));
        packets.extend([
            (2, true, SLICE),
            (3, true, SLICE),
            (4, true, IDR),
            (5, true, SLICE),
        ]);
        let found: Vec<_> = assembled(&packets)
            .iter()
            .map(|frame| frame.timestamp)
            .collect();
        assert_eq!(found, [1, 4, 5], "{case:02x?}");
    }
}

#[test]
fn what_is_sent_shares_a_packet_where_it_is_small_and_is_cut_where_it_is_large() {
    let mut random = Random(4);
    let idr = slice(0x65, 5_000, &mut random);
    let second = slice(0x65, 700, &mut random);
    let frame = [annexb(&[&[9, 0xf0], SPS, PPS]), idr, second].concat();
    let mut packetizer = packetizer(Codec::H264);
    let packets = packets(&mut packetizer, &frame, 1, Some(1));
    let payloads: Vec<_> = packets
        .iter()
        .map(|packet| &packet[Header::parse(packet).unwrap().header_bytes..])
        .collect();
    assert_eq!(payloads[0], [&[0x78, 0, 4][..], SPS, &[0, 3], PPS].concat());
    assert_eq!(payloads[1][..2], [0x7c, 0x85]);
    assert_eq!(payloads[2][..2], [0x7c, 0x05]);
    assert_eq!(payloads[payloads.len() - 2][..2], [0x7c, 0x45]);
    assert_eq!(payloads[payloads.len() - 1][0], 0x65);
    let marked: Vec<_> = packets
        .iter()
        .map(|packet| Header::parse(packet).unwrap().marker)
        .collect();
    assert_eq!(marked.iter().filter(|marker| **marker).count(), 1);
    assert!(marked[marked.len() - 1]);
}
