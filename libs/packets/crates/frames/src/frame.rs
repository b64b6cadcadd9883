//! A frame, and what tells a key frame from others.

use crate::color_space::ColorSpace;
use crate::{h264, vp8};

/// What can be taken apart and put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// RFC 7741.
    Vp8,
    /// RFC 6184, packetization modes 0 and 1.
    H264,
}

/// One whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// VP8 as it is, H.264 as Annex B with four-byte start codes.
    pub data: Vec<u8>,
    /// RTP, 90 kHz.
    pub timestamp: u32,
    /// Decoding can begin here.
    pub is_keyframe: bool,
    /// The byte of the video-orientation extension (3GPP TS 26.114 section 7.4.5), if a packet had one.
    pub orientation: Option<u8>,
    /// What its samples mean, if a packet said so.
    pub color_space: Option<ColorSpace>,
    /// When its last packet arrived.
    pub received_ns: u64,
}

/// Whether decoding can begin with this frame, in the form [`Frame::data`] has.
pub fn is_keyframe(codec: Codec, frame: &[u8]) -> bool {
    match codec {
        Codec::Vp8 => vp8::is_keyframe(frame),
        Codec::H264 => h264::is_keyframe(frame),
    }
}
