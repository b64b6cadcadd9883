//! Whatever the passes are compiled for, the bytes are the same.

use crate::support::{Frame, noise, test_card};
use salon_beauty::{Beautifier, InstructionSet, Range, Strengths};

#[test]
fn every_instruction_set_gives_the_same_bytes() {
    let wild = |width, height| Frame::made(width, height, noise);
    let cards = [
        test_card(554, 480),
        test_card(640, 360),
        test_card(126, 1100),
        wild(98, 1440),
        wild(98, 74),
    ];
    for set in InstructionSet::ALL
        .into_iter()
        .filter(|set| set.is_available())
    {
        let mut beautifier = Beautifier::new(set).unwrap();
        let mut plain = Beautifier::new(InstructionSet::Baseline).unwrap();
        for card in &cards {
            for bits in [0b1111, 0b1000, 0b1001, 0b1100, 0b0110, 0b0101, 0b0001u8] {
                let strength =
                    |bit: u8| f32::from(bits >> bit & 1) * (12.5 + 29.0 * f32::from(bit));
                let strengths = Strengths {
                    smooth: strength(3),
                    whiten: strength(2),
                    rosy: strength(1),
                    sharpen: strength(0),
                };
                for range in [Range::Limited, Range::Full] {
                    let [mut ours, mut theirs] =
                        [0, 1].map(|_| Frame::new(card.width, card.height, 0, 0));
                    beautifier
                        .apply(&card.picture(), &mut ours.picture_mut(), &strengths, range)
                        .unwrap();
                    plain
                        .apply(
                            &card.picture(),
                            &mut theirs.picture_mut(),
                            &strengths,
                            range,
                        )
                        .unwrap();
                    assert!(
                        ours == theirs,
                        "{set:?} {}x{} {strengths:?}",
                        card.width,
                        card.height
                    );
                }
            }
        }
    }
}

#[test]
fn they_are_found_by_their_names() {
    for set in InstructionSet::ALL {
        assert_eq!(InstructionSet::from_name(set.name()), Some(set));
    }
    assert_eq!(InstructionSet::from_name("sse9"), None);
    assert!(InstructionSet::best().is_available());
    assert!(InstructionSet::Baseline.is_available());
}
