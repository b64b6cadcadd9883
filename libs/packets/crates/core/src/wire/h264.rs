//! What a relay asks of H.264: does a key frame begin here, and which parameter sets are these (RFC 6184 section 5).
#![forbid(unsafe_code)]

use super::be16;

const IDR_SLICE: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const MAX_SPS_ID: u32 = 31;
const MAX_PPS_ID: u32 = 255;

/// A NAL unit, or the beginning of one, as an RTP payload has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// nal_unit_type, 0..=31.
    pub kind: u8,
    /// What follows the NAL unit header.
    pub body: &'a [u8],
    /// With its header; `None` for a first fragment.
    pub whole: Option<&'a [u8]>,
}

/// Which of the two parameter sets. Decoders need the first before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParameterSetKind {
    /// SPS.
    Sequence,
    /// PPS.
    Picture,
}

impl Unit<'_> {
    /// Which parameter set this is, if it is one.
    pub fn parameter_set(&self) -> Option<ParameterSetKind> {
        match self.kind {
            SPS => Some(ParameterSetKind::Sequence),
            PPS => Some(ParameterSetKind::Picture),
            _ => None,
        }
    }

    /// seq_parameter_set_id or pic_parameter_set_id; `None` for what is not a parameter set or not one that can be.
    pub fn parameter_set_id(&self) -> Option<u32> {
        match self.parameter_set()? {
            // Behind profile_idc, constraints and level_idc.
            ParameterSetKind::Sequence => exp_golomb(self.body.get(3..)?, MAX_SPS_ID),
            ParameterSetKind::Picture => exp_golomb(self.body, MAX_PPS_ID),
        }
    }

    /// The first slice of an IDR picture: it begins with macroblock 0, coded as a one bit (ITU-T H.264 section 7.3.3).
    pub fn begins_idr_picture(&self) -> bool {
        self.kind == IDR_SLICE && self.body.first().is_some_and(|byte| byte & 0x80 != 0)
    }
}

/// An unsigned Exp-Golomb number at the head of `bytes` (ITU-T H.264 section 9.1), if it is at most `max`, which is
/// below 2^15.
fn exp_golomb(bytes: &[u8], max: u32) -> Option<u32> {
    let mut word = [0; 4];
    let len = bytes.len().min(4);
    word[..len].copy_from_slice(&bytes[..len]);
    let bits = u32::from_be_bytes(word);
    let zeros = bits.leading_zeros();
    if zeros > 15 || (2 * zeros + 1) as usize > len * 8 {
        return None;
    }
    Some((bits >> (31 - 2 * zeros)) - 1).filter(|value| *value <= max)
}

/// The units of an RTP payload: a single one, those of a STAP-A up to where it is cut short, or the one of which an
/// FU-A is the first fragment.
#[inline]
pub fn units(payload: &[u8]) -> Units<'_> {
    match payload {
        [head, units @ ..] if head & 0x1f == STAP_A => Units::Aggregated(units),
        [head, fragment, ..] if head & 0x1f == FU_A => {
            Units::One((fragment & 0x80 != 0).then_some(Unit {
                kind: fragment & 0x1f,
                body: &payload[2..],
                whole: None,
            }))
        }
        [head, body @ ..] => Units::One(Some(Unit {
            kind: head & 0x1f,
            body,
            whole: Some(payload),
        })),
        [] => Units::One(None),
    }
}

/// See [`units`].
#[derive(Clone, Debug)]
pub enum Units<'a> {
    /// What is left of a STAP-A.
    Aggregated(&'a [u8]),
    /// Of any other payload.
    One(Option<Unit<'a>>),
}

impl<'a> Iterator for Units<'a> {
    type Item = Unit<'a>;

    #[inline]
    fn next(&mut self) -> Option<Unit<'a>> {
        let rest = match self {
            Self::One(unit) => return unit.take(),
            Self::Aggregated(rest) => rest,
        };
        let size = be16(rest, 0)?;
        let unit = rest.get(2..2 + usize::from(size))?;
        *rest = &rest[2 + unit.len()..];
        let (header, body) = unit
            .split_first()
            .map_or((0, unit), |(header, body)| (*header, body));
        Some(Unit {
            kind: header & 0x1f,
            body,
            whole: Some(unit),
        })
    }
}

/// Whether this RTP payload holds an IDR slice or SPS: single NAL unit, any of a STAP-A, or the first fragment of an FU-A.
#[inline]
pub fn is_keyframe(payload: &[u8]) -> bool {
    units(payload).any(|unit| matches!(unit.kind, IDR_SLICE | SPS))
}

/// The units in one STAP-A (RFC 6184 section 5.7.1). Each has at least its header and at most 65535 bytes.
pub fn aggregate<'a>(units: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut payload = vec![STAP_A];
    for unit in units {
        // NRI is the highest of them.
        payload[0] = payload[0].max(unit[0] & 0x60 | STAP_A);
        payload.extend_from_slice(&(unit.len() as u16).to_be_bytes());
        payload.extend_from_slice(unit);
    }
    payload
}
