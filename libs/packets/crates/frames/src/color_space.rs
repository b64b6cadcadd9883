//! The color-space header extension, which says what a frame's samples mean
//! (http://www.webrtc.org/experiments/rtp-hdrext/color-space). Carried along, not read.

/// Primaries, transfer, matrix, range and siting; with the metadata of high dynamic range 24 bytes more.
const MAX_BYTES: usize = 28;

/// One value of the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorSpace {
    bytes: [u8; MAX_BYTES],
    len: usize,
}

impl ColorSpace {
    /// What the extension's data says; `None` if it has neither of its two lengths.
    pub fn read(data: &[u8]) -> Option<Self> {
        if !matches!(data.len(), 4 | MAX_BYTES) {
            return None;
        }
        let mut bytes = [0; MAX_BYTES];
        bytes[..data.len()].copy_from_slice(data);
        Some(Self {
            bytes,
            len: data.len(),
        })
    }

    /// The extension's data.
    pub fn data(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The latest that a stream said: with a key frame, or when it changed. A key frame that says nothing takes it back.
#[derive(Clone, Copy, Debug, Default)]
pub struct LatestColorSpace(Option<ColorSpace>);

impl LatestColorSpace {
    /// A frame of the stream.
    pub fn on_frame(&mut self, is_keyframe: bool, said: Option<ColorSpace>) {
        if is_keyframe || said.is_some() {
            self.0 = said;
        }
    }

    /// What holds now.
    pub fn get(&self) -> Option<ColorSpace> {
        self.0
    }
}
