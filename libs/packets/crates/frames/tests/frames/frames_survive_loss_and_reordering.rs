use salon_packets_frames::{Codec, FrameAssembler};

use crate::support::*;

/// What is sent, and what arrives of it: shuffled within a window, doubled, repaired later, or lost for good.
fn play(codec: Codec, seed: u64) -> (usize, usize) {
    let mut random = Random(seed);
    let mut packetizer = packetizer(codec);
    let mut assembler = FrameAssembler::new(settings(codec));
    let mut sent = Vec::new();
    let mut received = Vec::new();
    let mut on_the_way: Vec<(u64, Vec<u8>)> = Vec::new();
    let mut wants_keyframe = true;
    for tick in 0..600u64 {
        let now_ns = tick * 33 * MS;
        let len = 1 + random.below(8_000);
        let data = frame(codec, wants_keyframe, len, &mut random);
        let orientation = (tick % 3 == 0).then_some((tick % 4) as u8);
        let timestamp = (tick as u32).wrapping_mul(3_000).wrapping_sub(900_000);
        let loses = tick < 500;
        for packet in packets(&mut packetizer, &data, timestamp, orientation) {
            let delay = match random.below(1000) {
                0..3 if loses => continue,
                0..30 if loses => 90 * MS,
                0..200 => random.below(20) as u64 * MS,
                _ => 0,
            };
            if random.below(50) == 0 {
                on_the_way.push((now_ns + 5 * MS, packet.clone()));
            }
            on_the_way.push((now_ns + delay, packet));
        }
        sent.push((data, timestamp, wants_keyframe, orientation));
        wants_keyframe = false;
        on_the_way.sort_by_key(|(at_ns, _)| *at_ns);
        let later = on_the_way.partition_point(|(at_ns, _)| *at_ns <= now_ns);
        for (_, packet) in on_the_way.drain(..later) {
            assembler.on_packet(&packet, now_ns);
        }
        assembler.on_time(now_ns);
        wants_keyframe |= assembler.take_keyframe_request(now_ns);
        received.extend(frames(&mut assembler));
    }
    assert!(received[0].is_keyframe);
    let mut next = 0;
    for frame in &received {
        let index = (next..sent.len())
            .find(|index| sent[*index].1 == frame.timestamp)
            .expect("in order, each once");
        let (data, _, is_keyframe, orientation) = &sent[index];
        assert!(frame.data == *data, "byte for byte");
        assert_eq!(
            (frame.is_keyframe, frame.orientation),
            (*is_keyframe, *orientation)
        );
        assert!(
            index == next || frame.is_keyframe,
            "after a gap comes a key frame"
        );
        next = index + 1;
    }
    let last_skipped = sent.len() - next;
    assert!(
        last_skipped <= 1,
        "nothing is lost at the end: {last_skipped}"
    );
    (sent.len(), received.len())
}

#[test]
fn whole_and_in_order_with_key_frames_after_gaps() {
    for codec in [Codec::Vp8, Codec::H264] {
        for seed in 0..20 {
            let (sent, received) = play(codec, seed);
            assert!(received > sent / 2, "{received} of {sent}");
        }
    }
}
