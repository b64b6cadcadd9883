//! The VP8 payload descriptor: read, key-frame test, rewriting for gap-free layer switches (RFC 7741 section 4.2).
#![forbid(unsafe_code)]

use super::{WireError, be16};

/// Longest descriptor: mandatory octet, X, two of PictureID, TL0PICIDX, TID/KEYIDX.
pub const MAX_DESCRIPTOR_BYTES: usize = 6;

/// A picture id and the width it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    /// 0..=127 or 0..=32767.
    pub value: u16,
    /// The 15-bit form.
    pub is_long: bool,
}

/// The T and Y fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporalLayer {
    /// TID, 0..=3; 0 is the base.
    pub id: u8,
    /// Y: depends on the base layer only, a viewer may switch up here.
    pub is_sync: bool,
}

/// A parsed descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// N: no other frame needs this one.
    pub is_non_reference: bool,
    /// S: first packet of a partition.
    pub is_partition_start: bool,
    /// PID.
    pub partition: u8,
    /// I.
    pub picture_id: Option<PictureId>,
    /// L.
    pub tl0_pic_idx: Option<u8>,
    /// T.
    pub temporal_layer: Option<TemporalLayer>,
    /// K, 0..=31.
    pub key_idx: Option<u8>,
    /// Where the VP8 payload header or data begins.
    pub bytes: usize,
}

impl Descriptor {
    /// Reads the descriptor at the head of an RTP payload. A descriptor with nothing after it is accepted.
    pub fn parse(payload: &[u8]) -> Result<Self, WireError> {
        let byte = |at: usize| payload.get(at).copied().ok_or(WireError::Truncated);
        let first = byte(0)?;
        let mut descriptor = Self {
            is_non_reference: first & 0x20 != 0,
            is_partition_start: first & 0x10 != 0,
            partition: first & 0x07,
            picture_id: None,
            tl0_pic_idx: None,
            temporal_layer: None,
            key_idx: None,
            bytes: 1,
        };
        if first & 0x80 == 0 {
            return Ok(descriptor);
        }
        let present = byte(1)?;
        let mut at = 2;
        if present & 0x80 != 0 {
            let is_long = byte(at)? & 0x80 != 0;
            let value = if is_long {
                be16(payload, at).ok_or(WireError::Truncated)? & 0x7fff
            } else {
                u16::from(byte(at)?)
            };
            descriptor.picture_id = Some(PictureId { value, is_long });
            at += if is_long { 2 } else { 1 };
        }
        if present & 0x40 != 0 {
            descriptor.tl0_pic_idx = Some(byte(at)?);
            at += 1;
        }
        if present & 0x30 != 0 {
            let layers = byte(at)?;
            if present & 0x20 != 0 {
                descriptor.temporal_layer = Some(TemporalLayer {
                    id: layers >> 6,
                    is_sync: layers & 0x20 != 0,
                });
            }
            if present & 0x10 != 0 {
                descriptor.key_idx = Some(layers & 0x1f);
            }
            at += 1;
        }
        descriptor.bytes = at;
        Ok(descriptor)
    }

    /// First packet of the frame: S set and PID 0.
    pub fn is_frame_start(&self) -> bool {
        self.is_partition_start && self.partition == 0
    }

    /// First packet of a key frame (P bit of the frame tag is 0, RFC 7741 section 4.3).
    pub fn is_keyframe_start(&self, payload: &[u8]) -> bool {
        self.is_frame_start() && payload.get(self.bytes).is_some_and(|tag| tag & 1 == 0)
    }

    /// Overwrites picture id and TL0PICIDX where the descriptor has them, keeping their width (a 7-bit id takes the
    /// low 7 bits). `payload` begins with this descriptor, or is a copy of its first `bytes`.
    pub fn rewrite(&self, payload: &mut [u8], picture_id: u16, tl0_pic_idx: u8) {
        // Fields follow the two flag octets in this order.
        let mut at = 2;
        match self.picture_id {
            Some(PictureId { is_long: true, .. }) => {
                if let Some(field) = payload.get_mut(at..at + 2) {
                    field.copy_from_slice(&(picture_id | 0x8000).to_be_bytes());
                }
                at += 2;
            }
            Some(PictureId { is_long: false, .. }) => {
                if let Some(field) = payload.get_mut(at) {
                    *field = (picture_id & 0x7f) as u8;
                }
                at += 1;
            }
            None => {}
        }
        if self.tl0_pic_idx.is_some()
            && let Some(field) = payload.get_mut(at)
        {
            *field = tl0_pic_idx;
        }
    }
}

/// Whether this RTP payload begins a key frame; false for anything malformed.
#[inline]
pub fn is_keyframe(payload: &[u8]) -> bool {
    Descriptor::parse(payload).is_ok_and(|descriptor| descriptor.is_keyframe_start(payload))
}
