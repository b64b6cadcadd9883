//! Nothing asked, nothing changed; each effect keeps to its planes.

use crate::support::{Frame, NOTHING, all, rosy, sharpen, smooth, test_card, whiten};
use salon_beauty::Range;

#[test]
fn all_at_zero_copies() {
    let card = test_card(160, 96);
    assert_eq!(card.with(NOTHING), card);
    assert_eq!(card.with_range(NOTHING, Range::Full), card);
}

#[test]
fn luma_effects_leave_chroma() {
    let card = test_card(160, 96);
    for strengths in [smooth(100.0), whiten(100.0), sharpen(100.0)] {
        let out = card.with(strengths);
        assert_ne!(out.samples(0), card.samples(0));
        assert_eq!(out.samples(1), card.samples(1));
        assert_eq!(out.samples(2), card.samples(2));
    }
}

#[test]
fn rosy_leaves_luma_and_warms_chroma() {
    let card = test_card(160, 96);
    let (mut u_before, mut v_before) = (card.samples(1), card.samples(2));
    for strength in [10.0, 25.0, 50.0, 75.0, 100.0] {
        let out = card.with(rosy(strength));
        assert_eq!(out.samples(0), card.samples(0));
        let (u, v) = (out.samples(1), out.samples(2));
        assert!(u.iter().zip(&u_before).all(|(now, before)| now <= before));
        assert!(v.iter().zip(&v_before).all(|(now, before)| now >= before));
        assert!(
            v.iter().map(|&v| u32::from(v)).sum::<u32>()
                > v_before.iter().map(|&v| u32::from(v)).sum()
        );
        (u_before, v_before) = (u, v);
    }
}

#[test]
fn rosy_keeps_black_black_and_chroma_in_range() {
    assert_eq!(
        Frame::flat(32, 32, [16, 128, 128])
            .with(rosy(100.0))
            .get(2, 3, 3),
        128
    );
    for (u, v) in [(16, 240), (18, 238), (5, 250), (0, 255)] {
        let out = Frame::flat(32, 32, [200, u, v]).with(rosy(100.0));
        assert_eq!(out.get(1, 3, 3), u.min(16));
        assert_eq!(out.get(2, 3, 3), v.max(240));
    }
}

#[test]
fn what_a_picture_becomes_does_not_depend_on_the_one_before() {
    use salon_beauty::{Beautifier, InstructionSet};
    let mut beautifier = Beautifier::new(InstructionSet::best()).unwrap();
    for (width, height) in [(320, 180), (64, 48), (854, 480), (48, 64)] {
        let card = test_card(width, height);
        let mut out = Frame::new(width, height, 0, 0);
        beautifier
            .apply(
                &card.picture(),
                &mut out.picture_mut(),
                &all(70.0),
                Range::Limited,
            )
            .unwrap();
        assert_eq!(out, card.with(all(70.0)), "{width}x{height}");
    }
}
