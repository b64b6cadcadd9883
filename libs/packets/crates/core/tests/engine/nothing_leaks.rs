use salon_packets_core::command::Command;
use salon_packets_core::config::SinkConfig;
use salon_packets_core::engine::Population;
use salon_packets_core::event::{CloseReason, Event};

use crate::stage::*;
use crate::support::*;

#[test]
fn over_ten_thousand_joins_and_leaves() {
    let mut world = World::new();
    for round in 0..10_000 {
        let (mut publisher, source) = world.publisher(video_source());
        let (mut viewer, sink) = world.viewer(source, video_sink());
        for packet in Track::video().frame(true, 1) {
            world.send_rtp(&mut publisher, &packet);
        }
        assert_eq!(world.take_rtp(&mut viewer).len(), 1);
        world.take_raw(publisher.address);
        let halfway = world.add_transport();
        // Every order of leaving.
        let commands = match round % 4 {
            0 => vec![
                Command::RemoveTransport {
                    transport: publisher.id,
                },
                Command::RemoveTransport {
                    transport: viewer.id,
                },
            ],
            1 => vec![
                Command::RemoveTransport {
                    transport: viewer.id,
                },
                Command::RemoveTransport {
                    transport: publisher.id,
                },
            ],
            2 => vec![
                Command::RemoveSource { source },
                Command::RemoveTransport {
                    transport: viewer.id,
                },
                Command::RemoveTransport {
                    transport: publisher.id,
                },
            ],
            _ => vec![
                Command::RemoveSink { sink },
                Command::RemoveSource { source },
                Command::RemoveTransport {
                    transport: publisher.id,
                },
                Command::RemoveTransport {
                    transport: viewer.id,
                },
            ],
        };
        commands
            .into_iter()
            .for_each(|command| world.command(command));
        world.command(Command::RemoveTransport {
            transport: halfway.id,
        });
        world.advance(MS);
        world.events.clear();
    }
    assert_eq!(world.engine.population(), Population::default());
    world.advance(2 * SECOND);
    assert_eq!(
        world.engine.next_deadline_ns(),
        None,
        "no timer outlives its object"
    );
    let stats = world.engine.stats();
    assert_eq!((stats.stale_commands, stats.panics), (0, 0));
}

#[test]
fn over_a_thousand_stand_ins_that_come_and_go() {
    let mut stage = Stage::new(VP8, 20);
    let before = stage.world.engine.population();
    let mut moves = 0;
    for round in 0..1000u32 {
        let link = stage.world.link();
        let replacement = stage
            .world
            .add_local_source(link, source_of(VP8, 9000 + round));
        stage.world.add_local_sink(
            link,
            stage.source,
            SinkConfig {
                ssrc: 4000 + round,
                ..sink_of(VP8)
            },
        );
        let source = stage.source;
        if round % 7 == 0 {
            stage.hold(50);
        }
        stage.world.command(Command::SwitchTo {
            source,
            replacement,
        });
        let mut encoder = Encoder {
            ssrc: 9000 + round,
            picture: (round * 50 % 0x8000) as u16,
            ..Encoder::transcoder(VP8)
        };
        for peer in [&stage.publisher, &stage.viewer] {
            stage.world.check(peer, peer.address, true);
        }
        stage.camera_owes_key |= round % 3 == 0;
        stage.run(1);
        if round % 5 != 0 {
            let timestamp = stage.timestamp.wrapping_sub(FRAME_TICKS);
            for packet in encoder.frame(timestamp, true, 2) {
                stage.world.deliver_local(link, &packet);
            }
        }
        if round % 4 == 0 {
            stage.world.command(Command::SwitchBack { source });
        }
        stage.run(u64::from(round % 3));
        match round % 3 {
            0 => stage.world.close_link(link),
            1 => stage.world.command(Command::RemoveSource {
                source: replacement,
            }),
            _ => {}
        }
        stage
            .world
            .command(Command::RemoveTransport { transport: link });
        stage.run(1);
        moves += stage.moves().len();
        assert_eq!(stage.world.engine.population(), before);
    }
    assert!(moves > 1000, "{moves}");
    stage.camera_owes_key = true;
    stage.run(3);
    let seen = stage.take_seen();
    let changes = makers(&seen).len();
    assert!(
        seen.len() > 1000 && changes > 200,
        "{} {changes}",
        seen.len()
    );
    let source = stage.source;
    stage.world.command(Command::RemoveSource { source });
    for transport in [stage.publisher.id, stage.viewer.id, stage.link] {
        stage.world.command(Command::RemoveTransport { transport });
    }
    stage.world.advance(2 * SECOND);
    assert_eq!(stage.world.engine.population(), Population::default());
    assert_eq!(stage.world.engine.next_deadline_ns(), None);
    assert_eq!(stage.world.engine.stats().panics, 0);
}

#[test]
fn commands_about_what_has_gone_are_counted_and_harmless() {
    let mut world = World::new();
    let peer = world.join();
    for command in [
        Command::RemoveTransport { transport: 999 },
        Command::RemoveSource { source: 999 },
        Command::RemoveSink { sink: 999 },
        Command::PauseSink {
            sink: 999,
            paused: true,
        },
        Command::RequestKeyframe { source: 999 },
        Command::SendDtls {
            transport: 999,
            datagrams: vec![],
        },
        Command::AddSink {
            transport: peer.id,
            sink: 1,
            source: 999,
            config: Box::new(video_sink()),
        },
        Command::AddSource {
            transport: 999,
            source: 1,
            config: Box::new(video_source()),
        },
    ] {
        world.command(command);
    }
    assert_eq!(world.engine.stats().stale_commands, 8);
}

#[test]
fn a_panic_costs_the_transport_that_was_served_and_nobody_else() {
    let mut world = World::new();
    let (mut bad, _) = world.publisher(video_source());
    let (mut good, source) = world.publisher(audio_source());
    let (mut viewer, _) = world.viewer(source, audio_sink());
    world.engine.panic_on_ssrc = Some(1000);
    world.events.clear();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let packet = Track::video().frame(true, 1).remove(0);
    world.send_rtp(&mut bad, &packet);
    std::panic::set_hook(hook);
    assert_eq!(
        world.events,
        [Event::TransportClosed {
            transport: bad.id,
            reason: CloseReason::InternalError
        }]
    );
    assert_eq!(world.engine.stats().panics, 1);
    let sample = Track::audio().sample(&[]);
    world.send_rtp(&mut good, &sample);
    assert_eq!(world.take_rtp(&mut viewer).len(), 1);
}
