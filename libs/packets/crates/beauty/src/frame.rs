//! One picture through all passes. Everything here is inlined into one function for each instruction set.

use crate::chroma;
use crate::grid::Grid;
use crate::luma::{self, Around, Input};
use crate::parameters::Parameters;
use crate::picture::{Picture, PictureMut};
use crate::upsample::WideRow;

/// Memory that is kept from picture to picture. Its contents are not.
#[derive(Default)]
pub(crate) struct Scratch {
    grid: Grid,
    wide: [WideRow; 3],
    blurred: Vec<u16>,
    weights: Vec<u16>,
    zeros: Vec<u16>,
}

/// Writes all planes of `out`.
#[inline(always)]
pub(crate) fn run(
    picture: &Picture<'_>,
    out: &mut PictureMut<'_>,
    parameters: &Parameters,
    scratch: &mut Scratch,
) {
    scratch.zeros.resize(picture.width(), 0);
    if parameters.smooths || parameters.sharpens || parameters.whitens {
        run_luma(picture, out, parameters, scratch);
    } else {
        out.planes[0].copy_from(&picture.planes[0]);
    }
    if parameters.reddens {
        run_chroma(picture, out, parameters, scratch);
    } else {
        for plane in 1..3 {
            out.planes[plane].copy_from(&picture.planes[plane]);
        }
    }
}

#[inline(always)]
fn run_luma(
    picture: &Picture<'_>,
    out: &mut PictureMut<'_>,
    parameters: &Parameters,
    scratch: &mut Scratch,
) {
    let (width, height) = (picture.width(), picture.height());
    let plane = &picture.planes[0];
    let Scratch {
        grid,
        wide,
        blurred,
        zeros,
        ..
    } = scratch;
    if parameters.smooths {
        grid.resize(width, height);
        grid.build(picture, &parameters.levels);
        for row in wide.iter_mut() {
            row.resize(grid.width * grid.step);
        }
    }
    blurred.resize(width + 2, 0);
    let mut widened = 0;
    for y in 0..height {
        if parameters.smooths || parameters.sharpens {
            let above = plane.row(y.saturating_sub(1));
            let below = plane.row((y + 1).min(height - 1));
            luma::blur_columns(above, plane.row(y), below, blurred);
        }
        let (mut near, mut far, mut distance) = (0, 0, 0);
        if parameters.smooths {
            let k = y % grid.step;
            near = y / grid.step;
            far = if 2 * k + 1 < grid.step {
                near.saturating_sub(1)
            } else {
                (near + 1).min(grid.height - 1)
            };
            distance = grid.distances[k];
            while widened <= near.max(far) {
                grid.widen(&parameters.levels, zeros, widened, &mut wide[widened % 3]);
                widened += 1;
            }
        }
        let around = Around {
            near: &wide[near % 3],
            far: &wide[far % 3],
            distance,
        };
        let input = Input {
            pixels: plane.row(y),
            blurred,
            zeros,
            around,
        };
        luma::row_with(parameters, input, out.planes[0].row(y));
    }
}

#[inline(always)]
fn run_chroma(
    picture: &Picture<'_>,
    out: &mut PictureMut<'_>,
    parameters: &Parameters,
    scratch: &mut Scratch,
) {
    let [luma, u, v] = &picture.planes;
    let p = &parameters.chroma;
    let Scratch { weights, zeros, .. } = scratch;
    weights.resize(u.width, 0);
    for y in 0..u.height {
        chroma::weights(luma.row(2 * y), luma.row(2 * y + 1), zeros, p, weights);
        chroma::lower(
            u.row(y),
            weights,
            p.amounts_q6[0],
            p.min,
            out.planes[1].row(y),
        );
        chroma::raise(
            v.row(y),
            weights,
            p.amounts_q6[1],
            p.max,
            out.planes[2].row(y),
        );
    }
}
