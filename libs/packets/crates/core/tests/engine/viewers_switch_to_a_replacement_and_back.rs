use salon_packets_core::command::Command;
use salon_packets_core::event::SwitchBackReason;

use crate::stage::Maker::{Camera, Transcoder};
use crate::stage::*;
use crate::support::*;

#[test]
fn without_a_gap_an_overlap_or_half_a_frame_whatever_the_lag_and_the_codec() {
    for codec in [VP8, H264] {
        for lag_ms in [20, 33, 47, 60] {
            let mut stage = Stage::new(codec, lag_ms);
            stage.run(12);
            for _ in 0..3 {
                stage.switch_to();
                let switched_to = stage.switched_to();
                stage.run_until(&switched_to);
                stage.run(9);
                stage.switch_back();
                let switched_back = stage.switched_back(SwitchBackReason::Ordered);
                stage.run_until(&switched_back);
                stage.run(7);
                assert_eq!(stage.moves(), [switched_to, switched_back]);
            }
            let seen = stage.take_seen();
            let expected = [Camera, Transcoder, Camera, Transcoder, Camera, Transcoder];
            assert_eq!(makers(&seen), [&expected[..], &[Camera]].concat());
            assert!(longest_step(&seen) <= 4, "{}", longest_step(&seen));
            assert!(seen.len() > 150);
        }
    }
}

#[test]
fn at_any_moment_between_two_frames() {
    for offset_ms in 0..33 {
        let mut stage = Stage::new(VP8, 40);
        stage.run(10);
        (0..offset_ms).for_each(|_| stage.step());
        stage.switch_to();
        stage.run(10);
        (0..offset_ms).for_each(|_| stage.step());
        stage.switch_back();
        stage.run(15);
        assert_eq!(stage.moves().len(), 2);
        let seen = stage.take_seen();
        assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
    }
}

#[test]
fn with_loss_and_late_repairs_at_every_cut() {
    for (codec, seed) in [(VP8, 1), (H264, 2), (VP8, 3), (H264, 4), (VP8, 5)] {
        let mut stage = Stage::new(codec, 30 + seed);
        stage.loss_percent = 15;
        stage.run(10 + seed);
        for round in 0..20 {
            if round % 2 == 0 {
                stage.switch_to();
            } else {
                stage.switch_back();
            }
            stage.run(15);
        }
        stage.loss_percent = 0;
        stage.run(10);
        assert_eq!(stage.moves().len(), 20);
        let seen = stage.take_seen();
        assert_eq!(makers(&seen).len(), 21);
    }
}

#[test]
fn two_sources_of_one_publisher_do_so_apart_from_each_other() {
    let mut stage = Stage::new(VP8, 30);
    let other = stage
        .world
        .add_source(&stage.publisher, source_of(VP8, 3000));
    let (mut viewer, _) = stage.world.viewer(other, sink_of(VP8));
    let mut camera = Encoder {
        ssrc: 3000,
        ..Encoder::camera(VP8)
    };
    let mut seen = Vec::new();
    for round in 0..60 {
        match round {
            15 => stage.switch_to(),
            40 => stage.switch_back(),
            _ => {}
        }
        for packet in camera.frame(round * FRAME_TICKS, round == 0, 2) {
            stage.world.send_rtp(&mut stage.publisher, &packet);
        }
        stage.run(1);
        seen.extend(stage.world.take_rtp(&mut viewer).iter().map(Seen::of));
    }
    check(&mut seen, VP8.name);
    assert_eq!((seen.len(), makers(&seen)), (120, vec![Camera]));
    assert_eq!(makers(&stage.take_seen()), [Camera, Transcoder, Camera]);
}

#[test]
fn a_picture_half_of_which_was_sent_is_finished_first() {
    let mut stage = Stage::new(VP8, 20);
    stage.run(8);
    let frame = stage.camera.frame(stage.timestamp, false, 4);
    let shown = stage.timestamp;
    stage.timestamp = shown.wrapping_add(FRAME_TICKS);
    for (place, packet) in frame.iter().enumerate() {
        if place == 2 {
            stage.switch_to();
        }
        stage.world.send_rtp(&mut stage.publisher, packet);
    }
    stage.run(12);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder]);
    let last = seen.iter().rfind(|one| one.maker == Camera).unwrap();
    assert_eq!((last.timestamp, last.place), (shown, 3));
}

#[test]
fn padding_leaves_no_gap_on_either_side_of_a_cut() {
    let mut stage = Stage::new(VP8, 35);
    for round in 0..60 {
        match round {
            10 | 35 => stage.switch_to(),
            20 | 50 => stage.switch_back(),
            _ => {}
        }
        stage.run(1);
        for _ in 0..2 {
            let packet = stage.camera.frame(stage.timestamp, false, 1).remove(0);
            let mut padding = packet[..12].to_vec();
            padding[0] |= 0x20;
            padding[1] &= 0x7f;
            padding.extend([0, 0, 3]);
            // Not a frame: the picture that was to have this number comes next.
            stage.camera.picture = stage.camera.picture.wrapping_sub(1) & 0x7fff;
            stage.world.send_rtp(&mut stage.publisher, &padding);
        }
    }
    assert_eq!(stage.moves().len(), 4);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen).len(), 5);
}

#[test]
fn the_same_again_changes_nothing_and_going_back_can_be_called_off() {
    let mut stage = Stage::new(VP8, 30);
    stage.run(8);
    stage.switch_to();
    stage.switch_to();
    stage.run(8);
    stage.switch_to();
    stage.switch_back();
    stage.switch_to();
    stage.run(12);
    let switched_to = stage.switched_to();
    assert_eq!(stage.moves(), [switched_to]);
    stage.switch_back();
    stage.switch_back();
    stage.run(8);
    stage.switch_back();
    stage.run(2);
    let switched_back = stage.switched_back(SwitchBackReason::Ordered);
    assert_eq!(stage.moves(), [switched_back]);
    assert_eq!(makers(&stage.take_seen()), [Camera, Transcoder, Camera]);
    assert_eq!(stage.world.engine.stats().stale_commands, 0);
}

#[test]
fn going_back_does_not_wait_for_a_replacement_that_stops() {
    let mut stage = Stage::new(VP8, 30);
    stage.run(8);
    stage.switch_to();
    stage.run(8);
    stage.is_mute = true;
    stage.switch_back();
    let switched_back = stage.switched_back(SwitchBackReason::Ordered);
    stage.run_until(&switched_back);
    stage.run(5);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
    let seen: Vec<_> = seen
        .into_iter()
        .skip_while(|one| one.maker == Camera)
        .collect();
    assert!(longest_step(&seen) <= 6, "what was kept is sent");
}

#[test]
fn with_packets_of_both_in_one_batch_in_whatever_order_they_are_served() {
    for replacement_is_served_first in [false, true] {
        let mut world = World::new();
        let link = world.link();
        let first = replacement_is_served_first
            .then(|| world.add_local_source(link, source_of(VP8, REPLACEMENT_SSRC)));
        let (mut publisher, source) = world.publisher(source_of(VP8, 1000));
        let replacement =
            first.unwrap_or_else(|| world.add_local_source(link, source_of(VP8, REPLACEMENT_SSRC)));
        let (mut viewer, _) = world.viewer(source, sink_of(VP8));
        let (mut camera, mut transcoder) = (Encoder::camera(VP8), Encoder::transcoder(VP8));
        for packet in camera.frame(0, true, 3) {
            world.send_rtp(&mut publisher, &packet);
        }
        let shown = camera.frame(FRAME_TICKS, false, 4);
        world.send_rtp(&mut publisher, &shown[0]);
        world.command(Command::SwitchTo {
            source,
            replacement,
        });
        let next = camera.frame(2 * FRAME_TICKS, false, 2);
        let protected: Vec<Vec<u8>> = (shown[1..].iter().chain(&next))
            .map(|packet| protect(&mut publisher, packet))
            .collect();
        world.queue(publisher.address, &protected);
        for packet in transcoder.frame(2 * FRAME_TICKS, true, 3) {
            world.queue_local(link, &packet);
        }
        world.deliver_batch(publisher.address, &[]);
        let mut seen: Vec<Seen> = world.take_rtp(&mut viewer).iter().map(Seen::of).collect();
        check(&mut seen, VP8.name);
        assert_eq!((seen.len(), makers(&seen)), (10, vec![Camera, Transcoder]));

        // And back: the key frame and the replacement's picture of that moment come together.
        world.command(Command::SwitchBack { source });
        let key = camera.frame(3 * FRAME_TICKS, true, 3);
        let more = camera.frame(4 * FRAME_TICKS, false, 2);
        let protected: Vec<Vec<u8>> = (key.iter().chain(&more))
            .map(|packet| protect(&mut publisher, packet))
            .collect();
        world.queue(publisher.address, &protected);
        for timestamp in [3 * FRAME_TICKS, 4 * FRAME_TICKS] {
            for packet in transcoder.frame(timestamp, false, 2) {
                world.queue_local(link, &packet);
            }
        }
        world.deliver_batch(publisher.address, &[]);
        world.advance(200 * MS);
        let more = world.take_rtp(&mut viewer);
        seen.extend(more.iter().map(Seen::of));
        check(&mut seen, VP8.name);
        assert_eq!(makers(&seen).last(), Some(&Camera));
        assert_eq!(world.engine.stats().panics, 0);
    }
}

#[test]
fn a_key_frame_recovered_while_pictures_are_kept_back_brings_none_of_them_early_or_twice() {
    let mut world = World::new();
    let link = world.link();
    let (mut publisher, source) = world.publisher(source_of(VP8, 1000));
    let replacement = world.add_local_source(link, source_of(VP8, REPLACEMENT_SSRC));
    let (mut viewer, _) = world.viewer(source, sink_of(VP8));
    let mut camera = Encoder::camera(VP8);
    let key = camera.frame(0, true, 3);
    let shown = camera.frame(FRAME_TICKS, false, 2);
    for packet in key[1..].iter().chain(&shown) {
        world.send_rtp(&mut publisher, packet);
    }
    world.command(Command::SwitchTo {
        source,
        replacement,
    });
    for number in 2..6 {
        for packet in camera.frame(number * FRAME_TICKS, false, 2) {
            world.send_rtp(&mut publisher, &packet);
        }
    }
    world.send_rtp(&mut publisher, &key[0]);
    let timestamps =
        |packets: &[Rtp]| -> Vec<u32> { packets.iter().map(|one| one.header.timestamp).collect() };
    let first = world.take_rtp(&mut viewer);
    assert_eq!(timestamps(&first), [0, 0, 0, FRAME_TICKS, FRAME_TICKS]);
    world.advance(400 * MS);
    let rest = world.take_rtp(&mut viewer);
    let mut seen: Vec<Seen> = first.iter().chain(&rest).map(Seen::of).collect();
    check(&mut seen, VP8.name);
    assert_eq!(seen.len(), 13);
}
