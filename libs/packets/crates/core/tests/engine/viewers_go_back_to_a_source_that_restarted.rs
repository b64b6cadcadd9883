use salon_packets_core::event::SwitchBackReason;

use crate::stage::Maker::{Camera, Transcoder};
use crate::stage::*;
use crate::support::*;

/// Another camera: a new SSRC, a new clock.
fn restart(stage: &mut Stage) {
    stage.camera.ssrc += 10;
    stage.camera.sequence = 7;
    stage.camera.picture = 5;
    stage.timestamp = stage.timestamp.wrapping_mul(7).wrapping_add(4321);
    stage.camera_owes_key = true;
}

/// The old SSRC has been silent for long enough.
fn run_until_followed(stage: &mut Stage) {
    let restarted = stage.switched_back(SwitchBackReason::Restarted);
    stage.run_until(&restarted);
}

/// Timestamps as they must be on the viewer's side, whose steps are not whole frames at a restart.
fn assert_rising(seen: &[Seen]) {
    for pair in seen.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        let ticks = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!(ticks < 90_000, "{pair:?}");
        assert!(ticks > 0 || pair[1].maker == pair[0].maker, "{pair:?}");
    }
}

fn sorted(stage: &mut Stage) -> Vec<Seen> {
    let mut seen = std::mem::take(&mut stage.seen);
    let first = seen[0].sequence;
    seen.sort_by_key(|one| one.sequence.wrapping_sub(first) as i16);
    seen
}

#[test]
fn once_it_is_followed_and_they_go_on_in_time() {
    let mut stage = Stage::new(VP8, 40);
    stage.run(8);
    stage.switch_to();
    stage.run(8);
    stage.moves();
    restart(&mut stage);
    run_until_followed(&mut stage);
    let restarted = stage.switched_back(SwitchBackReason::Restarted);
    assert_eq!(stage.moves(), [restarted]);
    stage.run(6);
    let seen = sorted(&mut stage);
    assert_rising(&seen);
    assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
}

#[test]
fn and_they_may_leave_again_on_the_new_clock_whatever_the_replacement_still_has_of_the_old() {
    for multiple in [7u32, 0x8000_0001, 0x4000_0001, 0xc000_0001] {
        let mut stage = Stage::new(VP8, 60);
        stage.run(8);
        stage.switch_to();
        stage.run(8);
        restart(&mut stage);
        stage.timestamp = stage.timestamp.wrapping_mul(multiple);
        run_until_followed(&mut stage);
        stage.switch_to();
        stage.run(12);
        stage.switch_back();
        stage.run(10);
        let (switched_to, restarted) = (
            stage.switched_to(),
            stage.switched_back(SwitchBackReason::Restarted),
        );
        let switched_back = stage.switched_back(SwitchBackReason::Ordered);
        assert_eq!(
            stage.moves(),
            [switched_to.clone(), restarted, switched_to, switched_back]
        );
        let seen = sorted(&mut stage);
        assert_rising(&seen);
        assert_eq!(
            makers(&seen),
            [Camera, Transcoder, Camera, Transcoder, Camera]
        );
    }
}

#[test]
fn also_while_they_wait_for_the_replacement_or_are_about_to_leave_it() {
    for is_leaving in [false, true] {
        let mut stage = Stage::new(VP8, 60);
        stage.run(8);
        if is_leaving {
            stage.switch_to();
            stage.run(8);
            restart(&mut stage);
            stage.switch_back();
        } else {
            restart(&mut stage);
            stage.run(12);
            stage.switch_to();
        }
        stage.step();
        stage.moves();
        run_until_followed(&mut stage);
        let restarted = stage.switched_back(SwitchBackReason::Restarted);
        assert_eq!(stage.moves(), [restarted]);
        stage.run(6);
        let seen = sorted(&mut stage);
        assert_rising(&seen);
        assert_eq!(makers(&seen).last(), Some(&Camera));
    }
}

#[test]
fn a_source_that_is_held_stays_held() {
    let mut stage = Stage::new(VP8, 40);
    stage.run(8);
    stage.hold(2000);
    stage.run(3);
    restart(&mut stage);
    stage.run(20);
    assert_eq!(stage.moves(), []);
    stage.transcoder_owes_key = true;
    stage.switch_to();
    stage.run(10);
    let switched_to = stage.switched_to();
    assert_eq!(stage.moves(), [switched_to]);
    let seen = sorted(&mut stage);
    assert_rising(&seen);
    assert_eq!(makers(&seen), [Camera, Transcoder]);
}
