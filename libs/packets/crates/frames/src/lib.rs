//! Whole frames out of RTP packets, and RTP packets out of frames: what a transcoder needs between the relay and its
//! codecs (RFC 7741, RFC 6184).
//!
//! Sans-I/O: packets and time go into [`FrameAssembler`]; frames, requests for key frames and the next deadline come
//! out. [`Packetizer`] goes the other way. Whatever a packet says ends in a frame or in a request for a key frame.
#![forbid(unsafe_code)]

mod annexb;
mod assembler;
mod color_space;
mod frame;
mod h264;
mod order;
mod packetizer;
mod requests;
mod vp8;

pub use assembler::{FrameAssembler, Settings};
pub use color_space::{ColorSpace, LatestColorSpace};
pub use frame::{Codec, Frame, is_keyframe};
pub use packetizer::{MAX_PACKET_BYTES, NothingToSend, Packetizer, Packets};
pub use vp8::dimensions as vp8_dimensions;
