//! Bytes become packets, steps of the clock and calls; the fuzz target and the seeded test share this.

use salon_packets_frames::{Codec, FrameAssembler, Packetizer, Settings};

const MAX_FRAME_BYTES: usize = 20_000;

/// Plays `data` against both codecs; panics where a promise is broken.
pub fn run(data: &[u8]) {
    for codec in [Codec::Vp8, Codec::H264] {
        play(codec, data);
    }
}

fn play(codec: Codec, mut data: &[u8]) {
    let mut assembler = FrameAssembler::new(Settings {
        codec,
        payload_type: 96,
        orientation_id: 4,
        color_space_id: 5,
        max_wait_ns: 200_000_000,
        max_frame_bytes: MAX_FRAME_BYTES,
    });
    let mut packetizer = Packetizer::new(codec, 96, 1, 4, 0);
    let (mut now_ns, mut number, mut timestamp) = (0u64, 0u16, 0u32);
    while let Some((&[what, arg, len], rest)) = data.split_first_chunk() {
        let (body, rest) = rest.split_at(usize::from(len).min(rest.len()));
        data = rest;
        match what & 7 {
            0 => assembler.on_packet(body, now_ns),
            1 => {
                now_ns += u64::from(arg) * 10_000_000;
                assembler.on_time(now_ns);
                assembler.take_keyframe_request(now_ns);
            }
            2 => assembler.want_keyframe(),
            3 => timestamp = timestamp.wrapping_add(3_000),
            _ => {
                // A well-formed header, numbered near what is expected, around any payload, several times over.
                number = number
                    .wrapping_add(u16::from(arg & 7))
                    .wrapping_sub(u16::from(arg >> 3 & 3));
                for copy in 0..1 + u16::from(arg >> 6) {
                    let mut packet = vec![0x80 | what & 0x30, 96 | arg & 0x80];
                    packet.extend(number.wrapping_add(copy).to_be_bytes());
                    packet.extend(timestamp.to_be_bytes());
                    packet.extend([0, 0, 0, 7]);
                    packet.extend(body);
                    assembler.on_packet(&packet, now_ns);
                }
            }
        }
        while let Some(frame) = assembler.next_frame() {
            assert!(!frame.data.is_empty() && frame.data.len() <= MAX_FRAME_BYTES);
            // What came out can be sent again.
            if let Ok(packets) = packetizer.cut(&frame.data, timestamp, frame.orientation) {
                let count = packets.len();
                assert!(packets.iter().all(|packet| packet.len() <= 1200));
                packetizer.sent(count);
            }
        }
        if let Some(deadline_ns) = assembler.deadline_ns() {
            assembler.on_time(deadline_ns.max(now_ns));
        }
        if let Ok(packets) = packetizer.cut(body, timestamp, Some(arg)) {
            assert!(packets.iter().all(|packet| packet.len() <= 1200));
            let count = packets.len();
            packetizer.sent(usize::from(arg) % (count + 1));
        }
    }
}
