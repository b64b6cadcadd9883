//! H.264 access units from RTP payloads (RFC 6184): single NAL units, STAP-A and FU-A.

use salon_packets_core::wire::h264::is_keyframe as holds_keyframe;

use crate::annexb::{START_CODE, Units};
use crate::order::Packet;

pub(crate) const SLICE: u8 = 1;
pub(crate) const IDR_SLICE: u8 = 5;
pub(crate) const SPS: u8 = 7;
pub(crate) const PPS: u8 = 8;
pub(crate) const STAP_A: u8 = 24;
pub(crate) const FU_A: u8 = 28;
pub(crate) const FU_START: u8 = 0x80;
pub(crate) const FU_END: u8 = 0x40;

/// Parameter sets of a stream are some dozens of bytes; more is not kept.
const MAX_PARAMETER_SET_BYTES: usize = 16_384;

pub(crate) fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & 0x1f)
}

/// Whether decoding can begin with this access unit: an IDR picture, or one that brings its parameter sets.
pub(crate) fn is_keyframe(frame: &[u8]) -> bool {
    let mut content = Content::default();
    Units::new(frame).for_each(|unit| content.note(kind(unit)));
    content.is_keyframe()
}

/// The units of a STAP-A after its header; ends early where one is cut off.
fn aggregated(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        let (&size, units) = rest.split_first_chunk()?;
        let (unit, units) = units.split_at_checked(usize::from(u16::from_be_bytes(size)))?;
        rest = units;
        Some(unit)
    })
}

fn holds_sps(payload: &[u8]) -> bool {
    match payload {
        [head, units @ ..] if head & 0x1f == STAP_A => {
            aggregated(units).any(|unit| kind(unit) == SPS)
        }
        _ => kind(payload) == SPS,
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Content {
    has_slice: bool,
    has_idr: bool,
    has_sps: bool,
    has_pps: bool,
}

impl Content {
    fn note(&mut self, kind: u8) {
        self.has_slice |= (SLICE..=IDR_SLICE).contains(&kind);
        self.has_idr |= kind == IDR_SLICE;
        self.has_sps |= kind == SPS;
        self.has_pps |= kind == PPS;
    }

    fn is_keyframe(self) -> bool {
        self.has_idr || self.has_sps && self.has_slice
    }
}

/// The access unit under way, and the parameter sets of those before it.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    data: Vec<u8>,
    content: Content,
    /// An FU-A has begun and not ended.
    is_unit_open: bool,
    /// Annex B.
    parameter_sets: Vec<u8>,
}

impl Builder {
    /// Whether an access unit begins here for which no other is needed, or parameter sets for one. The first slice of a picture begins with
    /// macroblock 0, coded as a one bit (ITU-T H.264 section 7.3.3): later slices are no beginning. Nor is a slice
    /// behind a gap, because its parameter sets may be what is missing.
    pub(crate) fn begins_keyframe(packet: &Packet, follows_gap: bool) -> bool {
        let payload = &packet.payload[..];
        if holds_sps(payload) {
            return true;
        }
        if follows_gap {
            return false;
        }
        if !holds_keyframe(payload) {
            return kind(payload) == PPS;
        }
        let first_byte_of_slice = match *payload {
            [head, second, ..] if head & 0x1f == IDR_SLICE => second,
            [head, fragment, third, ..] if head & 0x1f == FU_A && fragment & 0x1f == IDR_SLICE => {
                third
            }
            _ => return true,
        };
        first_byte_of_slice & 0x80 != 0
    }

    /// Appends; false if this payload cannot come next.
    pub(crate) fn push(&mut self, payload: &[u8]) -> bool {
        match kind(payload) {
            STAP_A => !self.is_unit_open && self.push_aggregate(&payload[1..]),
            FU_A => self.push_fragment(payload),
            25..=27 | 29 => false,
            _ => {
                if self.is_unit_open {
                    return false;
                }
                self.push_unit(payload);
                true
            }
        }
    }

    fn push_aggregate(&mut self, units: &[u8]) -> bool {
        let mut bytes = 0;
        for unit in aggregated(units) {
            if kind(unit) >= STAP_A {
                return false;
            }
            self.push_unit(unit);
            bytes += 2 + unit.len();
        }
        bytes == units.len()
    }

    fn push_fragment(&mut self, payload: &[u8]) -> bool {
        let &[indicator, fragment, ref body @ ..] = payload else {
            return false;
        };
        let is_start = fragment & FU_START != 0;
        if is_start == self.is_unit_open || !(SLICE..STAP_A).contains(&(fragment & 0x1f)) {
            return false;
        }
        if is_start {
            self.push_unit(&[indicator & 0xe0 | fragment & 0x1f]);
        }
        self.data.extend_from_slice(body);
        self.is_unit_open = fragment & FU_END == 0;
        true
    }

    /// Delimiters and filler mean nothing to a decoder; what is not defined for these profiles might to ours.
    fn push_unit(&mut self, unit: &[u8]) {
        let kind = kind(unit);
        if (SLICE..=PPS).contains(&kind) {
            self.content.note(kind);
            self.data.extend_from_slice(&START_CODE);
            self.data.extend_from_slice(unit);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.data.len() + self.parameter_sets.len()
    }

    /// The access unit and whether it is a key frame; `None` if it is not complete. Empty if it had no picture.
    pub(crate) fn finish(&mut self) -> Option<(Vec<u8>, bool)> {
        if core::mem::take(&mut self.is_unit_open) {
            self.clear();
            return None;
        }
        let mut data = core::mem::take(&mut self.data);
        let content = core::mem::take(&mut self.content);
        if content.has_sps || content.has_pps {
            self.keep_parameter_sets(&data, content);
        }
        if !content.has_slice {
            data.clear();
        } else if content.has_idr && !content.has_sps {
            data.splice(..0, self.parameter_sets.iter().copied());
        }
        Some((data, content.is_keyframe()))
    }

    fn keep_parameter_sets(&mut self, data: &[u8], content: Content) {
        if content.has_sps {
            self.parameter_sets.clear();
        }
        for unit in Units::new(data).filter(|unit| matches!(kind(unit), SPS | PPS)) {
            if self.parameter_sets.len() + START_CODE.len() + unit.len() <= MAX_PARAMETER_SET_BYTES
            {
                self.parameter_sets.extend_from_slice(&START_CODE);
                self.parameter_sets.extend_from_slice(unit);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.data.clear();
        self.content = Content::default();
        self.is_unit_open = false;
    }
}
