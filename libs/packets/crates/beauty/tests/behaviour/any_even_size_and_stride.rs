//! Every even size works, at any row stride, and nothing outside the planes is read or written.

use crate::support::{Frame, NOTHING, all, test_card};
use salon_beauty::{Beautifier, InstructionSet, Problem, Range};

fn apply_padded(beautifier: &mut Beautifier, card: &Frame, padding: usize, guard: u8) -> Frame {
    let mut out = Frame::new(card.width, card.height, padding, 0x5a);
    beautifier
        .apply(
            &card.padded(padding, guard).picture(),
            &mut out.picture_mut(),
            &all(50.0),
            Range::Limited,
        )
        .unwrap();
    assert!(out.guards_are_untouched(), "{}x{}", card.width, card.height);
    out.padded(0, 0)
}

#[test]
fn every_even_size_up_to_80_writes_its_planes_only() {
    let mut beautifier = Beautifier::new(InstructionSet::best()).unwrap();
    for width in (16..=80).step_by(2) {
        for height in (16..=80).step_by(2) {
            let card = test_card(width, height);
            let out = apply_padded(&mut beautifier, &card, 3, 0xff);
            assert_ne!(out, card);
        }
    }
}

#[test]
fn strides_and_what_lies_between_rows_do_not_matter() {
    let mut beautifier = Beautifier::new(InstructionSet::best()).unwrap();
    for (width, height) in [(18, 16), (46, 500), (854, 480), (360, 640), (1278, 718)] {
        let card = test_card(width, height);
        let tight = apply_padded(&mut beautifier, &card, 0, 0);
        for (padding, guard) in [(1, 0), (17, 255), (64, 128)] {
            assert_eq!(apply_padded(&mut beautifier, &card, padding, guard), tight);
        }
    }
}

#[test]
fn long_and_large_pictures_work() {
    for (width, height) in [(8192, 16), (16, 8192), (3840, 2160), (2700, 2700)] {
        let card = test_card(width, height);
        assert_ne!(card.with(all(50.0)), card);
    }
}

#[test]
fn a_portrait_is_a_landscape_turned() {
    for (width, height) in [(96, 160), (360, 640), (480, 854)] {
        let card = test_card(width, height);
        let upright = card.with(all(50.0)).samples(0);
        let turned = card.transposed().with(all(50.0)).transposed().samples(0);
        let most = upright
            .iter()
            .zip(&turned)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(most <= Some(1), "{width}x{height}: {most:?}");
    }
}

#[test]
fn pictures_that_cannot_be_are_refused() {
    let mut beautifier = Beautifier::new(InstructionSet::Baseline).unwrap();
    let mut problem = |change: &dyn Fn(&mut salon_beauty::Picture<'_>)| {
        let card = test_card(32, 32);
        let mut out = card.clone();
        let mut picture = card.picture();
        change(&mut picture);
        let result = beautifier.apply(&picture, &mut out.picture_mut(), &all(50.0), Range::Limited);
        assert_eq!(out, card, "nothing has been written");
        result.unwrap_err()
    };
    assert_eq!(
        problem(&|p| p.planes[0].width = 31),
        Problem::Size {
            width: 31,
            height: 32
        }
    );
    assert_eq!(
        problem(&|p| p.planes[0].height = 14),
        Problem::Size {
            width: 32,
            height: 14
        }
    );
    assert_eq!(
        problem(&|p| p.planes[2].height = 15),
        Problem::PlaneSize {
            plane: 2,
            width: 16,
            height: 15
        }
    );
    assert_eq!(
        problem(&|p| p.planes[1].stride = 15),
        Problem::Stride { plane: 1 }
    );
    assert_eq!(
        problem(&|p| p.planes[0].stride = usize::MAX),
        Problem::Stride { plane: 0 }
    );
    assert_eq!(
        problem(&|p| p.planes[0].data = &p.planes[0].data[1..]),
        Problem::Stride { plane: 0 }
    );
    assert_eq!(
        problem(&|p| {
            p.planes[0].width = 34;
            p.planes[1].width = 17;
            p.planes[2].width = 17;
        }),
        Problem::Stride { plane: 0 }
    );
}

#[test]
fn strengths_that_are_not_from_0_to_100_are_refused() {
    let card = test_card(32, 32);
    for value in [-0.1, 100.1, f32::NAN, f32::INFINITY] {
        let mut out = card.clone();
        let mut strengths = NOTHING;
        strengths.sharpen = value;
        let result = Beautifier::new(InstructionSet::Baseline).unwrap().apply(
            &card.picture(),
            &mut out.picture_mut(),
            &strengths,
            Range::Limited,
        );
        assert!(matches!(
            result,
            Err(Problem::Strength {
                name: "sharpen",
                ..
            })
        ));
        assert_eq!(out, card);
    }
}
