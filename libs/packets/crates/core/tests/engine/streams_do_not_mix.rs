use salon_packets_core::command::Command;
use salon_packets_core::config::Codec;

use crate::support::*;

/// Payload without what is rewritten: behind the VP8 descriptor.
fn body(packet: &Rtp) -> Vec<u8> {
    packet.payload()[5..].to_vec()
}

#[test]
fn what_is_rewritten_for_one_viewer_is_as_it_was_for_the_next() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut viewers: Vec<Peer> = Vec::new();
    let mut track = Track::video();
    for payload_type in [100, 110, 120] {
        let mut config = video_sink();
        config.codec = Codec {
            payload_type,
            ..config.codec
        };
        let (viewer, sink) = world.viewer(source, config);
        // Each stopped and went on at another place, so each has offsets of its own.
        for paused in [false, true, false] {
            world.command(Command::PauseSink { sink, paused });
            for packet in track.frame(true, 1) {
                world.send_rtp(&mut publisher, &packet);
            }
        }
        viewers.push(viewer);
    }
    for viewer in &mut viewers {
        world.take_rtp(viewer);
    }
    let frame = track.frame(true, 3);
    for packet in &frame {
        world.send_rtp(&mut publisher, packet);
    }
    for (viewer, payload_type) in viewers.iter_mut().zip([100, 110, 120]) {
        let received = world.take_rtp(viewer);
        assert_eq!(received.len(), 3);
        let markers: Vec<bool> = received.iter().map(|one| one.header.marker).collect();
        assert_eq!(markers, [false, false, true]);
        for (packet, original) in received.iter().zip(&frame) {
            assert_eq!(packet.header.payload_type, payload_type);
            assert_eq!(body(packet), original[17..]);
        }
        let last = received[2].header.sequence_number;
        world.send_rtcp(viewer, |writer| {
            writer.receiver_report(5, &[]).unwrap();
            writer.nack(5, 7000, &[last]).unwrap();
        });
        let again = world.take_rtp(viewer).remove(0);
        assert!(again.header.marker, "on retransmission too");
        assert_eq!(again.payload()[2..], *received[2].payload());
    }
}

#[test]
fn two_publishers_may_have_the_same_ssrc() {
    let mut world = World::new();
    let mut calls: Vec<(Peer, Peer, Track)> = (0..2)
        .map(|_| {
            let (publisher, source) = world.publisher(video_source());
            (
                publisher,
                world.viewer(source, video_sink()).0,
                Track::video(),
            )
        })
        .collect();
    for (number, (publisher, _, track)) in calls.iter_mut().enumerate() {
        for packet in track.frame(true, 2 + number as u8) {
            world.send_rtp(publisher, &packet);
        }
    }
    for (number, (_, viewer, _)) in calls.iter_mut().enumerate() {
        assert_eq!(world.take_rtp(viewer).len(), 2 + number);
    }
}
