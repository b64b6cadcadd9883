use salon_packets_core::command::Command;
use salon_packets_core::event::SwitchBackReason;

use crate::stage::Maker::{Camera, Transcoder};
use crate::stage::*;
use crate::support::*;

#[test]
fn until_a_replacement_begins() {
    let mut stage = Stage::new(VP8, 50);
    stage.hold(2000);
    stage.run(10);
    stage.switch_to();
    stage.run(20);
    let switched_to = stage.switched_to();
    assert_eq!(stage.moves(), [switched_to]);
    let seen = stage.take_seen();
    assert_eq!(
        (makers(&seen), seen[0].is_key),
        (vec![Transcoder], true),
        "viewers have never seen the original"
    );
}

#[test]
fn for_as_long_as_was_said_and_no_longer() {
    for names_a_replacement in [false, true] {
        let mut stage = Stage::new(H264, 50);
        stage.is_mute = true;
        stage.hold(700);
        stage.run(5);
        if names_a_replacement {
            stage.switch_to();
        }
        stage.run(16);
        assert_eq!((stage.moves(), stage.take_seen()), (vec![], vec![]));
        stage.run(1);
        let late = stage.switched_back(SwitchBackReason::Late);
        assert_eq!(stage.moves(), [late]);
        stage.run(4);
        let seen = stage.take_seen();
        assert_eq!((makers(&seen), seen[0].is_key), (vec![Camera], true));
    }
}

#[test]
fn until_it_is_switched_back() {
    let mut stage = Stage::new(VP8, 50);
    stage.hold(2000);
    stage.run(10);
    stage.switch_back();
    let switched_back = stage.switched_back(SwitchBackReason::Ordered);
    assert_eq!(stage.moves(), [switched_back]);
    stage.run(4);
    let seen = stage.take_seen();
    assert_eq!((makers(&seen), seen[0].is_key), (vec![Camera], true));
    stage.run(80);
    assert_eq!(stage.moves(), [], "its time does not come any more");
}

#[test]
fn in_the_middle_of_a_stream_and_goes_on_in_one_piece() {
    let mut stage = Stage::new(VP8, 50);
    stage.run(10);
    stage.hold(2000);
    stage.run(10);
    stage.switch_to();
    stage.run(10);
    stage.switch_back();
    stage.run(10);
    stage.hold(200);
    stage.run(20);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
    assert!(longest_step(&seen) >= 10);
    assert_eq!(stage.moves().len(), 3);
}

#[test]
fn while_a_replacement_is_waited_for_and_not_while_it_feeds() {
    let mut stage = Stage::new(VP8, 50);
    stage.is_mute = true;
    stage.run(10);
    stage.switch_to();
    stage.run(3);
    stage.hold(2000);
    stage.run(20);
    assert_eq!(stage.moves(), [], "400 ms do not count now");
    stage.is_mute = false;
    stage.run(10);
    let switched_to = stage.switched_to();
    assert_eq!(stage.moves(), [switched_to]);
    stage.hold(100);
    stage.run(20);
    assert_eq!(stage.moves(), []);
    stage.switch_back();
    stage.hold(100);
    stage.run(20);
    assert_eq!(stage.moves(), [], "which calls the way back off");
    assert_eq!(makers(&stage.take_seen()), [Camera, Transcoder]);
}

#[test]
fn and_a_replacement_that_is_lost_before_it_began_may_be_followed_by_another() {
    let mut stage = Stage::new(VP8, 50);
    stage.is_mute = true;
    let lost = stage
        .world
        .add_local_source(stage.link, source_of(VP8, 6000));
    stage.hold(2000);
    stage.world.command(Command::SwitchTo {
        source: stage.source,
        replacement: lost,
    });
    stage.run(5);
    stage.world.command(Command::RemoveSource { source: lost });
    stage.run(5);
    assert_eq!((stage.moves(), stage.take_seen()), (vec![], vec![]));
    stage.is_mute = false;
    stage.switch_to();
    stage.run(10);
    let switched_to = stage.switched_to();
    assert_eq!(stage.moves(), [switched_to]);
    assert_eq!(makers(&stage.take_seen()), [Transcoder]);
}
