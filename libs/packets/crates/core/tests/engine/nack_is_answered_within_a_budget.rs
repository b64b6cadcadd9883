use salon_packets_core::config::Codec;
use salon_packets_core::wire::extensions::ExtensionKind;

use crate::support::*;

fn nack(world: &mut World, viewer: &mut Peer, numbers: &[u16]) {
    world.send_rtcp(viewer, |writer| {
        writer.receiver_report(55, &[]).unwrap();
        writer.nack(55, 7000, numbers).unwrap();
    });
}

#[test]
fn with_rtx_packets_that_carry_the_original() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, sink) = world.viewer(source, video_sink());
    let mut track = Track::video();
    for packet in track.frame(true, 4) {
        world.send_rtp(&mut publisher, &packet);
    }
    let sent = world.take_rtp(&mut viewer);
    let wanted = &sent[3];
    nack(
        &mut world,
        &mut viewer,
        &[
            wanted.header.sequence_number,
            wanted.header.sequence_number.wrapping_add(9),
        ],
    );
    let answers = world.take_rtp(&mut viewer);
    assert_eq!(answers.len(), 1, "what was never sent is not answered");
    let answer = &answers[0];
    assert_eq!(
        (answer.header.ssrc, answer.header.payload_type),
        (7001, 101)
    );
    assert_eq!(answer.header.timestamp, wanted.header.timestamp);
    assert!(answer.header.marker, "the marker is the original's");
    assert_eq!(
        answer.payload()[..2],
        wanted.header.sequence_number.to_be_bytes()
    );
    assert_eq!(&answer.payload()[2..], wanted.payload());

    // At most once in a round trip, and three times in all.
    let mut count = 1;
    for _ in 0..40 {
        nack(&mut world, &mut viewer, &[wanted.header.sequence_number]);
        count += world.take_rtp(&mut viewer).len();
        world.advance(10 * MS);
    }
    assert_eq!(count, 3);
    let stats = world.engine.stats();
    let (_, sink_stats) = stats.sinks.iter().find(|(id, _)| *id == sink).unwrap();
    assert_eq!(
        (sink_stats.retransmissions_sent, sink_stats.nacks_received),
        (3, 42)
    );
}

#[test]
fn a_flood_of_nacks_cannot_amplify() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    let (mut media_bytes, mut answer_bytes) = (0, 0);
    for round in 0..400 {
        for mut packet in track.frame(round == 0, 4) {
            packet.resize(1100, 7);
            world.send_rtp(&mut publisher, &packet);
        }
        let sent = world.take_rtp(&mut viewer);
        media_bytes += sent.iter().map(|packet| packet.bytes.len()).sum::<usize>();
        for _ in 0..3 {
            nack(&mut world, &mut viewer, &sequences(&sent));
        }
        world.advance(70 * MS);
        nack(&mut world, &mut viewer, &sequences(&sent));
        answer_bytes += world
            .take_rtp(&mut viewer)
            .iter()
            .map(|packet| packet.bytes.len())
            .sum::<usize>();
    }
    assert!(
        answer_bytes > media_bytes / 5,
        "{answer_bytes} of {media_bytes}"
    );
    assert!(
        answer_bytes < media_bytes / 2 + 800_000,
        "{answer_bytes} of {media_bytes}: 30 % and 16 KiB/s and the burst"
    );
}

#[test]
fn without_rtx_the_very_same_packet_is_sent_again() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut config = video_sink();
    config.rtx_ssrc = None;
    config.codec = Codec {
        rtx_payload_type: None,
        ..config.codec
    };
    config.transport_cc = true;
    config.extensions = extensions(&[
        (ExtensionKind::AbsSendTime, 2),
        (ExtensionKind::TransportWideCc, 3),
    ]);
    let (mut viewer, _) = world.viewer(source, config);
    let mut track = Track::video();
    for packet in track.frame(true, 3) {
        world.send_rtp(&mut publisher, &packet);
    }
    let raw = world.take_raw(viewer.address);
    let mut first = raw[1].clone();
    let len = viewer.receiver.unprotect_rtp(&mut first).unwrap();
    let number = u16::from_be_bytes([first[2], first[3]]);
    assert!(len > 20);
    world.advance(33 * MS);
    nack(&mut world, &mut viewer, &[number]);
    assert_eq!(
        world.take_raw(viewer.address),
        [raw[1].clone()],
        "one key, one index, one packet"
    );
}
