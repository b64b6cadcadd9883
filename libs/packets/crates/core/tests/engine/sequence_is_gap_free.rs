use salon_packets_core::command::Command;

use crate::support::*;

fn send_all(world: &mut World, publisher: &mut Peer, packets: &[Vec<u8>]) {
    for packet in packets {
        world.send_rtp(publisher, packet);
    }
}

#[test]
fn across_a_pause() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, sink) = world.viewer(source, video_sink());
    let mut track = Track::video();
    send_all(&mut world, &mut publisher, &track.frame(true, 3));
    world.command(Command::PauseSink { sink, paused: true });
    for _ in 0..5 {
        send_all(&mut world, &mut publisher, &track.frame(true, 2));
    }
    let before = world.take_rtp(&mut viewer);
    world.command(Command::PauseSink {
        sink,
        paused: false,
    });
    send_all(&mut world, &mut publisher, &track.frame(false, 2));
    send_all(&mut world, &mut publisher, &track.frame(true, 2));
    let after = world.take_rtp(&mut viewer);
    assert_eq!((before.len(), after.len()), (3, 2));
    assert!(is_continuous(&sequences(
        &[before, after].into_iter().flatten().collect::<Vec<_>>()
    )));
}

#[test]
fn a_frame_cut_by_a_pause_leaves_exactly_one_gap() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, sink) = world.viewer(source, video_sink());
    let mut track = Track::video();
    let cut = track.frame(true, 3);
    send_all(&mut world, &mut publisher, &cut[..2]);
    world.command(Command::PauseSink { sink, paused: true });
    send_all(&mut world, &mut publisher, &cut[2..]);
    world.command(Command::PauseSink {
        sink,
        paused: false,
    });
    send_all(&mut world, &mut publisher, &track.frame(true, 1));
    let numbers = sequences(&world.take_rtp(&mut viewer));
    assert_eq!(numbers[2], numbers[1] + 2);
}

#[test]
fn across_padding_and_foreign_payload_types_and_the_wrap() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track {
        sequence: 65_530,
        ..Track::video()
    };
    let mut received = Vec::new();
    // Enough frames for the viewer's own number to wrap as well, wherever it began.
    for round in 0..24_000 {
        send_all(&mut world, &mut publisher, &track.frame(round == 0, 2));
        let mut fields = track.fields(false);
        if round % 2 == 0 {
            fields.has_padding = true;
            let padding = packet(&fields, &[], &[0, 0, 0, 4]);
            world.send_rtp(&mut publisher, &padding);
        } else {
            fields.payload_type = 13;
            let comfort_noise = packet(&fields, &[], &[1]);
            world.send_rtp(&mut publisher, &comfort_noise);
        }
        track.sequence = track.sequence.wrapping_add(1);
        received.extend(sequences(&world.take_rtp(&mut viewer)));
    }
    assert_eq!(received.len(), 48_000);
    assert!(is_continuous(&received));
}

#[test]
fn late_packets_keep_their_place_and_padding_behind_them_is_filled() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    send_all(&mut world, &mut publisher, &track.frame(true, 1));
    let mut fields = track.fields(false);
    fields.has_padding = true;
    let padding = packet(&fields, &[], &[0, 0, 0, 4]);
    track.sequence += 1;
    let frame = track.frame(false, 3);
    send_all(
        &mut world,
        &mut publisher,
        &[
            frame[0].clone(),
            frame[2].clone(),
            frame[1].clone(),
            padding,
        ],
    );
    let mut received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 5);
    assert!(received[4].payload().is_empty() && received[4].header.has_padding);
    assert!(
        received[..4]
            .iter()
            .all(|packet| !packet.header.has_padding)
    );
    received.sort_by_key(|packet| packet.header.sequence_number);
    assert!(is_continuous(&sequences(&received)));
}
