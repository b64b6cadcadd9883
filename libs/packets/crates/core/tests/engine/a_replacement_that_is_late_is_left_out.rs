use salon_packets_core::command::Command;
use salon_packets_core::event::SwitchBackReason;

use crate::stage::Maker::{Camera, Transcoder};
use crate::stage::*;
use crate::support::*;

#[test]
fn what_was_kept_back_follows_whole_and_in_order() {
    for (codec, loss_percent) in [(VP8, 0), (H264, 0), (VP8, 20), (H264, 20)] {
        let mut stage = Stage::new(codec, 30);
        stage.is_mute = true;
        stage.loss_percent = loss_percent;
        stage.run(8);
        for _ in 0..5 {
            stage.switch_to();
            let begun_ns = stage.world.now_ns;
            let late = stage.switched_back(SwitchBackReason::Late);
            stage.run_until(&late);
            assert_eq!(stage.world.now_ns - begun_ns, 400 * MS);
            assert_eq!(stage.moves(), [late]);
            stage.run(3);
        }
        stage.loss_percent = 0;
        stage.run(5);
        let seen = stage.take_seen();
        assert_eq!(makers(&seen), [Camera]);
        assert_eq!(longest_step(&seen), 1, "not a frame is missing");
    }
}

#[test]
fn viewers_get_nothing_new_meanwhile_and_nothing_twice() {
    let mut stage = Stage::new(VP8, 30);
    stage.is_mute = true;
    stage.run(8);
    stage.switch_to();
    stage.take_seen();
    stage.run(11);
    assert_eq!(stage.take_seen(), []);
    stage.switch_back();
    let switched_back = stage.switched_back(SwitchBackReason::Ordered);
    assert_eq!(stage.moves(), [switched_back]);
    stage.step();
    let kept = stage.take_seen();
    assert_eq!(kept.len(), 36);
    stage.run(2);
    let more = stage.take_seen();
    let step = more[0].timestamp.wrapping_sub(kept[35].timestamp);
    assert_eq!((more.len(), step), (6, FRAME_TICKS));
}

#[test]
fn a_key_frame_of_a_picture_that_was_shown_is_not_begun_with_and_another_is_asked_for_at_once() {
    let mut stage = Stage::new(H264, 150);
    stage.run(12);
    stage.transcoder_owes_key = false;
    let (asked_before, shown) = (asked(&stage), stage.timestamp);
    stage.switch_to();
    assert_eq!(
        asked(&stage),
        asked_before + 1,
        "the first request is immediate"
    );
    let switched_to = stage.switched_to();
    stage.run_until(&switched_to);
    stage.run(5);
    let requests = asked(&stage) - asked_before;
    assert!(
        (4..=6).contains(&requests),
        "{requests}: one for each picture under way, not for each part of it"
    );
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder]);
    let first = seen.iter().find(|one| one.maker == Transcoder).unwrap();
    assert!(first.timestamp.wrapping_sub(shown) < 3 * FRAME_TICKS);
}

fn asked(stage: &Stage) -> u64 {
    let stats = stage.world.engine.stats();
    let (_, source) = stats
        .sources
        .iter()
        .find(|(id, _)| *id == stage.replacement)
        .unwrap();
    source.keyframe_requests_sent
}

#[test]
fn requests_of_viewers_before_do_not_delay_ours() {
    let mut stage = Stage::new(VP8, 20);
    stage.run(8);
    for _ in 0..10 {
        let source = stage.replacement;
        stage.world.command(Command::RequestKeyframe { source });
        stage.run(2);
    }
    let before = asked(&stage);
    stage.switch_to();
    assert_eq!(asked(&stage), before + 1);
}

#[test]
fn pictures_of_another_clock_are_not_begun_with() {
    let mut stage = Stage::new(VP8, 30);
    stage.is_mute = true;
    stage.run(8);
    stage.switch_to();
    for ahead in [20 * FRAME_TICKS, 1 << 30, 1 << 31, 3 << 30] {
        let timestamp = stage.timestamp.wrapping_add(ahead);
        for packet in stage.transcoder.frame(timestamp, true, 2) {
            stage.world.deliver_local(stage.link, &packet);
        }
    }
    stage.run(15);
    let late = stage.switched_back(SwitchBackReason::Late);
    assert_eq!(stage.moves(), [late]);
    let seen = stage.take_seen();
    assert_eq!((makers(&seen), longest_step(&seen)), (vec![Camera], 1));
}

#[test]
fn one_that_never_sent_anything_is_late_too_and_one_that_begins_in_time_is_not() {
    let mut stage = Stage::new(VP8, 30);
    stage.is_mute = true;
    stage.run(8);
    stage.switch_to();
    stage.run(15);
    stage.switch_to();
    stage.run(5);
    stage.is_mute = false;
    stage.run(10);
    let (late, switched_to) = (
        stage.switched_back(SwitchBackReason::Late),
        stage.switched_to(),
    );
    assert_eq!(stage.moves(), [late, switched_to]);
    assert_eq!(makers(&stage.take_seen()), [Camera, Transcoder]);
}

#[test]
fn another_one_in_its_place_goes_on_with_what_is_left_of_the_time() {
    let mut stage = Stage::new(VP8, 30);
    stage.run(8);
    let (link, mute) = (stage.link, source_of(VP8, 6000));
    let mute = stage.world.add_local_source(link, mute);
    let source = stage.source;
    stage.world.command(Command::SwitchTo {
        source,
        replacement: mute,
    });
    stage.run(6);
    stage.switch_to();
    stage.run(6);
    let switched_to = stage.switched_to();
    assert_eq!(stage.moves(), [switched_to]);
    // And back to the mute one: viewers wait, then begin with the source itself.
    stage.world.command(Command::SwitchTo {
        source,
        replacement: mute,
    });
    stage.run(25);
    let late = stage.switched_back(SwitchBackReason::Late);
    assert_eq!(stage.moves(), [late]);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
}

#[test]
fn who_cannot_replace_is_a_stale_command() {
    let mut stage = Stage::new(VP8, 30);
    let audio = stage.world.add_source(&stage.publisher, audio_source());
    let other = stage
        .world
        .add_source(&stage.publisher, source_of(VP8, 3000));
    let third = stage
        .world
        .add_source(&stage.publisher, source_of(VP8, 3500));
    let (source, replacement) = (stage.source, stage.replacement);
    stage.switch_to();
    let mut refused = 0;
    for (source, replacement) in [
        (source, source),
        (source, audio),
        (audio, other),
        (other, source),
        (other, replacement),
        (replacement, other),
        (source, 999),
        (999, other),
    ] {
        stage.world.command(Command::SwitchTo {
            source,
            replacement,
        });
        refused += 1;
        assert_eq!(stage.world.engine.stats().stale_commands, refused);
    }
    for source in [999, replacement] {
        stage.world.command(Command::SwitchBack { source });
        stage.world.command(Command::Hold { source, max_ms: 5 });
    }
    stage.world.command(Command::Hold {
        source: audio,
        max_ms: 5,
    });
    let replacement = third;
    stage.world.command(Command::SwitchTo {
        source,
        replacement,
    });
    assert_eq!(stage.world.engine.stats().stale_commands, refused + 5);
    assert_eq!(stage.world.engine.population().replacements, 2);
}
