use salon_packets_core::command::Command;
use salon_packets_core::wire::rtcp::{Packet, Packets};

use crate::support::*;

#[test]
fn video_begins_with_a_key_frame_that_was_asked_for() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut track = Track::video();
    for packet in track.frame(true, 2) {
        world.send_rtp(&mut publisher, &packet);
    }
    let (mut viewer, _) = world.viewer(source, video_sink());
    let pli = world.take_rtcp(&mut publisher);
    let asked = pli
        .iter()
        .flat_map(|compound| Packets::new(compound))
        .flatten();
    assert_eq!(
        asked
            .filter(|packet| matches!(
                packet,
                Packet::Pli {
                    media_ssrc: 1000,
                    ..
                }
            ))
            .count(),
        1
    );

    for packet in track.frame(false, 3) {
        world.send_rtp(&mut publisher, &packet);
    }
    assert!(
        world.take_rtp(&mut viewer).is_empty(),
        "a difference to a frame the viewer never saw"
    );
    for packet in [track.frame(true, 3), track.frame(false, 2)].concat() {
        world.send_rtp(&mut publisher, &packet);
    }
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 5);
    assert!(is_continuous(&sequences(&received)));
    let first = &received[0].header;
    assert_eq!((first.ssrc, first.payload_type), (7000, 100));
    assert!(first.sequence_number < 0x8000, "far from the roll-over");
    assert_eq!(
        received
            .iter()
            .map(|packet| packet.header.marker)
            .collect::<Vec<_>>(),
        [false, false, true, false, true]
    );
}

#[test]
fn audio_begins_at_once() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(audio_source());
    let (mut viewer, _) = world.viewer(source, audio_sink());
    let packet = Track::audio().sample(&[]);
    world.send_rtp(&mut publisher, &packet);
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].payload(), b"opus payload");
}

#[test]
fn a_key_frame_whose_beginning_is_recovered_late_is_shown_whole() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut track = Track::video();
    for packet in track.frame(false, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    let (mut viewer, _) = world.viewer(source, video_sink());
    let frame = track.frame(true, 4);
    for packet in &frame[1..] {
        world.send_rtp(&mut publisher, packet);
    }
    assert!(world.take_rtp(&mut viewer).is_empty());
    world.send_rtp(&mut publisher, &frame[0]);
    let received = world.take_rtp(&mut viewer);
    assert_eq!(
        received
            .iter()
            .map(|packet| *packet.payload().last().unwrap())
            .collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    assert!(is_continuous(&sequences(&received)));
}

#[test]
fn a_viewer_that_connects_later_is_served_when_it_is_ready() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut track = Track::video();
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    let mut viewer = world.add_transport();
    world.add_sink(&viewer, source, video_sink());
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    world.take_raw(publisher.address);
    world.check(&viewer, viewer.address, true);
    assert!(
        world.take_rtcp(&mut publisher).is_empty(),
        "no keys yet: asking now would be wasted"
    );
    world.set_keys(&viewer);
    assert_eq!(world.take_rtcp(&mut publisher).len(), 1);
    for packet in track.frame(true, 2) {
        world.send_rtp(&mut publisher, &packet);
    }
    assert_eq!(world.take_rtp(&mut viewer).len(), 2);
    world.command(Command::RemoveTransport {
        transport: viewer.id,
    });
    assert_eq!(world.engine.population().sinks, 0);
}
