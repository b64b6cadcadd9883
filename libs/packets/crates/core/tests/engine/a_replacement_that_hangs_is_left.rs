use salon_packets_core::event::SwitchBackReason;

use crate::stage::Maker::{Camera, Transcoder};
use crate::stage::*;
use crate::support::*;

fn switched_to() -> Stage {
    let mut stage = Stage::new(VP8, 40);
    stage.run(8);
    stage.switch_to();
    stage.run(8);
    assert_eq!(stage.moves(), [stage.switched_to()]);
    stage
}

#[test]
fn when_nothing_of_it_has_followed_half_a_second_of_pictures() {
    let mut stage = switched_to();
    stage.is_mute = true;
    stage.run(14);
    assert_eq!(stage.moves(), [], "it may only be slow");
    stage.run(6);
    assert_eq!(
        stage.moves(),
        [stage.switched_back(SwitchBackReason::Stalled)]
    );
    stage.run(5);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
    assert!(longest_step(&seen) <= 20);
}

#[test]
fn but_not_one_that_has_nothing_to_show() {
    let mut stage = switched_to();
    stage.pause_camera(3 * SECOND);
    stage.run(100);
    assert_eq!(stage.moves(), []);
    stage.run(20);
    assert_eq!(stage.moves(), []);
    assert_eq!(makers(&stage.take_seen()), [Camera, Transcoder]);
}

#[test]
fn and_may_be_replaced_again() {
    let mut stage = switched_to();
    stage.is_mute = true;
    stage.run(20);
    assert_eq!(
        stage.moves(),
        [stage.switched_back(SwitchBackReason::Stalled)]
    );
    stage.is_mute = false;
    stage.run(5);
    stage.switch_to();
    stage.run(8);
    assert_eq!(stage.moves(), [stage.switched_to()]);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder, Camera, Transcoder]);
}
