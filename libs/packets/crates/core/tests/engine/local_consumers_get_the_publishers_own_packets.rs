use salon_packets_core::command::Command;
use salon_packets_core::config::SinkConfig;
use salon_packets_core::event::Event;
use salon_packets_core::wire::extensions::ExtensionKind::{AbsCaptureTime, Mid, VideoOrientation};

use crate::stage::*;
use crate::support::*;

fn local_consumer() -> SinkConfig {
    SinkConfig {
        ssrc: 4000,
        extensions: extensions(&[(VideoOrientation, 9)]),
        ..video_sink()
    }
}

#[test]
fn from_a_key_frame_on_under_the_publishers_timestamps_even_over_a_new_ssrc() {
    let mut world = World::new();
    let mut config = video_source();
    config.extensions = extensions(&[(Mid, 4), (VideoOrientation, 6), (AbsCaptureTime, 7)]);
    let (mut publisher, source) = world.publisher(config);
    let link = world.link();
    let mut track = Track::video();
    let elements: [(u8, &[u8]); 3] = [(4, b"v"), (6, &[0x83]), (7, &[1; 8])];
    for packet in track.frame(false, 2) {
        world.send_rtp(&mut publisher, &packet);
    }
    world.add_local_sink(link, source, local_consumer());
    assert_eq!(plis(&world.take_rtcp(&mut publisher)), [1000]);
    let mut expected = Vec::new();
    for round in 0..20 {
        if round == 10 {
            world.advance(70 * MS);
            track.ssrc = 1234;
            track.timestamp = 5;
            track.sequence = 60_000;
        }
        let is_key = matches!(round, 1 | 10);
        if round > 0 {
            expected.extend([track.timestamp; 2]);
        }
        for packet in track.frame_with(is_key, 2, &elements) {
            world.send_rtp(&mut publisher, &packet);
        }
        if round == 10 {
            // The old SSRC has to be silent for a while before another one is followed.
            world.advance(500 * MS);
        }
    }
    let (received, _) = world.take_local(link);
    let timestamps: Vec<u32> = received.iter().map(|one| one.header.timestamp).collect();
    assert_eq!(timestamps, expected);
    assert!(is_continuous(&sequences(&received)));
    for packet in &received {
        assert_eq!(
            (packet.header.ssrc, packet.extension(9)),
            (4000, Some(&[0x83][..]))
        );
        assert_eq!(packet.header.extensions(&packet.bytes).count(), 1);
    }
}

#[test]
fn unpadded_as_they_are_with_losses_seen_as_gaps() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let link = world.link();
    world.add_local_sink(link, source, local_consumer());
    let mut track = Track::video();
    let frame = track.frame(true, 4);
    let protected: Vec<_> = (frame.into_iter().enumerate())
        .filter(|(place, _)| *place != 2)
        .map(|(place, mut packet)| {
            // Parts that grow by a byte, as libwebrtc cuts them.
            packet.extend(std::iter::repeat_n(7, 50 + usize::from(place > 0)));
            protect(&mut publisher, &packet)
        })
        .collect();
    world.deliver_batch(publisher.address, &protected);
    let (received, _) = world.take_local(link);
    let first = received[0].header.sequence_number;
    let steps: Vec<u16> = sequences(&received)
        .iter()
        .map(|one| one.wrapping_sub(first))
        .collect();
    assert_eq!(steps, [0, 1, 3]);
    let payloads =
        |packets: &[Rtp]| -> Vec<usize> { packets.iter().map(|one| one.payload().len()).collect() };
    assert_eq!(payloads(&received), payloads(&world.take_rtp(&mut viewer)));
    assert!(received.iter().all(|one| one.bytes[0] & 0x20 == 0));
}

#[test]
fn whoever_replaces_it_and_while_viewers_are_held() {
    let mut stage = Stage::new(VP8, 30);
    stage.run(5);
    stage.switch_to();
    stage.run(10);
    stage.hold(100);
    stage.switch_back();
    stage.run(10);
    stage.hold(500);
    stage.run(5);
    let (_, _) = stage.world.take_local(stage.link);
    let frame = stage.camera.frame(stage.timestamp, false, 3);
    for packet in &frame {
        stage.world.send_rtp(&mut stage.publisher, packet);
    }
    let (received, _) = stage.world.take_local(stage.link);
    assert_eq!(received.len(), 3);
    for one in received.iter().map(Seen::of) {
        assert_eq!(one.maker, Maker::Camera);
        assert_eq!(one.timestamp, stage.timestamp);
    }
}

#[test]
fn once_each_also_when_viewers_get_what_was_kept_back() {
    let mut stage = Stage::new(VP8, 30);
    stage.is_mute = true;
    stage.run(3);
    for round in 0..60 {
        if round % 20 == 5 {
            stage.switch_to();
        }
        stage.run(1);
    }
    assert!(stage.local_numbers.len() > 150);
    assert!(is_continuous(&stage.local_numbers));
}

#[test]
fn and_ask_the_publisher_for_key_frames_but_nobody_for_repetitions() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let link = world.link();
    world.add_local_sink(link, source, local_consumer());
    for packet in Track::video().frame(true, 2) {
        world.send_rtp(&mut publisher, &packet);
    }
    let (received, _) = world.take_local(link);
    world.take_rtcp(&mut publisher);
    world.advance(SECOND);
    let mut buffer = [0; 200];
    let mut writer = salon_packets_core::wire::rtcp::Writer::new(&mut buffer);
    writer.pli(9, 4000).unwrap();
    writer
        .nack(9, 4000, &[received[0].header.sequence_number])
        .unwrap();
    let len = writer.len();
    world.deliver_local(link, &buffer[..len]);
    assert!(world.take_local(link).0.is_empty());
    assert_eq!(plis(&world.take_rtcp(&mut publisher)), [1000]);
}

#[test]
fn a_link_is_not_given_up_for_silence_and_needs_no_keys() {
    let mut world = World::new();
    let link = world.link();
    world.advance(200 * SECOND);
    assert_eq!(world.events, []);
    let stale = world.engine.stats().stale_commands;
    let transport = link;
    world.command(Command::AddLocalTransport { transport });
    world.command(Command::SendDtls {
        transport,
        datagrams: vec![vec![20]],
    });
    assert_eq!(world.engine.stats().stale_commands, stale + 2);
    assert!(world.engine.has_link(link));
    world.command(Command::RemoveTransport { transport });
    assert!(!world.engine.has_link(link));
    assert_eq!(world.engine.link_count(), 0);
    world.close_link(link);
    assert!(
        !world
            .events
            .iter()
            .any(|event| matches!(event, Event::TransportClosed { .. }))
    );
}

#[test]
fn junk_on_a_link_is_counted_and_leaves_everything_as_it_was() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let link = world.link();
    let replacement = world.add_local_source(link, source_of(VP8, REPLACEMENT_SSRC));
    let mut track = Track::video();
    for packet in track.frame(true, 3) {
        world.send_rtp(&mut publisher, &packet);
    }
    world.command(Command::SwitchTo {
        source,
        replacement,
    });
    let before = world.engine.population();
    let mut dice = Dice(5);
    for length in (0..400).chain(2000..2048) {
        for first in [0, 20, 0x7f, 0x80, 0x90, 0xb0, 0xbf, 0xff] {
            let mut junk: Vec<u8> = (0..length)
                .map(|_| u8::from(dice.hits(50)) * 0xa5)
                .collect();
            if let Some(byte) = junk.first_mut() {
                *byte = first;
            }
            world.deliver_local(link, &junk);
        }
    }
    // Strangers without end: only so many are remembered.
    for ssrc in 0..5000 {
        let mut encoder = Encoder {
            ssrc,
            ..Encoder::transcoder(VP8)
        };
        let packet = encoder.frame(ssrc, true, 1).remove(0);
        world.deliver_local(link, &packet);
    }
    // A link speaks only for itself.
    let packet = track.frame(true, 1).remove(0);
    world.deliver_local(publisher.id, &packet);
    world.deliver_local(999, &packet);
    let stats = world.engine.stats();
    assert_eq!(stats.panics, 0);
    assert!(stats.unknown_datagrams > 1000);
    let (_, link_stats) = stats.transports.iter().find(|(id, _)| *id == link).unwrap();
    assert!(link_stats.srtp_failures > 0);
    assert_eq!(world.engine.population(), before);
    world.command(Command::SwitchBack { source });
    world.take_rtp(&mut viewer);
    for packet in track.frame(true, 3) {
        world.send_rtp(&mut publisher, &packet);
    }
    world.advance(SECOND);
    assert_eq!(world.take_rtp(&mut viewer).len(), 3);
}
