use salon_packets_core::command::Command;
use salon_packets_core::event::RestoreReason;

use crate::stage::Maker::{Camera, Transcoder};
use crate::stage::*;
use crate::support::*;

#[test]
fn until_a_stand_in_begins() {
    let mut stage = Stage::new(VP8, 50);
    stage.hold(2000);
    stage.run(10);
    stage.substitute();
    stage.run(20);
    let substituted = stage.substituted();
    assert_eq!(stage.moves(), [substituted]);
    let seen = stage.take_seen();
    assert_eq!(
        (makers(&seen), seen[0].is_key),
        (vec![Transcoder], true),
        "viewers have never seen the original"
    );
}

#[test]
fn for_as_long_as_was_said_and_no_longer() {
    for names_a_stand_in in [false, true] {
        let mut stage = Stage::new(H264, 50);
        stage.is_mute = true;
        stage.hold(700);
        stage.run(5);
        if names_a_stand_in {
            stage.substitute();
        }
        stage.run(16);
        assert_eq!((stage.moves(), stage.take_seen()), (vec![], vec![]));
        stage.run(1);
        let late = stage.restored(RestoreReason::Late);
        assert_eq!(stage.moves(), [late]);
        stage.run(4);
        let seen = stage.take_seen();
        assert_eq!((makers(&seen), seen[0].is_key), (vec![Camera], true));
    }
}

#[test]
fn until_it_is_restored() {
    let mut stage = Stage::new(VP8, 50);
    stage.hold(2000);
    stage.run(10);
    stage.restore();
    let restored = stage.restored(RestoreReason::Ordered);
    assert_eq!(stage.moves(), [restored]);
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
    stage.substitute();
    stage.run(10);
    stage.restore();
    stage.run(10);
    stage.hold(200);
    stage.run(20);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
    assert!(longest_step(&seen) >= 10);
    assert_eq!(stage.moves().len(), 3);
}

#[test]
fn while_a_stand_in_is_waited_for_and_not_while_it_feeds() {
    let mut stage = Stage::new(VP8, 50);
    stage.is_mute = true;
    stage.run(10);
    stage.substitute();
    stage.run(3);
    stage.hold(2000);
    stage.run(20);
    assert_eq!(stage.moves(), [], "400 ms do not count now");
    stage.is_mute = false;
    stage.run(10);
    let substituted = stage.substituted();
    assert_eq!(stage.moves(), [substituted]);
    stage.hold(100);
    stage.run(20);
    assert_eq!(stage.moves(), []);
    stage.restore();
    stage.hold(100);
    stage.run(20);
    assert_eq!(stage.moves(), [], "which calls the way back off");
    assert_eq!(makers(&stage.take_seen()), [Camera, Transcoder]);
}

#[test]
fn and_a_stand_in_that_is_lost_before_it_began_may_be_followed_by_another() {
    let mut stage = Stage::new(VP8, 50);
    stage.is_mute = true;
    let lost = stage
        .world
        .add_local_source(stage.link, source_of(VP8, 6000));
    stage.hold(2000);
    stage.world.command(Command::Substitute {
        source: stage.source,
        by: lost,
    });
    stage.run(5);
    stage.world.command(Command::RemoveSource { source: lost });
    stage.run(5);
    assert_eq!((stage.moves(), stage.take_seen()), (vec![], vec![]));
    stage.is_mute = false;
    stage.substitute();
    stage.run(10);
    let substituted = stage.substituted();
    assert_eq!(stage.moves(), [substituted]);
    assert_eq!(makers(&stage.take_seen()), [Transcoder]);
}
