//! RTP headers: one checked parse, in-place setters, a writer, sequence arithmetic, and the demultiplexer in front (RFC 3550, RFC 7983).
#![forbid(unsafe_code)]

use super::extensions::{self, Extensions};
use super::{WireError, be16};
use core::ops::Range;

/// What a datagram is, by its first two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// First byte 0..=3.
    Stun,
    /// First byte 20..=63.
    Dtls,
    /// First byte 128..=191, second outside 192..=223.
    Rtp,
    /// First byte 128..=191, second 192..=223 (RFC 5761 section 4).
    Rtcp,
    /// Anything else, and the empty datagram: drop.
    Other,
}

/// Sorts a datagram (RFC 7983 section 7).
#[inline]
pub fn classify(datagram: &[u8]) -> Kind {
    match *datagram {
        [0..=3, ..] => Kind::Stun,
        [20..=63, ..] => Kind::Dtls,
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, _, ..] => Kind::Rtp,
        _ => Kind::Other,
    }
}

/// The fixed part of an RTP header, in bytes.
pub const FIXED_HEADER_BYTES: usize = 12;

/// A parsed header: plain values and offsets, so the packet stays free for decryption and rewriting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Last packet of a video frame, first of a talk spurt.
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    /// Wraps; see [`SequenceUnwrapper`].
    pub sequence_number: u16,
    /// In units of the codec's clock.
    pub timestamp: u32,
    /// The stream.
    pub ssrc: u32,
    /// 0..=15.
    pub csrc_count: u8,
    /// The P bit; the count is only valid after decryption, see [`Header::payload`].
    pub has_padding: bool,
    /// The 16-bit profile of the extension block, if the X bit is set.
    pub extension_profile: Option<u16>,
    /// Offset of the extension data (after its 4-byte head).
    pub extension_offset: u16,
    /// Bytes of extension data.
    pub extension_bytes: u16,
    /// Offset of the payload: everything before is sent in clear by SRTP.
    pub header_bytes: usize,
}

impl Header {
    /// Reads a header; works on protected packets too.
    #[inline]
    pub fn parse(packet: &[u8]) -> Result<Self, WireError> {
        let fixed: &[u8; FIXED_HEADER_BYTES] = packet.first_chunk().ok_or(WireError::Truncated)?;
        if fixed[0] >> 6 != 2 {
            return Err(WireError::BadVersion);
        }
        let csrc_count = fixed[0] & 0x0f;
        let mut header_bytes = FIXED_HEADER_BYTES + 4 * usize::from(csrc_count);
        let mut header = Self {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence_number: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            csrc_count,
            has_padding: fixed[0] & 0x20 != 0,
            extension_profile: None,
            extension_offset: 0,
            extension_bytes: 0,
            header_bytes,
        };
        if fixed[0] & 0x10 != 0 {
            let profile = be16(packet, header_bytes).ok_or(WireError::Truncated)?;
            let words = be16(packet, header_bytes + 2).ok_or(WireError::Truncated)?;
            header_bytes += 4;
            header.extension_profile = Some(profile);
            header.extension_offset =
                u16::try_from(header_bytes).map_err(|_| WireError::BadLength)?;
            header.extension_bytes = words.checked_mul(4).ok_or(WireError::BadLength)?;
            header_bytes += usize::from(header.extension_bytes);
        }
        if header_bytes > packet.len() {
            return Err(WireError::Truncated);
        }
        header.header_bytes = header_bytes;
        Ok(header)
    }

    /// The payload without padding, of a decrypted packet. Empty for a padding-only packet.
    #[inline]
    pub fn payload(&self, packet: &[u8]) -> Result<Range<usize>, WireError> {
        let body = packet
            .get(self.header_bytes..)
            .ok_or(WireError::Truncated)?;
        let padding = match (self.has_padding, body.last()) {
            (false, _) => 0,
            (true, None | Some(0)) => return Err(WireError::BadPadding),
            (true, Some(&count)) => usize::from(count),
        };
        let end = packet
            .len()
            .checked_sub(padding)
            .filter(|&end| end >= self.header_bytes);
        Ok(self.header_bytes..end.ok_or(WireError::BadPadding)?)
    }

    /// The header extension elements; empty without an extension block or with an unknown profile.
    #[inline]
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> Extensions<'a> {
        let start = usize::from(self.extension_offset);
        match (
            self.extension_profile,
            packet.get(start..start + usize::from(self.extension_bytes)),
        ) {
            (Some(profile), Some(data)) => Extensions::new(profile, data),
            _ => Extensions::empty(),
        }
    }
}

/// Setters for the fixed header of one packet.
pub struct HeaderMut<'a> {
    fixed: &'a mut [u8; FIXED_HEADER_BYTES],
}

impl<'a> HeaderMut<'a> {
    /// Borrows the header of a packet of at least 12 bytes.
    #[inline]
    pub fn new(packet: &'a mut [u8]) -> Result<Self, WireError> {
        Ok(Self {
            fixed: packet.first_chunk_mut().ok_or(WireError::Truncated)?,
        })
    }

    /// Sets or clears M.
    pub fn set_marker(&mut self, marker: bool) {
        self.fixed[1] = self.fixed[1] & 0x7f | u8::from(marker) << 7;
    }

    /// Sets or clears P.
    pub fn set_padding(&mut self, padding: bool) {
        self.fixed[0] = self.fixed[0] & 0xdf | u8::from(padding) << 5;
    }

    /// Takes the low seven bits.
    pub fn set_payload_type(&mut self, payload_type: u8) {
        self.fixed[1] = self.fixed[1] & 0x80 | payload_type & 0x7f;
    }

    /// Bytes 2 and 3.
    pub fn set_sequence_number(&mut self, sequence_number: u16) {
        self.fixed[2..4].copy_from_slice(&sequence_number.to_be_bytes());
    }

    /// Bytes 4 to 7.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        self.fixed[4..8].copy_from_slice(&timestamp.to_be_bytes());
    }

    /// Bytes 8 to 11.
    pub fn set_ssrc(&mut self, ssrc: u32) {
        self.fixed[8..12].copy_from_slice(&ssrc.to_be_bytes());
    }
}

/// What [`write_header`] needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// M.
    pub marker: bool,
    /// P; the caller appends the padding itself.
    pub has_padding: bool,
    /// 0..=127, else `OutOfRange`.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence_number: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// SSRC.
    pub ssrc: u32,
}

/// Writes a header without CSRCs and, if `elements` is not empty, an extension block; gives the header's length.
pub fn write_header(
    out: &mut [u8],
    fields: &HeaderFields,
    elements: &[(u8, &[u8])],
) -> Result<usize, WireError> {
    if fields.payload_type > 127 {
        return Err(WireError::OutOfRange);
    }
    let (fixed, rest) = out
        .split_at_mut_checked(FIXED_HEADER_BYTES)
        .ok_or(WireError::NoRoom)?;
    let block = extensions::write(rest, elements)?;
    fixed[0] = 0x80 | u8::from(fields.has_padding) << 5 | u8::from(block > 0) << 4;
    fixed[1] = u8::from(fields.marker) << 7 | fields.payload_type;
    fixed[2..4].copy_from_slice(&fields.sequence_number.to_be_bytes());
    fixed[4..8].copy_from_slice(&fields.timestamp.to_be_bytes());
    fixed[8..12].copy_from_slice(&fields.ssrc.to_be_bytes());
    Ok(FIXED_HEADER_BYTES + block)
}

/// Whether `a` comes after `b`, modulo 2^16 (RFC 1982; half the circle away counts as after if numerically larger).
#[inline]
pub fn is_newer(a: u16, b: u16) -> bool {
    step(a, b) > 0
}

/// The shorter way from `b` to `a` on the circle.
fn step(a: u16, b: u16) -> i64 {
    match a.wrapping_sub(b) {
        0x8000 if a > b => 0x8000,
        difference => i64::from(difference as i16),
    }
}

/// Turns 16-bit sequence numbers into ones that never wrap.
///
/// The first number stands for itself (so the low 32 bits are RFC 3550's extended sequence number); packets
/// from before it give negative values. Each number is placed within half a circle of the highest seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceUnwrapper {
    highest: Option<i64>,
}

impl SequenceUnwrapper {
    /// Nothing seen.
    pub const fn new() -> Self {
        Self { highest: None }
    }

    /// Unwraps and remembers. Call for authenticated packets only.
    #[inline]
    pub fn unwrap(&mut self, sequence_number: u16) -> i64 {
        let unwrapped = self.peek(sequence_number);
        self.highest = self.highest.max(Some(unwrapped));
        unwrapped
    }

    /// Unwraps without remembering.
    #[inline]
    pub fn peek(&self, sequence_number: u16) -> i64 {
        match self.highest {
            None => i64::from(sequence_number),
            Some(highest) => highest + step(sequence_number, highest as u16),
        }
    }

    /// The highest so far.
    pub fn highest(&self) -> Option<i64> {
        self.highest
    }
}
