//! VP8 frames from RTP payloads (RFC 7741).

use salon_packets_core::wire::vp8::{Descriptor, is_keyframe as begins_keyframe};

use crate::order::Packet;

/// A larger picture is not decoded. The format goes up to 16383.
const MAX_SIDE_PX: u16 = 4096;

/// Whether this frame is a key frame (P bit of the frame tag, RFC 6386 section 9.1).
pub(crate) fn is_keyframe(frame: &[u8]) -> bool {
    frame.first().is_some_and(|tag| tag & 1 == 0)
}

/// Width and height of a key frame in pixels, without scaling; `None` for any other frame.
pub fn dimensions(frame: &[u8]) -> Option<(u16, u16)> {
    let &[tag, _, _, 0x9d, 0x01, 0x2a, a, b, c, d] = frame.first_chunk()? else {
        return None;
    };
    let side = |low, high| u16::from_le_bytes([low, high]) & 0x3fff;
    (tag & 1 == 0).then(|| (side(a, b), side(c, d)))
}

fn can_be_decoded(keyframe: &[u8]) -> bool {
    dimensions(keyframe).is_some_and(|(width, height)| {
        (1..=MAX_SIDE_PX).contains(&width) && (1..=MAX_SIDE_PX).contains(&height)
    })
}

/// The frame under way.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    data: Vec<u8>,
}

impl Builder {
    /// Whether a frame begins here for which no other is needed.
    pub(crate) fn begins_keyframe(packet: &Packet) -> bool {
        begins_keyframe(&packet.payload)
    }

    pub(crate) fn begins_frame(packet: &Packet) -> bool {
        Descriptor::parse(&packet.payload).is_ok_and(|descriptor| descriptor.is_frame_start())
    }

    /// Appends; false if this payload cannot come next.
    pub(crate) fn push(&mut self, payload: &[u8]) -> bool {
        let Ok(descriptor) = Descriptor::parse(payload) else {
            return false;
        };
        if self.data.is_empty() != descriptor.is_frame_start() {
            return false;
        }
        self.data.extend_from_slice(&payload[descriptor.bytes..]);
        true
    }

    pub(crate) fn bytes(&self) -> usize {
        self.data.len()
    }

    /// The frame and whether it is a key frame; `None` if no decoder should see it.
    pub(crate) fn finish(&mut self) -> Option<(Vec<u8>, bool)> {
        let data = core::mem::take(&mut self.data);
        let is_keyframe = is_keyframe(&data);
        (!data.is_empty() && (!is_keyframe || can_be_decoded(&data))).then_some((data, is_keyframe))
    }

    pub(crate) fn clear(&mut self) {
        self.data.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_stand_in_the_key_frame_header() {
        let header = [0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x00, 0x45, 0xd0, 0x02, 7];
        assert_eq!(
            dimensions(&header),
            Some((1280, 720)),
            "scaling bits are left out"
        );
        assert!(can_be_decoded(&header));
        assert_eq!(dimensions(&header[..9]), None);
        assert_eq!(dimensions(&[1, 2, 0, 0x9d, 1, 0x2a, 0, 5, 0xd0, 2]), None);
        for (width, height) in [(0, 720), (4097, 16), (16, 16383)] {
            let mut bad = header;
            bad[6..8].copy_from_slice(&u16::to_le_bytes(width));
            bad[8..10].copy_from_slice(&u16::to_le_bytes(height));
            assert!(!can_be_decoded(&bad), "{width}x{height}");
        }
    }
}
