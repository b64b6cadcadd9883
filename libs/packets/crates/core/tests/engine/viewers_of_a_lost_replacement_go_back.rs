use salon_packets_core::command::Command;
use salon_packets_core::event::{CloseReason, Event, SwitchBackReason};

use crate::stage::Maker::{Camera, Transcoder};
use crate::stage::*;
use crate::support::*;

#[derive(Clone, Copy, Debug)]
enum Loss {
    Source,
    Transport,
    Link,
    Restart,
}

const LOSSES: [Loss; 4] = [Loss::Source, Loss::Transport, Loss::Link, Loss::Restart];

fn lose(stage: &mut Stage, how: Loss) {
    let (source, transport) = (stage.replacement, stage.link);
    match how {
        Loss::Source => stage.world.command(Command::RemoveSource { source }),
        Loss::Transport => stage.world.command(Command::RemoveTransport { transport }),
        Loss::Link => stage.world.close_link(transport),
        Loss::Restart => {
            stage.transcoder.ssrc = 5555;
            let packet = stage.transcoder.frame(stage.timestamp, true, 1).remove(0);
            stage.world.deliver_local(transport, &packet);
        }
    }
    stage.is_mute = true;
}

#[test]
fn at_once_from_the_next_key_frame_which_is_asked_for() {
    for how in LOSSES {
        let mut stage = Stage::new(VP8, 40);
        stage.run(8);
        stage.switch_to();
        stage.run(8);
        let switched_to = stage.switched_to();
        assert_eq!(stage.moves(), [switched_to]);
        lose(&mut stage, how);
        let lost = stage.switched_back(SwitchBackReason::Lost);
        assert_eq!(stage.moves(), [lost], "{how:?}");
        let asked = plis(&stage.world.take_rtcp(&mut stage.publisher));
        assert_eq!(asked, [1000]);
        stage.camera_owes_key = true;
        stage.run(5);
        let seen = stage.take_seen();
        assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
        assert!(longest_step(&seen) <= 5);
    }
}

#[test]
fn with_what_was_kept_back_if_it_never_took_over() {
    for how in [Loss::Source, Loss::Transport, Loss::Link] {
        let mut stage = Stage::new(VP8, 40);
        stage.is_mute = true;
        stage.run(8);
        stage.switch_to();
        stage.run(5);
        lose(&mut stage, how);
        let lost = stage.switched_back(SwitchBackReason::Lost);
        assert_eq!(stage.moves(), [lost]);
        stage.run(5);
        let seen = stage.take_seen();
        assert_eq!((makers(&seen), longest_step(&seen)), (vec![Camera], 1));
    }
}

#[test]
fn at_the_key_frame_that_is_there_if_they_were_about_to_leave() {
    for how in LOSSES {
        let mut stage = Stage::new(VP8, 60);
        stage.run(8);
        stage.switch_to();
        stage.run(8);
        stage.switch_back();
        while !stage.camera_owes_key {
            stage.step();
        }
        while stage.camera_owes_key {
            stage.step();
        }
        stage.step();
        stage.moves();
        lose(&mut stage, how);
        stage.run(5);
        let ordered = stage.switched_back(SwitchBackReason::Ordered);
        assert_eq!(stage.moves(), [ordered], "{how:?}");
        let seen = stage.take_seen();
        assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
    }
}

#[test]
fn a_closed_link_is_told_and_takes_only_what_was_on_it() {
    let mut stage = Stage::new(VP8, 40);
    stage.run(8);
    stage.switch_to();
    stage.run(8);
    stage.world.events.clear();
    let link = stage.link;
    stage.world.close_link(link);
    stage.world.close_link(link);
    let closed = Event::TransportClosed {
        transport: link,
        reason: CloseReason::LinkClosed,
    };
    assert_eq!(
        stage.world.events,
        [stage.switched_back(SwitchBackReason::Lost), closed]
    );
    let population = stage.world.engine.population();
    assert_eq!((population.links, population.replacements), (0, 0));
    assert_eq!((population.sources, population.sinks), (1, 1));
    let stats = stage.world.engine.stats();
    assert_eq!(stats.sources[0].1.sinks, 1);
}

#[test]
fn removing_the_source_takes_its_viewers_wherever_they_are() {
    for frames in [0, 1, 8] {
        let mut stage = Stage::new(VP8, 40);
        stage.run(8);
        stage.switch_to();
        stage.run(frames);
        let source = stage.source;
        stage.world.command(Command::RemoveSource { source });
        let population = stage.world.engine.population();
        assert_eq!(
            (
                population.sources,
                population.sinks,
                population.replacements
            ),
            (1, 0, 0)
        );
        // The replacement goes on for nobody.
        stage.take_seen();
        for _ in 0..5 {
            let packet = stage.transcoder.frame(stage.timestamp, true, 1).remove(0);
            stage.world.deliver_local(stage.link, &packet);
        }
        assert!(stage.world.take_rtp(&mut stage.viewer).is_empty());
        assert_eq!(stage.world.engine.stats().panics, 0);
    }
}

#[test]
fn a_panic_over_its_packets_costs_the_link_and_viewers_get_the_source() {
    let mut stage = Stage::new(VP8, 40);
    stage.run(8);
    stage.switch_to();
    stage.run(8);
    stage.moves();
    stage.world.engine.panic_on_ssrc = Some(REPLACEMENT_SSRC);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    stage.run(3);
    std::panic::set_hook(hook);
    let closed = Event::TransportClosed {
        transport: stage.link,
        reason: CloseReason::InternalError,
    };
    assert!(stage.world.events.contains(&closed));
    let lost = stage.switched_back(SwitchBackReason::Lost);
    assert_eq!(stage.moves(), [lost]);
    stage.run(5);
    assert_eq!(makers(&stage.take_seen()), [Camera, Transcoder, Camera]);
}

#[test]
fn what_is_on_its_way_at_that_moment_is_sent_once() {
    let mut stage = Stage::new(VP8, 60);
    stage.run(8);
    stage.switch_to();
    stage.run(8);
    stage.is_mute = true;
    stage.switch_back();
    stage.camera_owes_key = true;
    while stage.camera_owes_key {
        stage.step();
    }
    // In one batch: more of the source, and the replacement begins anew.
    let frame = stage.camera.frame(stage.timestamp, false, 3);
    stage.timestamp = stage.timestamp.wrapping_add(FRAME_TICKS);
    let address = stage.publisher.address;
    let protected: Vec<Vec<u8>> = (frame.iter())
        .map(|packet| protect(&mut stage.publisher, packet))
        .collect();
    stage.world.queue(address, &protected);
    stage.transcoder.ssrc = 5555;
    let packet = stage.transcoder.frame(stage.timestamp, true, 1).remove(0);
    stage.world.queue_local(stage.link, &packet);
    stage.world.deliver_batch(address, &[]);
    stage.run(3);
    let events = [
        stage.switched_to(),
        stage.switched_back(SwitchBackReason::Ordered),
    ];
    assert_eq!(stage.moves(), events);
    let seen = stage.take_seen();
    assert_eq!(makers(&seen), [Camera, Transcoder, Camera]);
}
