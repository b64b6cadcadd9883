//! The four beauty effects on I420 pictures, without Python: [`Beautifier::apply`] writes one picture into another.
//!
//! Stateless: what a pixel becomes depends on this picture and the strengths only, so any worker can take any frame. All
//! arithmetic is integer or plain IEEE single precision without fused or reordered operations: every instruction set,
//! row stride and processor gives the same bytes.
//!
//! # The formulas
//!
//! Names in `code` are those of `constants.json`, group and key. Luma `I` and chroma `U`, `V` are codes, 0 to 255. `black`
//! and `white` come from `limited` or `full`; `k = (white - black) / 219` stretches levels given for limited range, chroma
//! levels by 255/224. `clamp(x)` is to 0..1. Strengths are 0 to 100; each stage is left out at 0.
//!
//! 1. **Grid.** `s = max(1, round(min(width, height) / grid.lines))`; the grid is `ceil(width / s)` by `ceil(height / s)`
//!    cells. A cell's luma is the mean of its s by s pixels, its chroma the mean of the s/2 by s/2 samples there (for odd
//!    s: (s+1)/2 samples from floor(s * i / 2) on). Pixels and cells beyond the border repeat the last one.
//! 2. **Skin mask** of a cell, with `cb = (U - 128) / kc`, `cr = (V - 128) / kc` (kc = 1 or 255/224) and
//!    `L = (I - black) / k`: `a = along_u * cb + along_v * cr`, `b = across_u * cb + across_v * cr`, times `pink_weight`
//!    where positive and `yellow_weight` where negative, then the product of
//!    `clamp((hue_outer_slope * a + hue_outer - |b|) / (hue_ramp_slope * max(a, 0) + hue_ramp))`,
//!    `clamp((a - pale_start_slope * L - pale_start) / (pale_ramp_slope * L + pale_ramp))`,
//!    `clamp((vivid_end_slope * L + vivid_end - a) / (vivid_ramp_slope * L + vivid_ramp))` and
//!    `clamp((L - dark_start) / dark_ramp)`; box mean of radius `grid.mask_radius`.
//! 3. **Guided filter** on the grid's luma: mean `m` and variance `v` in a box of radius `grid.guide_radius`;
//!    `l(x, floor) = floor + (1 - floor) * clamp((x - black) / (k * smooth.luma_knee))`;
//!    `e = (k * epsilon * l(m, epsilon_floor))^2`; `c = e / (v + e)` and `o = c * m`, each box-averaged again. `c` is 1 on flat
//!    skin and 0 on an edge; the filter's output would be `I - (c * I - o)`.
//!    `D = max(threshold_least, (c + edge_offset) * k * threshold * l(I - (c * I - o), threshold_floor))`, I being the cell's.
//! 4. **Smoothing**, per pixel, with `c`, `o`, `1 / D` and the mask read bilinearly (cell centres): `g` is the 3 by 3 blur
//!    [1 2 1] of I; `d = c * I - o`, cut to within `k * detail_most` of 0; `t = min(1, |c * g - o| / D)`;
//!    `w = mask * (1 - t^2)^2`; `S = full * strength / 100`; `Y = I - S * w * d`. What stands out (mole, lash, lip line) has
//!    `t = 1` and stays as it is.
//! 5. **Sharpening**: `h = I - g`; `x = clamp(gain * strength / 100 * max(0, |h| - k * coring) / (2 * k * limit))`;
//!    `Y += sign(h) * k * limit * (1 - (1 - x)^2) * (1 - min(1, relief * S) * w)`, then not below `min(I, black)` nor above
//!    `max(I, white)`. Skin that was smoothed is not sharpened again (S and w are 0 without smoothing).
//! 6. **Whitening**: `n = clamp((Y - black) / (white - black))`, `B = 1 + base * strength / 100`,
//!    `Y += (white - black) * (log(1 + (B - 1) * n) / log(B) - n)`. The kernel takes `n * (1 - n)` times a cubic through four
//!    points for the bracket, at most 0.3 levels off. Codes outside black to white stay.
//! 7. **Rosy**, per chroma sample, `L` being the mean of its four input luma pixels above black:
//!    `x = clamp(L / (k * rosy.luma_knee))`, `q = peak * (1 - (1 - x)^2) * strength / 100 * kc`; `V += v * q`, `U += u * q`
//!    (`u` is negative), then not beyond `chroma_min` and `chroma_max`, but never against the effect's direction.
//!
//! Luma is rounded once, at the end. `golden/` holds frames that this kernel made, for other implementations.
#![deny(unsafe_code)]

mod arithmetic;
mod beautifier;
mod chroma;
pub mod constants;
mod frame;
mod grid;
mod instruction_set;
mod luma;
mod parameters;
mod picture;
mod upsample;

pub use beautifier::Beautifier;
pub use instruction_set::InstructionSet;
pub use parameters::{Range, Strengths};
pub use picture::{MAX_SIDE_PX, MIN_SIDE_PX, Picture, PictureMut, Plane, PlaneMut, Problem};
