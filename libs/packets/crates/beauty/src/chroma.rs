//! The rosy pass: one row of U and V together.

use crate::arithmetic::{Veil, mul_high_unsigned};
use crate::parameters::Chroma;

/// How much of the effect each chroma sample takes, from the two luma rows above it; 65535 is all.
#[inline(always)]
pub(crate) fn weights(upper: &[u8], lower: &[u8], zeros: &[u16], p: &Chroma, out: &mut [u16]) {
    let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
    for ((weight, (a, b)), &zero) in out.iter_mut().zip(pairs).zip(zeros) {
        let veil = Veil(zero);
        let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
        let left_out = veil.over(65535 - p.ramp.at(sum.saturating_sub(p.black_sum), veil));
        *weight = 65535 - mul_high_unsigned(left_out, left_out);
    }
}

/// V moves up.
#[inline(always)]
pub(crate) fn raise(row: &[u8], weights: &[u16], amount_q6: u16, max: u8, out: &mut [u8]) {
    let width = out.len();
    let (row, weights) = (&row[..width], &weights[..width]);
    for x in 0..width {
        let added_q6 = mul_high_unsigned(weights[x], amount_q6);
        let moved = ((u16::from(row[x]) << 6) + added_q6 + 32) >> 6;
        out[x] = moved.min(u16::from(row[x].max(max))) as u8;
    }
}

/// U moves down.
#[inline(always)]
pub(crate) fn lower(row: &[u8], weights: &[u16], amount_q6: u16, min: u8, out: &mut [u8]) {
    let width = out.len();
    let (row, weights) = (&row[..width], &weights[..width]);
    for x in 0..width {
        let taken_q6 = mul_high_unsigned(weights[x], amount_q6);
        let moved = ((u16::from(row[x]) << 6) + 32).saturating_sub(taken_q6) >> 6;
        out[x] = moved.max(u16::from(row[x].min(min))) as u8;
    }
}
