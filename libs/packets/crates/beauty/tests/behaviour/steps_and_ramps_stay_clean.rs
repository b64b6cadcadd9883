//! No halo beside an edge, no bands in a ramp.

use crate::support::{Frame, all, sharpen, smooth};

const SKIN: [u8; 2] = [110, 150];

#[test]
fn smoothing_never_leaves_the_range_of_a_step() {
    for (low, high) in [(60, 160), (100, 140), (120, 200), (140, 160), (150, 158)] {
        let step = Frame::made(640, 360, |plane, x, _| match plane {
            0 if x < 320 => low,
            0 => high,
            _ => SKIN[plane - 1],
        });
        let out = step.with(smooth(100.0)).samples(0);
        assert!(
            out.iter().all(|y| (low..=high).contains(y)),
            "{low} to {high}"
        );
    }
}

#[test]
fn sharpening_overshoots_by_its_limit_at_most() {
    let step = Frame::made(320, 180, |plane, x, _| match plane {
        0 if x < 160 => 60,
        0 => 160,
        _ => 128,
    });
    let out = step.with(sharpen(100.0)).samples(0);
    let (low, high) = (out.iter().min().unwrap(), out.iter().max().unwrap());
    assert!(
        (48..58).contains(low) && (163..=172).contains(high),
        "{low} {high}"
    );
}

/// The largest step between neighbours and the longest run of equal ones.
fn steps(row: &[u8]) -> (u8, usize) {
    let (mut largest, mut longest, mut run) = (0, 1, 1);
    for pair in row.windows(2) {
        assert!(pair[1] >= pair[0], "a ramp that rises goes on rising");
        largest = largest.max(pair[1] - pair[0]);
        run = if pair[0] == pair[1] { run + 1 } else { 1 };
        longest = longest.max(run);
    }
    (largest, longest)
}

#[test]
fn a_ramp_gets_no_bands() {
    let ramp = Frame::made(1280, 720, |plane, x, _| match plane {
        0 => (40 + x * 180 / 1279) as u8,
        _ => SKIN[plane - 1],
    });
    let plain = steps(&ramp.samples(0)[..1280]).1;
    for (strengths, most) in [(smooth(100.0), 1), (all(50.0), 2), (all(100.0), 2)] {
        let out = ramp.with(strengths).samples(0);
        for row in out.chunks_exact(1280).step_by(97) {
            let (largest, longest) = steps(row);
            assert!(
                largest <= most && 2 * longest <= 5 * plain,
                "{strengths:?}: {largest} {longest}"
            );
        }
    }
}
