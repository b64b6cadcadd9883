use std::net::SocketAddr;

use salon_packets_core::event::{CloseReason, Event};
use salon_packets_core::wire::stun::write_indication;

use crate::support::*;

fn expired(world: &World) -> Vec<u64> {
    let closed = world.events.iter().filter_map(|event| match event {
        Event::TransportClosed {
            transport,
            reason: CloseReason::ConsentExpired,
        } => Some(*transport),
        _ => None,
    });
    closed.collect()
}

fn indication() -> Vec<u8> {
    let mut out = vec![0; 64];
    let len = write_indication(&mut out, b"keeps-alive!").unwrap();
    out.truncate(len);
    out
}

#[test]
fn media_is() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    for _ in 0..120 {
        for packet in track.frame(false, 1) {
            world.send_rtp(&mut publisher, &packet);
        }
        world.advance(SECOND);
    }
    assert_eq!(
        expired(&world),
        [viewer.id],
        "who says nothing at all has left"
    );
    world.advance(31 * SECOND);
    assert_eq!(expired(&world), [viewer.id, publisher.id]);
}

#[test]
fn sound_with_long_pauses_and_reports_are() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(audio_source());
    let (mut viewer, _) = world.viewer(source, audio_sink());
    let mut track = Track::audio();
    for _ in 0..6 {
        let sample = track.sample(&[]);
        world.send_rtp(&mut publisher, &sample);
        world.send_rtcp(&mut viewer, |writer| {
            writer.receiver_report(9, &[]).unwrap()
        });
        world.advance(25 * SECOND);
    }
    assert_eq!(expired(&world), []);
}

#[test]
fn indications_from_an_address_of_the_peer_are() {
    let mut world = World::new();
    let (kept, other) = (world.join(), world.join());
    for _ in 0..6 {
        world.deliver(kept.address, &indication());
        world.deliver(SocketAddr::from(([192, 0, 2, 9], 9)), &indication());
        world.advance(15 * SECOND);
    }
    assert_eq!(expired(&world), [other.id]);
    assert!(
        world.take_raw(kept.address).is_empty(),
        "they are not answered"
    );
}

#[test]
fn what_is_not_authentic_or_was_there_before_is_not() {
    let mut world = World::new();
    let (mut publisher, _) = world.publisher(video_source());
    let packet = Track::video().frame(true, 1).remove(0);
    let authentic = protect(&mut publisher, &packet);
    world.deliver(publisher.address, &authentic);
    let mut forged = authentic.clone();
    *forged.last_mut().unwrap() ^= 1;
    let mut spoilt = indication();
    *spoilt.last_mut().unwrap() ^= 1;
    for _ in 0..35 {
        for datagram in [&authentic, &forged, &spoilt] {
            world.deliver(publisher.address, datagram);
        }
        world.advance(SECOND);
    }
    assert_eq!(expired(&world), [publisher.id]);
}
