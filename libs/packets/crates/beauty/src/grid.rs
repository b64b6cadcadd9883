//! The picture at about 180 lines: where skin is, and the guided filter's coefficients.

use crate::arithmetic::{nearest, unit};
use crate::constants::grid::{GUIDE_RADIUS, LINES, MASK_RADIUS};
use crate::constants::{skin, smooth};
use crate::parameters::Levels;
use crate::picture::Picture;
use crate::upsample::{WideRow, distance, widen_by};

/// Luma is kept times 16.
const LUMA_SCALE: f32 = 16.0;
const GUIDE_BOX: usize = 2 * GUIDE_RADIUS + 1;
const MASK_BOX: usize = 2 * MASK_RADIUS + 1;

/// Pixels of one cell side.
pub(crate) fn step_of(width: usize, height: usize) -> usize {
    ((width.min(height) + LINES / 2) / LINES).max(1)
}

/// Cells row by row, and the row buffers of the passes over them.
#[derive(Default)]
pub(crate) struct Grid {
    pub(crate) step: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Mean luma, times 16.
    luma: Vec<u16>,
    /// Skin, times 32767.
    mask: Vec<u16>,
    /// Share of detail, times 32767.
    share: Vec<u16>,
    /// Share times mean, q7.
    offset: Vec<u16>,
    /// How far each pixel of a cell is from its centre.
    pub(crate) distances: Vec<i16>,
    columns: Vec<u16>,
    chroma: [Vec<u32>; 2],
    /// Column sums of two quantities over a box, with the border repeated on either side.
    sums: [Vec<u32>; 3],
    narrow: [Vec<i16>; 4],
}

impl Grid {
    pub(crate) fn resize(&mut self, width: usize, height: usize) {
        self.step = step_of(width, height);
        self.width = width.div_ceil(self.step);
        self.height = height.div_ceil(self.step);
        let cells = self.width * self.height;
        for plane in [
            &mut self.luma,
            &mut self.mask,
            &mut self.share,
            &mut self.offset,
        ] {
            plane.resize(cells, 0);
        }
        let step = self.step;
        self.distances.clear();
        self.distances.extend((0..step).map(|k| distance(k, step)));
        self.columns.resize(self.width * step + step, 0);
        for row in &mut self.chroma {
            row.resize(self.width, 0);
        }
        for row in &mut self.sums {
            row.resize(self.width + 2 * GUIDE_RADIUS, 0);
        }
        for row in &mut self.narrow {
            row.resize(self.width + 2, 0);
        }
    }

    /// Fills the whole grid from the picture.
    #[inline(always)]
    pub(crate) fn build(&mut self, picture: &Picture<'_>, levels: &Levels) {
        for j in 0..self.height {
            self.shrink(picture, levels, j);
        }
        self.filter(levels);
    }

    /// Means and mask of grid row `j`.
    #[inline(always)]
    fn shrink(&mut self, picture: &Picture<'_>, levels: &Levels, j: usize) {
        let (step, cells) = (self.step, self.width);
        let row = j * cells..(j + 1) * cells;
        let luma = &mut self.luma[row.clone()];
        let plane = &picture.planes[0];
        // 16 / step^2, rounding as late as 32 bits allow: sums are below 2^20 for every step up to 46.
        let factor = ((16 << 16) + step * step / 2) / (step * step);
        column_sums(plane, j * step, step, cells * step, &mut self.columns);
        cell_sums(&self.columns, step, luma, |sum| {
            ((sum * factor as u32 + 32768) >> 16) as u16
        });
        // Samples of a cell: those from floor(step * i / 2) on.
        let taps = step.div_ceil(2);
        let needed = (cells * step).div_ceil(2) + 1;
        for (plane, sums) in picture.planes[1..].iter().zip(&mut self.chroma) {
            column_sums(plane, j * step / 2, taps, needed, &mut self.columns);
            if step.is_multiple_of(2) {
                cell_sums(&self.columns, taps, sums, |sum| sum);
            } else {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let samples = &self.columns[i * step / 2..][..taps];
                    *sum = samples.iter().map(|&s| u32::from(s)).sum();
                }
            }
        }
        let per_sample = 1.0 / ((taps * taps) as f32);
        mask_row(
            &self.luma[row.clone()],
            [&self.chroma[0], &self.chroma[1]],
            per_sample,
            levels,
            &mut self.mask[row],
        );
    }

    /// The guided filter's share and offset of every cell, not yet averaged.
    #[inline(always)]
    fn filter(&mut self, levels: &Levels) {
        let (cells, rows) = (self.width, self.height);
        let [sum, squares, _] = &mut self.sums;
        for j in 0..rows {
            let luma = &self.luma;
            slide(luma, cells, rows, j, GUIDE_RADIUS, sum, u32::from);
            slide(luma, cells, rows, j, GUIDE_RADIUS, squares, |x| {
                u32::from(x) * u32::from(x)
            });
            let row = j * cells..(j + 1) * cells;
            guide_row(
                sum,
                squares,
                levels,
                &mut self.share[row.clone()],
                &mut self.offset[row],
            );
        }
    }

    /// The averaged coefficients, threshold and mask of grid row `j` at full width. Rows are asked for in order.
    #[inline(always)]
    pub(crate) fn widen(&mut self, levels: &Levels, zeros: &[u16], j: usize, out: &mut WideRow) {
        let (cells, rows, step) = (self.width, self.height, self.step);
        let [share, offset, mask] = &mut self.sums;
        let plain = u32::from;
        slide(&self.share, cells, rows, j, GUIDE_RADIUS, share, plain);
        slide(&self.offset, cells, rows, j, GUIDE_RADIUS, offset, plain);
        slide(&self.mask, cells, rows, j, MASK_RADIUS, mask, plain);
        let luma = &self.luma[j * cells..(j + 1) * cells];
        coefficients_row(share, offset, mask, luma, levels, &mut self.narrow);
        let wide = [
            &mut out.share,
            &mut out.offset,
            &mut out.sharpness,
            &mut out.mask,
        ];
        for (narrow, wide) in self.narrow.iter_mut().zip(wide) {
            narrow[0] = narrow[1];
            narrow[cells + 1] = narrow[cells];
            widen_by(narrow, wide, zeros, step, &self.distances);
        }
    }
}

/// Adds up `count` rows from `first` on into `sums`, `needed` long; beyond the border the last row and column repeat.
#[inline(always)]
fn column_sums(
    plane: &crate::picture::Plane<'_>,
    first: usize,
    count: usize,
    needed: usize,
    sums: &mut [u16],
) {
    let width = plane.width.min(needed);
    let last = plane.height - 1;
    let inner = &mut sums[..width];
    let row = |k: usize| &plane.row((first + k).min(last))[..width];
    let mut k = 0;
    if count % 2 == 1 {
        for (sum, &a) in inner.iter_mut().zip(row(0)) {
            *sum = u16::from(a);
        }
        k = 1;
    } else {
        for ((sum, &a), &b) in inner.iter_mut().zip(row(0)).zip(row(1)) {
            *sum = u16::from(a) + u16::from(b);
        }
        k += 2;
    }
    while k < count {
        for ((sum, &a), &b) in inner.iter_mut().zip(row(k)).zip(row(k + 1)) {
            *sum += u16::from(a) + u16::from(b);
        }
        k += 2;
    }
    let border = sums[width - 1];
    sums[width..needed].fill(border);
}

#[inline(always)]
fn cell_sums_by<const STEP: usize, T>(
    columns: &[u16],
    step: usize,
    out: &mut [T],
    finish: impl Fn(u32) -> T,
) {
    let step = if STEP == 0 { step } else { STEP };
    for (out, columns) in out.iter_mut().zip(columns.chunks_exact(step)) {
        let mut sum = 0;
        for &column in columns {
            sum += u32::from(column);
        }
        *out = finish(sum);
    }
}

/// One value for each `step` columns.
#[inline(always)]
fn cell_sums<T>(columns: &[u16], step: usize, out: &mut [T], finish: impl Fn(u32) -> T) {
    match step {
        1 => cell_sums_by::<1, T>(columns, step, out, finish),
        2 => cell_sums_by::<2, T>(columns, step, out, finish),
        3 => cell_sums_by::<3, T>(columns, step, out, finish),
        4 => cell_sums_by::<4, T>(columns, step, out, finish),
        6 => cell_sums_by::<6, T>(columns, step, out, finish),
        8 => cell_sums_by::<8, T>(columns, step, out, finish),
        _ => cell_sums_by::<0, T>(columns, step, out, finish),
    }
}

/// Step 2 of the formulas, before the box mean.
#[inline(always)]
fn mask_row(luma: &[u16], chroma: [&[u32]; 2], per_sample: f32, levels: &Levels, mask: &mut [u16]) {
    let cells = mask.len();
    let (luma, u, v) = (&luma[..cells], &chroma[0][..cells], &chroma[1][..cells]);
    let black = f32::from(levels.black);
    let (luma_unit, chroma_unit) = (1.0 / levels.luma_scale, 1.0 / levels.chroma_scale);
    for i in 0..cells {
        let cb = (u[i] as i32 as f32 * per_sample - 128.0) * chroma_unit;
        let cr = (v[i] as i32 as f32 * per_sample - 128.0) * chroma_unit;
        let level = (f32::from(luma[i]) * (1.0 / LUMA_SCALE) - black) * luma_unit;
        let level = if level > 0.0 { level } else { 0.0 };
        let along = skin::ALONG_U * cb + skin::ALONG_V * cr;
        let across = skin::ACROSS_U * cb + skin::ACROSS_V * cr;
        let across = if across > 0.0 {
            skin::PINK_WEIGHT * across
        } else {
            -skin::YELLOW_WEIGHT * across
        };
        let reach = if along > 0.0 { along } else { 0.0 };
        let hue = unit(
            (skin::HUE_OUTER_SLOPE * along + skin::HUE_OUTER - across)
                / (skin::HUE_RAMP_SLOPE * reach + skin::HUE_RAMP),
        );
        let coloured = unit(
            (along - skin::PALE_START_SLOPE * level - skin::PALE_START)
                / (skin::PALE_RAMP_SLOPE * level + skin::PALE_RAMP),
        );
        let muted = unit(
            (skin::VIVID_END_SLOPE * level + skin::VIVID_END - along)
                / (skin::VIVID_RAMP_SLOPE * level + skin::VIVID_RAMP),
        );
        let lit = unit((level - skin::DARK_START) * (1.0 / skin::DARK_RAMP));
        mask[i] = nearest(hue * coloured * muted * lit * 32767.0);
    }
}

/// Column sums of the box around row `j`, from those of the row before (or afresh for row 0), then the repeated border.
#[inline(always)]
fn slide(
    plane: &[u16],
    cells: usize,
    rows: usize,
    j: usize,
    radius: usize,
    sums: &mut [u32],
    value: impl Fn(u16) -> u32,
) {
    let row = |j: usize| &plane[j.min(rows - 1) * cells..][..cells];
    let inner = &mut sums[radius..][..cells];
    if j == 0 {
        inner.fill(0);
        for k in 0..=2 * radius {
            for (sum, &x) in inner.iter_mut().zip(row(k.saturating_sub(radius))) {
                *sum += value(x);
            }
        }
    } else {
        let (enters, leaves) = (row(j + radius), row((j - 1).saturating_sub(radius)));
        for ((sum, &new), &old) in inner.iter_mut().zip(enters).zip(leaves) {
            *sum = sum.wrapping_add(value(new)).wrapping_sub(value(old));
        }
    }
    let (first, last) = (sums[radius], sums[radius + cells - 1]);
    sums[..radius].fill(first);
    sums[radius + cells..][..radius].fill(last);
}

/// The sum of `N` values from `i` on.
#[inline(always)]
fn across<const N: usize>(sums: &[u32], i: usize) -> f32 {
    let window = &sums[i..i + N];
    let mut total = 0;
    for &sum in window {
        total += sum;
    }
    total as i32 as f32
}

/// How strict a limit is at this luma: `floor` in the dark, 1 from the knee on.
#[inline(always)]
fn with_luma(level: f32, floor: f32, black: f32, per_knee: f32) -> f32 {
    floor + (1.0 - floor) * unit((level - black) * per_knee)
}

/// Step 3 of the formulas up to the first `c` and `o`.
#[inline(always)]
fn guide_row(sum: &[u32], squares: &[u32], levels: &Levels, share: &mut [u16], offset: &mut [u16]) {
    let cells = share.len();
    let padded = cells + GUIDE_BOX - 1;
    let (sum, squares, offset) = (&sum[..padded], &squares[..padded], &mut offset[..cells]);
    let black = f32::from(levels.black);
    let per_knee = 1.0 / (smooth::LUMA_KNEE * levels.luma_scale);
    let epsilon = smooth::EPSILON * levels.luma_scale;
    let area = (GUIDE_BOX * GUIDE_BOX) as f32;
    for i in 0..cells {
        let mean = across::<GUIDE_BOX>(sum, i) * (1.0 / (area * LUMA_SCALE));
        let square = across::<GUIDE_BOX>(squares, i) * (1.0 / (area * LUMA_SCALE * LUMA_SCALE));
        let variance = square - mean * mean;
        let variance = if variance > 0.0 { variance } else { 0.0 };
        let e = epsilon * with_luma(mean, smooth::EPSILON_FLOOR, black, per_knee);
        let c = e * e / (variance + e * e);
        share[i] = nearest(c * 32767.0);
        offset[i] = nearest(c * mean * 128.0);
    }
}

/// The rest of step 3, and the averaged mask.
#[inline(always)]
fn coefficients_row(
    share: &[u32],
    offset: &[u32],
    mask: &[u32],
    luma: &[u16],
    levels: &Levels,
    out: &mut [Vec<i16>; 4],
) {
    let cells = luma.len();
    let padded = cells + GUIDE_BOX - 1;
    let (share, offset) = (&share[..padded], &offset[..padded]);
    let mask = &mask[..cells + MASK_BOX - 1];
    let [wide_share, wide_offset, sharpness, wide_mask] = out;
    let (wide_share, wide_offset) = (
        &mut wide_share[1..][..cells],
        &mut wide_offset[1..][..cells],
    );
    let (sharpness, wide_mask) = (&mut sharpness[1..][..cells], &mut wide_mask[1..][..cells]);
    let black = f32::from(levels.black);
    let per_knee = 1.0 / (smooth::LUMA_KNEE * levels.luma_scale);
    let threshold = smooth::THRESHOLD * levels.luma_scale;
    let per_area = 1.0 / (GUIDE_BOX * GUIDE_BOX) as f32;
    for i in 0..cells {
        let c_wide = across::<GUIDE_BOX>(share, i) * per_area;
        let o_wide = across::<GUIDE_BOX>(offset, i) * per_area;
        let (c, o) = (c_wide * (1.0 / 32767.0), o_wide * (1.0 / 128.0));
        let level = f32::from(luma[i]) * (1.0 / LUMA_SCALE);
        let local = with_luma(
            level - (c * level - o),
            smooth::THRESHOLD_FLOOR,
            black,
            per_knee,
        );
        let least = (c + smooth::EDGE_OFFSET) * threshold * local;
        let least = if least > smooth::THRESHOLD_LEAST {
            least
        } else {
            smooth::THRESHOLD_LEAST
        };
        wide_share[i] = nearest(c_wide) as i16;
        wide_offset[i] = nearest(o_wide) as i16;
        sharpness[i] = nearest(32767.0 / least) as i16;
        wide_mask[i] =
            nearest(across::<MASK_BOX>(mask, i) * (1.0 / (MASK_BOX * MASK_BOX) as f32)) as i16;
    }
}
