use salon_packets_core::wire::rtcp::{Packet, Packets};

use crate::support::*;

fn plis(world: &mut World, publisher: &mut Peer) -> usize {
    let compounds = world.take_rtcp(publisher);
    let packets = compounds
        .iter()
        .flat_map(|compound| Packets::new(compound))
        .flatten();
    packets
        .filter(|packet| {
            matches!(
                packet,
                Packet::Pli {
                    media_ssrc: 1000,
                    ..
                }
            )
        })
        .count()
}

#[test]
fn over_viewers_throttled_and_repeated_until_answered() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut track = Track::video();
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    let mut viewers: Vec<Peer> = (0..5)
        .map(|_| world.viewer(source, video_sink()).0)
        .collect();
    assert_eq!(
        plis(&mut world, &mut publisher),
        1,
        "five newcomers, one question"
    );
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    for (index, viewer) in viewers.iter_mut().enumerate() {
        world.send_rtcp(viewer, |writer| {
            writer.receiver_report(5, &[]).unwrap();
            // The target of a FIR is in its entries; the header says nothing.
            if index == 0 {
                writer.fir(5, 7000, 1).unwrap()
            } else {
                writer.pli(5, 7000).unwrap()
            }
        });
    }
    assert_eq!(
        plis(&mut world, &mut publisher),
        0,
        "too soon after the last one"
    );
    world.advance(349 * MS);
    assert_eq!(plis(&mut world, &mut publisher), 0);
    world.advance(2 * MS);
    assert_eq!(plis(&mut world, &mut publisher), 1);
    world.advance(2000 * MS);
    assert_eq!(
        plis(&mut world, &mut publisher),
        4,
        "no key frame came: asked again and again"
    );
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    world.advance(3000 * MS);
    assert_eq!(plis(&mut world, &mut publisher), 0);
}

#[test]
fn a_request_about_a_stream_that_is_not_the_viewers_is_ignored() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    world.advance(SECOND);
    plis(&mut world, &mut publisher);
    world.send_rtcp(&mut viewer, |writer| {
        writer.receiver_report(5, &[]).unwrap();
        writer.pli(5, 1000).unwrap();
    });
    assert_eq!(plis(&mut world, &mut publisher), 0);
}

#[test]
fn a_fir_asks_for_what_its_entries_name() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    for packet in Track::video().frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    for (ssrc, asked) in [(7000, 1), (9999, 0)] {
        world.advance(SECOND);
        for packet in Track::video().frame(true, 1) {
            world.send_rtp(&mut publisher, &packet);
        }
        plis(&mut world, &mut publisher);
        world.send_rtcp(&mut viewer, |writer| {
            writer.receiver_report(5, &[]).unwrap();
            writer.fir(7000, ssrc, 1).unwrap();
        });
        assert_eq!(plis(&mut world, &mut publisher), asked);
    }
}
