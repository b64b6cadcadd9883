//! What the user asked for, and the fixed-point numbers the passes work with.

use crate::arithmetic::{Veil, mul_high_unsigned, natural_log};
use crate::constants::{full, limited, rosy, sharpen, smooth, whiten};
use crate::picture::Problem;

/// The four strengths, 0 to 100 each; 0 leaves the effect out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strengths {
    pub smooth: f32,
    pub whiten: f32,
    pub rosy: f32,
    pub sharpen: f32,
}

/// Which codes mean black and white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 16 to 235: what WebRTC sends.
    Limited,
    /// 0 to 255.
    Full,
}

impl Strengths {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        for (name, value) in [
            ("smooth", self.smooth),
            ("whiten", self.whiten),
            ("rosy", self.rosy),
            ("sharpen", self.sharpen),
        ] {
            if !(0.0..=100.0).contains(&value) {
                return Err(Problem::Strength { name, value });
            }
        }
        Ok(())
    }
}

/// The levels of a range, and how many of its levels one of limited range is.
#[derive(Clone, Copy)]
pub(crate) struct Levels {
    pub(crate) black: u8,
    pub(crate) white: u8,
    pub(crate) chroma_min: u8,
    pub(crate) chroma_max: u8,
    pub(crate) luma_scale: f32,
    pub(crate) chroma_scale: f32,
}

impl Levels {
    pub(crate) fn of(range: Range) -> Self {
        match range {
            Range::Limited => Self {
                black: limited::BLACK,
                white: limited::WHITE,
                chroma_min: limited::CHROMA_MIN,
                chroma_max: limited::CHROMA_MAX,
                luma_scale: 1.0,
                chroma_scale: 1.0,
            },
            Range::Full => Self {
                black: full::BLACK,
                white: full::WHITE,
                chroma_min: full::CHROMA_MIN,
                chroma_max: full::CHROMA_MAX,
                luma_scale: 255.0 / 219.0,
                chroma_scale: 255.0 / 224.0,
            },
        }
    }
}

/// Fractions as 16-bit numbers: 65535 is 1.
fn fraction(x: f64) -> u16 {
    (x * 65535.0).round() as u16
}

/// `min(1, value / full)` in 16 bits: `value << shift`, the high half of its product with `gain`, doubled.
#[derive(Clone, Copy)]
pub(crate) struct Ramp {
    most: u16,
    factor: u16,
    gain: u16,
}

impl Ramp {
    /// `full`: where 1 is reached, in the unit of the values, at least 100; `most`: the largest value there can be.
    fn new(full: f64, most: u16) -> Self {
        let most = most.min(full.min(65535.0) as u16);
        let factor = 1u16 << (15 - most.ilog2());
        let gain = 65535.0 * 32768.0 / (full * f64::from(factor));
        Self {
            most,
            factor,
            gain: gain.min(65535.0) as u16,
        }
    }

    #[inline(always)]
    pub(crate) fn at(&self, value: u16, veil: Veil) -> u16 {
        let value = if value < self.most { value } else { self.most };
        let aligned = veil.over(value.wrapping_mul(self.factor));
        veil.over(mul_high_unsigned(aligned, veil.over(self.gain))) << 1
    }
}

/// Numbers of the luma passes. "q6" are levels times 64, "q7" times 128.
#[derive(Clone, Copy)]
pub(crate) struct Luma {
    /// Share of the detail that smoothing takes; 65535 is all.
    pub(crate) smooth: u16,
    /// Share of sharpening that skin loses.
    pub(crate) relief: u16,
    /// The most detail that is smoothed.
    pub(crate) detail_most_q7: i16,
    pub(crate) coring_q6: u16,
    pub(crate) sharpen_ramp: Ramp,
    pub(crate) sharpen_limit_q10: u16,
    pub(crate) black_q6: i16,
    pub(crate) white_q6: i16,
    /// From levels above black, q8, to 32767 for white.
    pub(crate) to_unit: u16,
    /// (white - black) times 32.
    pub(crate) span_q5: i16,
    /// Cubic of the whitening curve, times 8192.
    pub(crate) curve: [i16; 4],
}

/// Numbers of the rosy pass.
#[derive(Clone, Copy)]
pub(crate) struct Chroma {
    pub(crate) black_sum: u16,
    pub(crate) ramp: Ramp,
    /// What is added to U and V at full luma, times 64 and without the sign.
    pub(crate) amounts_q6: [u16; 2],
    pub(crate) min: u8,
    pub(crate) max: u8,
}

/// Everything that follows from strengths and range.
#[derive(Clone, Copy)]
pub(crate) struct Parameters {
    pub(crate) levels: Levels,
    pub(crate) luma: Luma,
    pub(crate) chroma: Chroma,
    pub(crate) smooths: bool,
    pub(crate) sharpens: bool,
    pub(crate) whitens: bool,
    pub(crate) reddens: bool,
}

impl Parameters {
    pub(crate) fn new(strengths: &Strengths, range: Range) -> Self {
        let levels = Levels::of(range);
        let span = f64::from(levels.white - levels.black);
        let luma_scale = f64::from(levels.luma_scale);
        let share = f64::from(smooth::FULL) * f64::from(strengths.smooth) / 100.0;
        // Sharpening too weak to count ends the ramp beyond every high-pass there can be.
        let gain = f64::from(sharpen::GAIN) * f64::from(strengths.sharpen) / 100.0;
        let limit = luma_scale * f64::from(sharpen::LIMIT);
        let ramp_end = (2.0 * limit * 64.0 / gain.max(1e-6)).min(1e9);
        let luma = Luma {
            smooth: fraction(share),
            relief: fraction((f64::from(sharpen::RELIEF) * share).min(1.0)),
            detail_most_q7: (f64::from(smooth::DETAIL_MOST) * luma_scale * 128.0).round() as i16,
            coring_q6: (f64::from(sharpen::CORING) * luma_scale * 64.0).round() as u16,
            sharpen_ramp: Ramp::new(ramp_end, 255 * 64),
            sharpen_limit_q10: (limit * 1024.0).round() as u16,
            black_q6: i16::from(levels.black) * 64,
            white_q6: i16::from(levels.white) * 64,
            to_unit: (32767.0 * 65536.0 / (span * 256.0)).round() as u16,
            span_q5: (span * 32.0) as i16,
            curve: whitening_cubic(f64::from(strengths.whiten))
                .map(|c| (c * 8192.0).round() as i16),
        };
        let amount = |at_full: f32| {
            let levels_added = f64::from(at_full.abs())
                * f64::from(rosy::PEAK)
                * f64::from(levels.chroma_scale)
                * f64::from(strengths.rosy)
                / 100.0;
            (levels_added * 64.0).round() as u16
        };
        let chroma = Chroma {
            black_sum: u16::from(levels.black) * 4,
            ramp: Ramp::new(f64::from(rosy::LUMA_KNEE) * luma_scale * 4.0, 255 * 4),
            amounts_q6: [amount(rosy::U), amount(rosy::V)],
            min: levels.chroma_min,
            max: levels.chroma_max,
        };
        Self {
            levels,
            luma,
            chroma,
            smooths: strengths.smooth > 0.0,
            sharpens: strengths.sharpen > 0.0,
            whitens: strengths.whiten > 0.0,
            reddens: strengths.rosy > 0.0,
        }
    }
}

/// The cubic q with `n (1 - n) q(n)` = what whitening adds, exact at four points; lowest power first.
fn whitening_cubic(strength: f64) -> [f64; 4] {
    let slope = f64::from(whiten::BASE) * strength / 100.0;
    if slope < 1e-6 {
        return [0.0; 4];
    }
    let nodes = [0.038_060_2, 0.308_658_3, 0.691_341_7, 0.961_939_8]; // Chebyshev's, on 0..1
    let mut newton = nodes.map(|n| {
        let curve = natural_log(1.0 + slope * n) / natural_log(1.0 + slope);
        (curve - n) / (n * (1.0 - n))
    });
    for order in 1..4 {
        for i in (order..4).rev() {
            newton[i] = (newton[i] - newton[i - 1]) / (nodes[i] - nodes[i - order]);
        }
    }
    let mut cubic = [newton[3], 0.0, 0.0, 0.0];
    for i in (0..3).rev() {
        for power in (1..4).rev() {
            cubic[power] = cubic[power - 1] - nodes[i] * cubic[power];
        }
        cubic[0] = newton[i] - nodes[i] * cubic[0];
    }
    cubic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cubic_is_the_whitening_curve() {
        for strength in 1..=100 {
            let cubic = whitening_cubic(f64::from(strength));
            let base = 1.0 + f64::from(whiten::BASE) * f64::from(strength) / 100.0;
            for level in 0..=219 {
                let n = f64::from(level) / 219.0;
                let exact = (1.0 + (base - 1.0) * n).ln() / base.ln() - n;
                let q = cubic[0] + n * (cubic[1] + n * (cubic[2] + n * cubic[3]));
                let off = 219.0 * (n * (1.0 - n) * q - exact).abs();
                assert!(off < 0.3, "strength {strength}, level {level}: {off}");
            }
            assert!(cubic.iter().all(|c| c.abs() < 3.9), "{cubic:?}");
        }
    }

    #[test]
    fn a_ramp_goes_from_nothing_to_one() {
        for full in [100.5, 600.0, 928.0, 16320.0, 1e9] {
            let ramp = Ramp::new(full, 16320);
            for value in 0..=16320u16 {
                let exact = (f64::from(value) / full).min(1.0);
                let ours = f64::from(ramp.at(value, Veil(0))) / 65535.0;
                assert!((ours - exact).abs() < 0.01, "{value} of {full}");
            }
        }
    }
}
