//! Seeded noise and mutations of good streams. The fuzz target goes deeper; this runs everywhere.

use salon_packets_frames::{Codec, FrameAssembler};

use crate::hostile;
use crate::support::*;

#[test]
fn noise() {
    let mut random = Random(11);
    for _ in 0..3_000 {
        let len = random.below(2_000);
        let mut data = random.bytes(len);
        // Mostly what gets past the first checks of either format.
        for index in (0..data.len()).step_by(9) {
            data[index] = [0x10, 0x90, 0x7c, 0x78, 0x65, 0x80, 4, 5, 0][random.below(9)];
        }
        hostile::run(&data);
    }
}

#[test]
fn mutated_streams_give_frames_that_are_bounded_and_recover() {
    for codec in [Codec::Vp8, Codec::H264] {
        for seed in 0..200 {
            let mut random = Random(seed);
            let mut packetizer = packetizer(codec);
            let mut assembler = FrameAssembler::new(settings(codec));
            for tick in 0..60u64 {
                let data = frame(codec, tick % 10 == 0, 2_500, &mut random);
                for mut packet in packets(&mut packetizer, &data, tick as u32 * 3_000, Some(1)) {
                    match random.below(6) {
                        0 => {
                            let at = random.below(packet.len());
                            packet[at] ^= 1 << random.below(8);
                        }
                        1 => {
                            let at = random.below(40.min(packet.len()));
                            packet[at] = random.next() as u8;
                        }
                        2 => packet.truncate(random.below(packet.len())),
                        _ => {}
                    }
                    assembler.on_packet(&packet, tick * 33 * MS);
                }
                assembler.on_time(tick * 33 * MS);
                frames(&mut assembler);
            }
            // Some packets are needed to find back to the numbers, then a key frame.
            let mut seen = 0;
            for tick in 100..124u64 {
                let data = frame(codec, tick % 3 == 0, 2_500, &mut random);
                for packet in packets(&mut packetizer, &data, tick as u32 * 3_000, None) {
                    assembler.on_packet(&packet, tick * 100 * MS);
                }
                assembler.on_time(tick * 100 * MS);
                seen += frames(&mut assembler).len();
            }
            assert!(seen >= 8, "{codec:?} {seed}: {seen}");
        }
    }
}
