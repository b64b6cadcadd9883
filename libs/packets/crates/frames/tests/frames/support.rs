//! Frames with known content, and what an assembler makes of packets.

use salon_packets_frames::{Codec, Frame, FrameAssembler, Packetizer, Settings};

pub const MS: u64 = 1_000_000;
pub const PAYLOAD_TYPE: u8 = 96;
pub const ORIENTATION_ID: u8 = 4;
pub const COLOR_SPACE_ID: u8 = 9;
pub const SSRC: u32 = 0x1234_5678;

/// splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

pub fn settings(codec: Codec) -> Settings {
    Settings {
        codec,
        payload_type: PAYLOAD_TYPE,
        orientation_id: ORIENTATION_ID,
        color_space_id: COLOR_SPACE_ID,
        max_wait_ns: 200 * MS,
        max_frame_bytes: 1 << 20,
    }
}

pub fn packetizer(codec: Codec) -> Packetizer {
    Packetizer::new(
        codec,
        PAYLOAD_TYPE,
        SSRC,
        ORIENTATION_ID,
        0xffff_ffff_ffff_fff0,
    )
}

/// A frame of at least `len` bytes that the wire formats take for what it says it is.
pub fn frame(codec: Codec, is_keyframe: bool, len: usize, random: &mut Random) -> Vec<u8> {
    match codec {
        Codec::Vp8 if is_keyframe => {
            let mut frame = vec![0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x80, 2, 0x68, 1];
            frame.extend(random.bytes(len));
            frame
        }
        Codec::Vp8 => {
            let mut frame = vec![0x11];
            frame.extend(random.bytes(len));
            frame
        }
        Codec::H264 if is_keyframe => [
            unit(0x67, 12, random),
            unit(0x68, 4, random),
            slice(0x65, len, random),
        ]
        .concat(),
        Codec::H264 => slice(0x61, len, random),
    }
}

/// Start code, header, and bytes that hold no start code.
pub fn unit(header: u8, len: usize, random: &mut Random) -> Vec<u8> {
    let mut unit = vec![0, 0, 0, 1, header];
    unit.extend(random.bytes(len).iter().map(|byte| byte | 4));
    unit
}

/// The first slice of a picture.
pub fn slice(header: u8, len: usize, random: &mut Random) -> Vec<u8> {
    let mut slice = unit(header, len.max(1), random);
    slice[5] |= 0x80;
    slice
}

pub fn packets(
    packetizer: &mut Packetizer,
    frame: &[u8],
    timestamp: u32,
    orientation: Option<u8>,
) -> Vec<Vec<u8>> {
    let cut = packetizer.cut(frame, timestamp, orientation).unwrap();
    let packets: Vec<_> = cut.iter().map(<[u8]>::to_vec).collect();
    packetizer.sent(packets.len());
    packets
}

pub fn frames(assembler: &mut FrameAssembler) -> Vec<Frame> {
    std::iter::from_fn(|| assembler.next_frame()).collect()
}
