//! The full-resolution luma pass: smoothing, sharpening and whitening of one row in one go.

use crate::arithmetic::{Veil, mul_high, mul_high_unsigned};
use crate::parameters::{Luma, Parameters};
use crate::upsample::WideRow;

/// The grid's values around one row: of the nearest grid row, and of the next one on the pixel's side.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) near: &'a WideRow,
    pub(crate) far: &'a WideRow,
    /// How far towards `far`, times 65536: 0 to 32767.
    pub(crate) distance: i16,
}

/// The column sums of the 3 by 3 blur, [1 2 1] down; `sums` repeats its border once on either side.
#[inline(always)]
pub(crate) fn blur_columns(above: &[u8], row: &[u8], below: &[u8], sums: &mut [u16]) {
    let width = row.len();
    let (above, below) = (&above[..width], &below[..width]);
    let inner = &mut sums[1..=width];
    for x in 0..width {
        inner[x] = u16::from(above[x]) + 2 * u16::from(row[x]) + u16::from(below[x]);
    }
    sums[0] = sums[1];
    sums[width + 1] = sums[width];
}

/// The rows that [`row_with`] reads for one row of output.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) pixels: &'a [u8],
    /// From [`blur_columns`], where there is smoothing or sharpening.
    pub(crate) blurred: &'a [u16],
    /// At least as many as pixels, for [`Veil`].
    pub(crate) zeros: &'a [u16],
    /// Empty rows where there is no smoothing.
    pub(crate) around: Around<'a>,
}

/// Writes one row with the effects that are on, compiled for each combination.
#[inline(always)]
pub(crate) fn row_with(parameters: &Parameters, input: Input<'_>, out: &mut [u8]) {
    let p = &parameters.luma;
    match (parameters.smooths, parameters.sharpens, parameters.whitens) {
        (false, false, false) => out.copy_from_slice(input.pixels),
        (false, false, true) => row::<false, false, true>(input, p, out),
        (false, true, false) => row::<false, true, false>(input, p, out),
        (false, true, true) => row::<false, true, true>(input, p, out),
        (true, false, false) => row::<true, false, false>(input, p, out),
        (true, false, true) => row::<true, false, true>(input, p, out),
        (true, true, false) => row::<true, true, false>(input, p, out),
        (true, true, true) => row::<true, true, true>(input, p, out),
    }
}

#[inline(always)]
fn row<const SMOOTH: bool, const SHARPEN: bool, const WHITEN: bool>(
    input: Input<'_>,
    p: &Luma,
    out: &mut [u8],
) {
    let width = out.len();
    let pixels = &input.pixels[..width];
    let blurs = if SMOOTH || SHARPEN { width } else { 0 };
    let (left, mid, right) = if blurs > 0 {
        (
            &input.blurred[..width],
            &input.blurred[1..][..width],
            &input.blurred[2..][..width],
        )
    } else {
        (&[][..], &[][..], &[][..])
    };
    let empty: &[i16] = &[];
    let Around {
        near,
        far,
        distance,
    } = input.around;
    let (near, far) = if SMOOTH {
        (fields_of(near, width), fields_of(far, width))
    } else {
        ([empty; 4], [empty; 4])
    };
    let zeros = &input.zeros[..width];
    for x in 0..width {
        let veil = Veil(zeros[x]);
        let code = pixels[x];
        let level_q6 = i16::from(code) << 6;
        let mut y_q6 = level_q6;
        let blur_q4 = if SMOOTH || SHARPEN {
            left[x] + 2 * mid[x] + right[x]
        } else {
            0
        };
        let mut skin = 0; // mask times weight, 65535 is 1
        if SMOOTH {
            let at = |field: usize| {
                let here = near[field][x];
                here + mul_high(far[field][x] - here, veil.over_signed(distance))
            };
            let (share, offset_q7) = (at(0) as u16, at(1));
            let detail_q7 = mul_high_unsigned(share, veil.over(u16::from(code) << 8))
                .wrapping_sub(offset_q7 as u16) as i16;
            let detail_q7 = detail_q7.max(-p.detail_most_q7).min(p.detail_most_q7);
            let stands_out =
                mul_high_unsigned(share, veil.over(blur_q4 << 4)).wrapping_sub(offset_q7 as u16);
            // 64 levels are beyond every threshold.
            let distance_q10 = veil.over((stands_out as i16).unsigned_abs().min(8191) << 3);
            let t_q9 = mul_high_unsigned(distance_q10, at(2) as u16).min(511);
            let t = veil.over(t_q9 << 7);
            let rest = veil.over(65535 - mul_high_unsigned(t, t));
            let weight = mul_high_unsigned(rest, rest);
            skin = mul_high_unsigned(weight, veil.over((at(3) as u16) << 1));
            let taken = veil.over(mul_high_unsigned(skin, veil.over(p.smooth)) >> 1);
            y_q6 -= mul_high(taken as i16, detail_q7);
        }
        if SHARPEN {
            let high_q6 = level_q6 - ((blur_q4 << 2) as i16);
            let beyond = high_q6.unsigned_abs().saturating_sub(p.coring_q6);
            let left_out = veil.over(65535 - p.sharpen_ramp.at(beyond, veil));
            let curve = veil.over(65535 - mul_high_unsigned(left_out, left_out));
            let mut added_q10 = mul_high_unsigned(curve, veil.over(p.sharpen_limit_q10));
            if SMOOTH {
                added_q10 = mul_high_unsigned(
                    added_q10,
                    veil.over(65535 - mul_high_unsigned(skin, veil.over(p.relief))),
                );
            }
            let added_q6 = (added_q10 >> 4) as i16;
            let sign = high_q6 >> 15;
            y_q6 += (added_q6 ^ sign) - sign;
            let (floor, ceiling) = (level_q6.min(p.black_q6), level_q6.max(p.white_q6));
            y_q6 = y_q6.max(floor).min(ceiling);
        }
        if WHITEN {
            let above_q6 = (y_q6 - p.black_q6).max(0).min(p.white_q6 - p.black_q6);
            let n = veil.over(mul_high_unsigned(
                veil.over((above_q6 as u16) << 2),
                veil.over(p.to_unit),
            ));
            let arch = mul_high_unsigned(veil.over(n << 1), veil.over((32767 - n) << 1));
            let arch = veil.over(arch) as i16;
            let n = n as i16;
            // Each multiplication halves the scale: it is doubled back.
            let mut q = veil.over_signed(p.curve[3]);
            for power in [2, 1, 0] {
                let half = veil.over_signed(mul_high(n, q));
                q = p.curve[power] + 2 * half;
            }
            let added = veil.over_signed(mul_high(arch, q)) << 4;
            y_q6 += mul_high(added, veil.over_signed(p.span_q5));
        }
        out[x] = ((y_q6 + 32) >> 6).clamp(0, 255) as u8;
    }
}

/// The four fields, each cut to `width`.
#[inline(always)]
fn fields_of(row: &WideRow, width: usize) -> [&[i16]; 4] {
    [
        &row.share[..width],
        &row.offset[..width],
        &row.sharpness[..width],
        &row.mask[..width],
    ]
}
