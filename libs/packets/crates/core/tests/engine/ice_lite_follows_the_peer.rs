use std::net::SocketAddr;

use salon_packets_core::engine::Settings;
use salon_packets_core::event::{CloseReason, Event};
use salon_packets_core::wire::stun::{Message, MessageKind, Role};

use crate::support::*;

fn connected(events: &[Event]) -> Vec<SocketAddr> {
    let addresses = events.iter().filter_map(|event| match event {
        Event::TransportConnected { address, .. } => Some(*address),
        _ => None,
    });
    addresses.collect()
}

#[test]
fn to_a_nominated_address_and_media_follows_at_once() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    let old = viewer.address;
    let new = SocketAddr::from(([192, 0, 2, 77], 5555));
    world.events.clear();
    world.check(&viewer, new, false);
    assert!(connected(&world.events).is_empty());
    world.check(&viewer, new, true);
    assert_eq!(connected(&world.events), [new]);
    world.take_raw(old);
    world.take_raw(new);
    for packet in track.frame(false, 2) {
        world.send_rtp(&mut publisher, &packet);
    }
    assert!(world.take_raw(old).is_empty());
    viewer.address = new;
    assert_eq!(world.take_rtp(&mut viewer).len(), 2);

    // A publisher may send from either of its validated addresses.
    let second = SocketAddr::from(([192, 0, 2, 78], 5556));
    world.check(&publisher, second, false);
    let packet = protect(&mut publisher, &track.frame(false, 1)[0]);
    world.deliver(second, &packet);
    assert_eq!(world.take_rtp(&mut viewer).len(), 1);
    let packet = protect(&mut publisher, &track.frame(false, 1)[0]);
    world.deliver(SocketAddr::from(([192, 0, 2, 79], 5556)), &packet);
    assert!(
        world.take_rtp(&mut viewer).is_empty(),
        "an address without a check is nobody's"
    );
}

#[test]
fn an_address_of_a_live_transport_is_not_taken_over() {
    let mut world = World::new();
    let (victim, other) = (world.join(), world.add_transport());
    world.events.clear();
    world.check(&other, victim.address, true);
    assert!(world.events.is_empty() && world.take_raw(victim.address).is_empty());
    world.advance(11 * SECOND);
    world.check(&other, victim.address, true);
    assert_eq!(
        connected(&world.events),
        [victim.address],
        "its former owner has gone"
    );
}

#[test]
fn answers_say_who_asked_and_role_conflicts_are_told() {
    let mut world = World::new();
    let peer = world.add_transport();
    world.check(&peer, peer.address, false);
    let answers = world.take_raw(peer.address);
    let answer = Message::parse(&answers[0]).unwrap();
    assert_eq!(
        (answer.kind(), answer.transaction_id()),
        (MessageKind::BindingSuccess, b"transaction!")
    );

    let other = SocketAddr::from(([192, 0, 2, 1], 1));
    world.events.clear();
    world.deliver(
        other,
        &stun_check(peer.id, &password(peer.id), true, Role::Controlled(1)),
    );
    let answers = world.take_raw(other);
    assert_eq!(
        Message::parse(&answers[0]).unwrap().kind(),
        MessageKind::BindingError
    );
    assert!(world.events.is_empty(), "a conflict validates nothing");
}

#[test]
fn silence_for_the_consent_time_closes_and_checks_keep_open() {
    let mut world = World::with(Settings {
        consent_ns: 30 * SECOND,
        ..Settings::default()
    });
    let (publisher, source) = world.publisher(video_source());
    let (viewer, _) = world.viewer(source, video_sink());
    let never_came = world.add_transport();
    world.events.clear();
    for _ in 0..5 {
        world.advance(10 * SECOND);
        world.check(&publisher, publisher.address, false);
    }
    let closed: Vec<u64> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::TransportClosed {
                transport,
                reason: CloseReason::ConsentExpired,
            } => Some(*transport),
            _ => None,
        })
        .collect();
    assert_eq!(closed.len(), 2);
    assert!(closed.contains(&viewer.id) && closed.contains(&never_came.id));
    let left = world.engine.population();
    assert_eq!(
        (left.transports, left.sources, left.sinks, left.addresses),
        (1, 1, 0, 1)
    );
}
