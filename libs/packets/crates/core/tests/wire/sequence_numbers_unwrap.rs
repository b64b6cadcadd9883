use salon_packets_core::wire::rtp::{SequenceUnwrapper, is_newer};

#[test]
fn the_first_number_stands_for_itself() {
    assert_eq!(SequenceUnwrapper::new().unwrap(65_535), 65_535);
    assert_eq!(SequenceUnwrapper::new().peek(7), 7);
}

#[test]
fn numbers_go_on_through_many_wraps() {
    let mut unwrapper = SequenceUnwrapper::new();
    for expected in 40_000..400_000i64 {
        assert_eq!(unwrapper.unwrap(expected as u16), expected);
    }
    assert_eq!(unwrapper.highest(), Some(399_999));
}

#[test]
fn late_packets_keep_their_place_across_the_wrap() {
    let mut unwrapper = SequenceUnwrapper::new();
    unwrapper.unwrap(65_530);
    assert_eq!(unwrapper.unwrap(3), 65_539);
    assert_eq!(unwrapper.unwrap(65_531), 65_531);
    assert_eq!(unwrapper.highest(), Some(65_539));
    assert_eq!(unwrapper.unwrap(4), 65_540);
}

#[test]
fn packets_from_before_the_first_are_negative() {
    let mut unwrapper = SequenceUnwrapper::new();
    unwrapper.unwrap(2);
    assert_eq!(unwrapper.unwrap(65_535), -1);
    assert_eq!(unwrapper.highest(), Some(2));
}

#[test]
fn peeking_does_not_move() {
    let mut unwrapper = SequenceUnwrapper::new();
    unwrapper.unwrap(10);
    assert_eq!(unwrapper.peek(20_000), 20_000);
    assert_eq!(unwrapper.highest(), Some(10));
}

#[test]
fn exactly_one_of_two_different_numbers_is_newer() {
    for a in (0..=65_535u16).step_by(257) {
        for distance in [1, 2, 32_767, 32_768, 32_769, 65_535] {
            let b = a.wrapping_add(distance);
            assert_ne!(is_newer(a, b), is_newer(b, a), "{a} {b}");
        }
        assert!(!is_newer(a, a));
    }
    assert!(is_newer(0, 65_535));
    assert!(!is_newer(65_535, 0));
}
