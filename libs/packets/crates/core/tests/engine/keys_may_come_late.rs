use salon_packets_core::command::Command;
use salon_packets_core::event::Event;

use crate::support::*;

#[test]
fn packets_wait_for_them_in_order_and_within_bounds() {
    let mut world = World::new();
    let mut publisher = world.add_transport();
    let source = world.add_source(&publisher, video_source());
    world.check(&publisher, publisher.address, true);
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    for round in 0..20 {
        for packet in track.frame(round == 0, 2) {
            world.send_rtp(&mut publisher, &packet);
        }
    }
    assert!(world.take_rtp(&mut viewer).is_empty());
    world.set_keys(&publisher);
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 32, "no more are kept");
    assert!(is_continuous(&sequences(&received)));
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    assert_eq!(world.take_rtp(&mut viewer).len(), 1);
}

#[test]
fn dtls_goes_up_in_order_and_down_to_the_selected_address() {
    let mut world = World::new();
    let peer = world.add_transport();
    world.deliver(peer.address, &[22, 1]);
    assert_eq!(
        world.engine.stats().unknown_datagrams,
        1,
        "not before a check"
    );
    world.command(Command::SendDtls {
        transport: peer.id,
        datagrams: vec![vec![22, 0]],
    });
    assert_eq!(world.engine.stats().stale_commands, 1);
    world.check(&peer, peer.address, true);
    world.take_raw(peer.address);
    world.events.clear();
    world.deliver(peer.address, &[22, 1]);
    world.deliver(peer.address, &[22, 2]);
    let up = |byte| Event::DtlsReceived {
        transport: peer.id,
        datagrams: vec![vec![22, byte]],
    };
    assert_eq!(world.events, [up(1), up(2)]);
    world.command(Command::SendDtls {
        transport: peer.id,
        datagrams: vec![vec![22, 3], vec![22, 4]],
    });
    assert_eq!(world.take_raw(peer.address), [vec![22, 3], vec![22, 4]]);
}
