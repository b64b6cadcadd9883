use salon_packets_core::command::Command;
use salon_packets_core::engine::Population;
use salon_packets_core::event::{CloseReason, Event};

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
