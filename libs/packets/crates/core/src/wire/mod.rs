//! Wire formats as bounds-checked views: no allocation, no panic on any input.
//!
//! Readers borrow the datagram; writers fill a caller's buffer and say how much they used. Whatever the network
//! can send ends in a value or a [`WireError`], never in a panic.
#![forbid(unsafe_code)]

pub mod extensions;
pub mod h264;
pub mod rtcp;
pub mod rtp;
pub mod stun;
pub mod twcc;
pub mod vp8;

use core::fmt;

/// RTCP packet type of transport-layer feedback (RFC 4585 section 6.2): NACKs, and transport-wide feedback.
const TRANSPORT_FEEDBACK: u8 = 205;

/// Why bytes were refused (readers) or could not be written (writers: only `NoRoom` and `OutOfRange`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WireError {
    /// The datagram ends before the structure does.
    Truncated,
    /// The version or magic number is another one.
    BadVersion,
    /// An inner length contradicts the outer one.
    BadLength,
    /// The padding count is zero or larger than what it pads.
    BadPadding,
    /// A field holds a value the format forbids.
    BadValue,
    /// The caller's buffer is too small; nothing usable was written.
    NoRoom,
    /// The caller's value does not fit its field.
    OutOfRange,
}

impl WireError {
    /// A stable name for logs and counters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::BadVersion => "bad-version",
            Self::BadLength => "bad-length",
            Self::BadPadding => "bad-padding",
            Self::BadValue => "bad-value",
            Self::NoRoom => "no-room",
            Self::OutOfRange => "out-of-range",
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for WireError {}

pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u16::from_be_bytes)
}

pub(crate) fn be24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u32::from_be_bytes)
}

pub(crate) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u64::from_be_bytes)
}

/// Appends to a caller's buffer; every write is checked.
pub(crate) struct Cursor<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self { out, at: 0 }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let end = self.at.checked_add(bytes.len()).ok_or(WireError::NoRoom)?;
        self.out
            .get_mut(self.at..end)
            .ok_or(WireError::NoRoom)?
            .copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.at
    }

    pub(crate) fn written(&mut self) -> &mut [u8] {
        &mut self.out[..self.at]
    }
}
