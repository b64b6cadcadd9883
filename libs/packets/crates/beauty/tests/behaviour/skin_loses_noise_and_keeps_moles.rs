//! What smoothing is for, on skin that the test makes.

use crate::support::{Frame, deviation, noise, noisy_skin, smooth};

/// Skin from light to dark (tones 4 to 10 of the Monk scale), as BT.601 codes.
const TONES: [[u8; 3]; 7] = [
    [207, 116, 136],
    [181, 110, 140],
    [129, 106, 144],
    [102, 110, 146],
    [78, 113, 144],
    [61, 121, 134],
    [50, 124, 131],
];

#[test]
fn noise_falls_on_every_tone() {
    for tone in TONES {
        let skin = noisy_skin(640, 360, tone, 4.0);
        let before = deviation(&skin.samples(0));
        let left =
            [25.0, 50.0, 100.0].map(|s| deviation(&skin.with(smooth(s)).samples(0)) / before);
        assert!(
            left[0] < 0.85 && left[1] < 0.65 && left[2] < 0.35,
            "{tone:?}: {left:?}"
        );
    }
}

#[test]
fn noise_stays_on_what_is_not_skin() {
    for colour in [
        [120, 128, 128],
        [120, 150, 110],
        [150, 100, 110],
        [120, 140, 150],
    ] {
        let wall = noisy_skin(320, 180, colour, 4.0);
        assert_eq!(wall.with(smooth(100.0)), wall, "{colour:?}");
    }
}

/// The contrast that spots of `diameter` px and `drop` levels keep on this skin.
fn kept(tone: [u8; 3], diameter: f64, drop: f64, strength: f32) -> f64 {
    let make = |spots: bool| {
        Frame::made(1280, 720, |plane, x, y| {
            if plane > 0 {
                return tone[plane];
            }
            let (dx, dy) = ((x % 40) as f64 - 20.0, (y % 40) as f64 - 20.0);
            let cover = (diameter / 2.0 + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0);
            let jitter = f64::from(noise(0, x, y) % 5) - 2.0;
            let dark = if spots { cover * drop } else { 0.0 };
            (f64::from(tone[0]) + jitter - dark).round() as u8
        })
    };
    let (plain, spotted) = (make(false), make(true));
    let (plain_out, spotted_out) = (plain.with(smooth(strength)), spotted.with(smooth(strength)));
    let contrast = |a: &Frame, b: &Frame| {
        let mut sum = 0.0;
        for y in (20..720).step_by(40) {
            for x in (20..1280).step_by(40) {
                sum += f64::from(a.get(0, x, y)) - f64::from(b.get(0, x, y));
            }
        }
        sum
    };
    contrast(&plain_out, &spotted_out) / contrast(&plain, &spotted)
}

#[test]
fn moles_of_40_levels_keep_their_contrast() {
    for diameter in [3.0, 5.0, 8.0] {
        for tone in &TONES[..3] {
            let (half, full) = (
                kept(*tone, diameter, 40.0, 50.0),
                kept(*tone, diameter, 40.0, 100.0),
            );
            assert!(
                half >= 0.88 && full >= 0.78,
                "{diameter} px on {tone:?}: {half:.2} {full:.2}"
            );
        }
    }
}

#[test]
fn the_same_spot_is_kept_on_every_tone() {
    for tone in TONES {
        // 40 % of the light comes back from the spot.
        let drop = f64::from(tone[0] - 16) * (1.0 - 0.4f64.powf(1.0 / 2.2));
        let (half, full) = (kept(tone, 5.0, drop, 50.0), kept(tone, 5.0, drop, 100.0));
        assert!(
            half >= 0.85 && full >= 0.70,
            "{tone:?}: {half:.2} {full:.2}"
        );
    }
}
