//! From grid rows to full-width rows: bilinear along the row, once for each grid row.

use crate::arithmetic::{Veil, mul_high};

/// The four fields of one grid row at every pixel of a row, each `width` long.
#[derive(Default)]
pub(crate) struct WideRow {
    /// Share of detail, times 32767.
    pub(crate) share: Vec<i16>,
    /// Share times local mean, q7.
    pub(crate) offset: Vec<i16>,
    /// One over the threshold, times 32767.
    pub(crate) sharpness: Vec<i16>,
    /// The skin mask, times 32767.
    pub(crate) mask: Vec<i16>,
}

impl WideRow {
    pub(crate) fn resize(&mut self, width: usize) {
        for field in [
            &mut self.share,
            &mut self.offset,
            &mut self.sharpness,
            &mut self.mask,
        ] {
            field.resize(width, 0);
        }
    }
}

/// How far pixel `k` of a cell is from the cell's centre towards its neighbour, times 65536: 0 to 32767.
pub(crate) fn distance(k: usize, step: usize) -> i16 {
    let twice = (2 * k + 1).abs_diff(step); // in half pixels
    ((twice * 32768) / step).min(32767) as i16
}

/// Writes `out` from `cells`, which repeats its border cell once on either side. `STEP` 0 means any.
#[inline(always)]
fn widen<const STEP: usize>(
    cells: &[i16],
    out: &mut [i16],
    zeros: &[u16],
    step: usize,
    distances: &[i16],
) {
    let step = if STEP == 0 { step } else { STEP };
    let distances = &distances[..step];
    for ((cell, out), &zero) in cells.windows(3).zip(out.chunks_exact_mut(step)).zip(zeros) {
        let veil = Veil(zero);
        let (before, here, after) = (cell[0], cell[1], cell[2]);
        for k in 0..step {
            let towards = if 2 * k + 1 < step { before } else { after };
            out[k] = here + mul_high(towards - here, veil.over_signed(distances[k]));
        }
    }
}

/// The same for the steps that occur, compiled for each.
#[inline(always)]
pub(crate) fn widen_by(
    cells: &[i16],
    out: &mut [i16],
    zeros: &[u16],
    step: usize,
    distances: &[i16],
) {
    match step {
        1 => out.copy_from_slice(&cells[1..=out.len()]),
        2 => widen::<2>(cells, out, zeros, step, distances),
        3 => widen::<3>(cells, out, zeros, step, distances),
        4 => widen::<4>(cells, out, zeros, step, distances),
        6 => widen::<6>(cells, out, zeros, step, distances),
        8 => widen::<8>(cells, out, zeros, step, distances),
        _ => widen::<0>(cells, out, zeros, step, distances),
    }
}
