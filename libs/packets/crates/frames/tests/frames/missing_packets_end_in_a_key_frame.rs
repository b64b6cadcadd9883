use salon_packets_frames::{Codec, Frame, FrameAssembler, Packetizer, Settings};

use crate::support::*;

struct Stream {
    packetizer: Packetizer,
    random: Random,
    timestamp: u32,
}

impl Stream {
    fn new() -> Self {
        Self {
            packetizer: packetizer(Codec::Vp8),
            random: Random(7),
            timestamp: 0,
        }
    }

    fn next(&mut self, is_keyframe: bool) -> Vec<Vec<u8>> {
        self.timestamp += 3_000;
        let frame = frame(Codec::Vp8, is_keyframe, 3_000, &mut self.random);
        packets(&mut self.packetizer, &frame, self.timestamp, None)
    }
}

fn give(assembler: &mut FrameAssembler, packets: &[Vec<u8>], now_ns: u64) -> Vec<Frame> {
    for packet in packets {
        assembler.on_packet(packet, now_ns);
    }
    frames(assembler)
}

#[test]
fn the_first_frame_given_is_a_key_frame_asked_for_only_if_it_does_not_come_by_itself() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    assert!(!assembler.take_keyframe_request(0), "of whom?");
    assert!(give(&mut assembler, &stream.next(false), 0).is_empty());
    assert_eq!(assembler.ssrc(), Some(SSRC));
    assert!(assembler.take_keyframe_request(0));
    assert!(give(&mut assembler, &stream.next(false), 33 * MS).is_empty());
    assert!(!assembler.take_keyframe_request(499 * MS));
    assert_eq!(assembler.deadline_ns(), Some(500 * MS));
    assert!(assembler.take_keyframe_request(500 * MS));
    assert!(give(&mut assembler, &stream.next(true), 600 * MS)[0].is_keyframe);
    assert_eq!(assembler.deadline_ns(), None);

    let mut assembler = FrameAssembler::new(settings(Codec::Vp8));
    assert_eq!(give(&mut assembler, &stream.next(true), 0).len(), 1);
    assert!(!assembler.take_keyframe_request(10_000 * MS));
}

#[test]
fn a_late_packet_is_waited_for() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    give(&mut assembler, &stream.next(true), 0);
    let mut delayed = stream.next(false);
    let late = delayed.remove(1);
    assert!(give(&mut assembler, &delayed, 10 * MS).is_empty());
    assert!(give(&mut assembler, &stream.next(false), 40 * MS).is_empty());
    assert_eq!(assembler.deadline_ns(), Some(210 * MS));
    assembler.on_time(209 * MS);
    let caught_up = give(&mut assembler, &[late], 209 * MS);
    assert_eq!(caught_up.len(), 2);
    assert_eq!(caught_up[0].received_ns, 209 * MS, "of its last packet");
    assert_eq!(caught_up[1].received_ns, 40 * MS);
    assert!(!assembler.take_keyframe_request(10_000 * MS));
}

#[test]
fn after_the_wait_a_key_frame_is_asked_for_and_nothing_else_given() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    give(&mut assembler, &stream.next(true), 0);
    let mut cut = stream.next(false);
    cut.remove(0);
    give(&mut assembler, &cut, 10 * MS);
    assembler.on_time(210 * MS);
    assert!(assembler.take_keyframe_request(210 * MS));
    assert!(give(&mut assembler, &stream.next(false), 220 * MS).is_empty());
    assert_eq!(give(&mut assembler, &stream.next(true), 230 * MS).len(), 1);
    assert_eq!(give(&mut assembler, &stream.next(false), 240 * MS).len(), 1);
    assert!(!assembler.take_keyframe_request(10_000 * MS));
}

#[test]
fn who_waits_for_a_key_frame_does_not_wait_for_what_is_missing_before_it() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    give(&mut assembler, &stream.next(false), 0);
    stream.next(false);
    assert_eq!(give(&mut assembler, &stream.next(true), 1).len(), 1);
}

#[test]
fn padding_and_other_payload_types_only_keep_the_numbers() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    give(&mut assembler, &stream.next(true), 0);
    for kind in 0..3 {
        let mut filler = stream.next(false);
        for packet in &mut filler {
            match kind {
                0 => packet.truncate(12),
                1 => {
                    packet.truncate(16);
                    packet[0] |= 0x20;
                    packet[15] = 4;
                }
                _ => packet[1] = packet[1] & 0x80 | 97,
            }
        }
        assert!(give(&mut assembler, &filler, 1).is_empty());
        assert_eq!(
            give(&mut assembler, &stream.next(false), 1).len(),
            1,
            "{kind}"
        );
    }
    let mut foreign = stream.next(true);
    foreign.iter_mut().for_each(|packet| {
        packet[1] = packet[1] & 0x80 | 97;
        packet[8] ^= 1;
    });
    give(&mut assembler, &foreign, 2);
    assert_eq!(assembler.ssrc(), Some(SSRC), "another stream's repairs");
    assert_eq!(assembler.deadline_ns(), None);
}

#[test]
fn another_ssrc_begins_anew_with_a_key_frame() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    give(&mut assembler, &stream.next(true), 0);
    stream.packetizer = Packetizer::new(Codec::Vp8, PAYLOAD_TYPE, 99, 0, 5);
    assert!(give(&mut assembler, &stream.next(false), 1).is_empty());
    assert_eq!(assembler.ssrc(), Some(99));
    assert!(assembler.take_keyframe_request(1));
    assert_eq!(give(&mut assembler, &stream.next(true), 2).len(), 1);
}

#[test]
fn a_frame_whose_marker_is_forgotten_ends_with_the_next_timestamp() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    let mut unmarked = stream.next(true);
    unmarked.last_mut().unwrap()[1] &= 0x7f;
    assert!(give(&mut assembler, &unmarked, 0).is_empty());
    assert_eq!(give(&mut assembler, &stream.next(false), 1).len(), 2);
}

#[test]
fn too_large_a_frame_or_picture_is_skipped() {
    let small = Settings {
        max_frame_bytes: 10_000,
        ..settings(Codec::Vp8)
    };
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(small));
    let large = frame(Codec::Vp8, true, 10_001, &mut stream.random);
    let large = packets(&mut stream.packetizer, &large, 1, None);
    assert!(give(&mut assembler, &large, 0).is_empty());
    assert!(assembler.take_keyframe_request(0));
    let mut wide = stream.next(true);
    wide[0][16 + 7] = 0x3f;
    assert!(give(&mut assembler, &wide, 1).is_empty());
    assert_eq!(give(&mut assembler, &stream.next(true), 2).len(), 1);
}

#[test]
fn frames_nobody_takes_are_bounded() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    for packet in stream.next(true) {
        assembler.on_packet(&packet, 0);
    }
    for _ in 0..1_000 {
        for packet in stream.next(false) {
            assembler.on_packet(&packet, 0);
        }
    }
    assert!(!assembler.has_room());
    assert!(frames(&mut assembler).len() <= 64);
    assert!(assembler.has_room());
    assert_eq!(give(&mut assembler, &stream.next(true), 2).len(), 1);
}

#[test]
fn a_request_of_the_caller_goes_out_although_nothing_is_missing() {
    let (mut stream, mut assembler) = (Stream::new(), FrameAssembler::new(settings(Codec::Vp8)));
    assembler.want_keyframe();
    assert!(!assembler.take_keyframe_request(0), "of whom?");
    give(&mut assembler, &stream.next(true), 0);
    assembler.want_keyframe();
    assert!(assembler.take_keyframe_request(1));
    assert_eq!(give(&mut assembler, &stream.next(false), 2).len(), 1);
    assert_eq!(give(&mut assembler, &stream.next(true), 3).len(), 1);
    assert_eq!(assembler.deadline_ns(), None);
}
