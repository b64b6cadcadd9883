//! The one question a relay asks of H.264: does a key frame begin here (RFC 6184 section 5).
#![forbid(unsafe_code)]

use super::be16;

const IDR_SLICE: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

const fn starts_keyframe(nal_header: u8) -> bool {
    matches!(nal_header & 0x1f, IDR_SLICE | SPS)
}

/// Whether this RTP payload holds an IDR slice or SPS: single NAL unit, any of a STAP-A, or the first fragment of an FU-A.
#[inline]
pub fn is_keyframe(payload: &[u8]) -> bool {
    match *payload {
        [head, ref units @ ..] if head & 0x1f == STAP_A => {
            let mut rest = units;
            while let Some(size) = be16(rest, 0) {
                let Some(unit) = rest.get(2..2 + usize::from(size)) else {
                    return false;
                };
                if unit
                    .first()
                    .is_some_and(|&nal_header| starts_keyframe(nal_header))
                {
                    return true;
                }
                rest = &rest[2 + unit.len()..];
            }
            false
        }
        [head, fragment, ..] if head & 0x1f == FU_A => {
            fragment & 0x80 != 0 && starts_keyframe(fragment)
        }
        [head, ..] => starts_keyframe(head),
        [] => false,
    }
}
