use std::net::SocketAddr;

use salon_packets_core::wire::stun::Role;

use crate::support::*;

#[test]
fn from_strangers() {
    let mut world = World::new();
    let (publisher, source) = world.publisher(video_source());
    let _viewer = world.viewer(source, video_sink());
    let before = world.engine.population();
    world.events.clear();
    let mut dice = Dice(99);
    let mut random = || (dice.hits(50), dice.0 >> 40);
    for round in 0..20_000u64 {
        let from = SocketAddr::from((
            [198, 51, 100, (round % 200) as u8],
            (round % 60_000) as u16 + 1,
        ));
        let first = [0, 1, 22, 63, 128, 144, 191, 255][(random().1 % 8) as usize];
        let mut bytes: Vec<u8> = (0..random().1 % 200).map(|_| random().1 as u8).collect();
        if let Some(byte) = bytes.first_mut() {
            *byte = first;
        }
        world.deliver(from, &bytes);
        // Right form, wrong password or unknown name.
        if round % 100 == 0 {
            world.deliver(
                from,
                &stun_check(publisher.id, "guess", true, Role::Controlling(1)),
            );
            world.deliver(
                from,
                &stun_check(
                    round + 10_000,
                    &password(publisher.id),
                    true,
                    Role::Controlling(1),
                ),
            );
        }
        assert!(
            world.take_raw(from).is_empty(),
            "nobody is answered who knows no password"
        );
    }
    assert_eq!(world.engine.population(), before);
    assert!(world.events.is_empty());
    let stats = world.engine.stats();
    assert!(stats.unknown_datagrams > 10_000 && stats.stun_failures > 400);
    assert_eq!((stats.panics, stats.packets_received), (0, 0));
}

#[test]
fn from_a_peer_that_is_not_honest() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    for packet in track.frame(true, 4) {
        world.send_rtp(&mut publisher, &packet);
    }
    let sent = world.take_raw(viewer.address);
    let mut dice = Dice(1);
    for round in 0..5_000u32 {
        // Authentic packets with arbitrary insides: what a fuzzer behind the keys would send.
        let mut packet = track.frame(round % 50 == 0, 1).remove(0);
        for _ in 0..4 {
            dice.hits(1);
            let place = (dice.0 >> 33) as usize % packet.len();
            if place >= 12 || place == 1 {
                packet[place] = (dice.0 >> 20) as u8;
            }
        }
        if round % 3 == 0 {
            packet[0] |= 0x30;
        }
        let mut protected = packet.clone();
        protected.resize(packet.len() + 32, 0);
        if let Ok(len) = publisher.sender.protect_rtp(&mut protected, packet.len()) {
            world.deliver(publisher.address, &protected[..len]);
        }
        let mut noise: Vec<u8> = (0..200u32)
            .map(|place| (dice.0 >> (place % 50)) as u8 ^ place as u8)
            .collect();
        noise[..8].copy_from_slice(&[
            0x80 | (round % 32) as u8,
            200 + (round % 8) as u8,
            0,
            (round % 49) as u8,
            0,
            0,
            27,
            88,
        ]);
        let mut buffer = noise.clone();
        buffer.resize(300, 0);
        let len = viewer.sender.protect_rtcp(&mut buffer, 200).unwrap();
        world.deliver(viewer.address, &buffer[..len]);
        world.advance(MS);
        world.take_raw(viewer.address);
        world.take_raw(publisher.address);
    }
    assert_eq!(sent.len(), 4);
    assert_eq!(world.engine.stats().panics, 0);
}

#[test]
fn replayed_and_forged_packets_are_not_forwarded() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let protected = protect(&mut publisher, &Track::video().frame(true, 1)[0]);
    for _ in 0..3 {
        world.deliver(publisher.address, &protected);
    }
    let mut forged = protected.clone();
    forged[3] ^= 1;
    world.deliver(publisher.address, &forged);
    assert_eq!(world.take_rtp(&mut viewer).len(), 1);
    let stats = world.engine.stats();
    let (_, transport) = stats
        .transports
        .iter()
        .find(|(id, _)| *id == publisher.id)
        .unwrap();
    assert_eq!(transport.srtp_failures, 3);
}
