//! The whitening curve at every level and strength, and the two ranges.

use crate::support::{Frame, all, noise, sharpen, whiten};
use salon_beauty::Range;

/// What each of the 256 codes becomes.
fn curve(strength: f32, range: Range) -> Vec<u8> {
    let levels = Frame::made(
        256,
        16,
        |plane, x, _| if plane == 0 { x as u8 } else { 128 },
    );
    levels.with_range(whiten(strength), range).samples(0)[..256].to_vec()
}

#[test]
fn whitening_rises_with_level_and_strength() {
    for range in [Range::Limited, Range::Full] {
        let mut before: Vec<u8> = (0..=255).collect();
        for strength in 0..=100 {
            let now = curve(strength as f32, range);
            assert!(now.is_sorted(), "{range:?} {strength}");
            assert!(
                now.windows(2).all(|pair| pair[1] - pair[0] <= 3),
                "{range:?} {strength}"
            );
            assert!(now.iter().zip(&before).all(|(now, before)| now >= before));
            before = now;
        }
    }
}

#[test]
fn whitening_is_the_logarithm_of_the_formula() {
    for (range, black, span) in [(Range::Limited, 16.0, 219.0), (Range::Full, 0.0, 255.0)] {
        for strength in [1.0f32, 25.0, 50.0, 100.0] {
            let base = 1.0 + 3.0 * f64::from(strength) / 100.0;
            for (level, now) in curve(strength, range).into_iter().enumerate() {
                let n = ((level as f64 - black) / span).clamp(0.0, 1.0);
                let added = span * ((1.0 + (base - 1.0) * n).ln() / base.ln() - n);
                let off = f64::from(now) - (level as f64 + added);
                assert!(off.abs() < 0.85, "{range:?} {strength} {level}: {off}");
            }
        }
    }
}

#[test]
fn half_whitening_brightens_mid_grey_by_20_to_28() {
    let grey = curve(50.0, Range::Limited)[126];
    assert!((146..=154).contains(&grey), "{grey}");
}

#[test]
fn limited_range_keeps_the_codes_beyond_black_and_white() {
    let now = curve(100.0, Range::Limited);
    for code in (0..=16).chain(235..=255) {
        assert_eq!(usize::from(now[code]), code);
    }
    assert_eq!(curve(100.0, Range::Full)[255], 255);
    assert_eq!(curve(100.0, Range::Full)[0], 0);
    assert!(curve(100.0, Range::Full)[8] > 8);
}

#[test]
fn sharpening_stays_between_black_and_white_unless_the_pixel_was_not() {
    let stripes = Frame::made(64, 64, |plane, x, y| match plane {
        0 => [16, 235, 4, 250][(x / 3 + y / 5) % 4],
        _ => 128,
    });
    let out = stripes.with(sharpen(100.0));
    for (before, now) in stripes.samples(0).into_iter().zip(out.samples(0)) {
        assert!(
            now >= before.min(16) && now <= before.max(235),
            "{before} {now}"
        );
    }
    assert_eq!(
        stripes.with_range(sharpen(100.0), Range::Full).size(0),
        (64, 64)
    );
}

#[test]
fn full_range_treats_the_same_scene_the_same() {
    let card = crate::support::test_card(320, 180);
    let stretch = |code: u8, from: f64, by: f64| ((f64::from(code) - from) * by).round();
    let full = Frame::made(320, 180, |plane, x, y| {
        let code = card.get(plane, x, y);
        let value = match plane {
            0 => stretch(code, 16.0, 255.0 / 219.0),
            _ => 128.0 + stretch(code, 128.0, 255.0 / 224.0),
        };
        value.clamp(0.0, 255.0) as u8
    });
    let (limited, full) = (
        card.with(all(50.0)),
        full.with_range(all(50.0), Range::Full),
    );
    let mut far = 0;
    for y in 0..150 {
        for x in 0..320 {
            let ours = stretch(limited.get(0, x, y), 16.0, 255.0 / 219.0);
            far += usize::from((f64::from(full.get(0, x, y)) - ours).abs() > 3.0);
        }
    }
    assert!(far < 320 * 150 / 500, "{far} pixels differ");
}

#[test]
fn noise_of_every_code_survives_everything() {
    let wild = Frame::made(200, 120, noise);
    for range in [Range::Limited, Range::Full] {
        for strength in [1e-6, 0.3, 33.0, 100.0] {
            wild.with_range(all(strength), range);
        }
    }
}
