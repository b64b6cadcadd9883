use std::net::UdpSocket;
use std::time::Duration;

use salon_packets_core::command::Command;
use salon_packets_core::event::Event;
use salon_packets_core::io::{Relay, SendError};
use salon_packets_core::srtp::{Profile, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::rtp::{Kind, classify};
use salon_packets_core::wire::stun::Role;

use crate::support::*;

/// A peer on a real socket, connected and with keys.
fn join(relay: &Relay, id: u64) -> (Peer, UdpSocket) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(relay.local_address()).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let add = Command::AddTransport {
        transport: id,
        local_ufrag: format!("local{id}"),
        local_pwd: password(id),
        remote_ufrag: format!("remote{id}"),
    };
    relay.send(add).unwrap();
    let set = Command::SetSrtp {
        transport: id,
        sender: Box::new(SrtpSender::new(Profile::AeadAes256Gcm, &[!id as u8; 44]).unwrap()),
        receiver: Box::new(SrtpReceiver::new(Profile::Aes128CmSha1_80, &[id as u8; 30]).unwrap()),
    };
    relay.send(set).unwrap();
    socket
        .send(&stun_check(id, &password(id), true, Role::Controlling(1)))
        .unwrap();
    let mut answer = [0; 256];
    assert!(socket.recv(&mut answer).unwrap() > 20);
    let peer = Peer {
        id,
        address: socket.local_addr().unwrap(),
        sender: SrtpSender::new(Profile::Aes128CmSha1_80, &[id as u8; 30]).unwrap(),
        receiver: SrtpReceiver::new(Profile::AeadAes256Gcm, &[!id as u8; 44]).unwrap(),
    };
    (peer, socket)
}

#[test]
fn a_frame_to_two_viewers_and_stops_when_told() {
    let mut relay = Relay::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let (mut publisher, publisher_socket) = join(&relay, 1);
    let source = Command::AddSource {
        transport: 1,
        source: 1,
        config: Box::new(video_source()),
    };
    relay.send(source).unwrap();
    let mut viewers: Vec<_> = (2..4).map(|id| join(&relay, id)).collect();
    for (viewer, _) in &viewers {
        let config = Box::new(video_sink());
        relay
            .send(Command::AddSink {
                transport: viewer.id,
                sink: viewer.id,
                source: 1,
                config,
            })
            .unwrap();
    }
    let frame = Track::video().frame(true, 4);
    for packet in &frame {
        publisher_socket
            .send(&protect(&mut publisher, packet))
            .unwrap();
    }
    for (viewer, socket) in &mut viewers {
        let mut places = Vec::new();
        while places.len() < frame.len() {
            let mut buffer = [0; 2048];
            let len = socket.recv(&mut buffer).unwrap();
            if classify(&buffer[..len]) == Kind::Rtp {
                let plain = viewer.receiver.unprotect_rtp(&mut buffer[..len]).unwrap();
                places.push(buffer[plain - 1]);
            }
        }
        assert_eq!(places, [0, 1, 2, 3]);
    }
    let stats = relay.stats().unwrap();
    assert_eq!(
        stats
            .sinks
            .iter()
            .map(|(_, sink)| sink.packets_sent)
            .collect::<Vec<_>>(),
        [4, 4]
    );
    assert!(stats.packets_sent >= 11 && stats.send_failures == 0);
    let events = relay.drain();
    assert!(events.contains(&Event::SourceStarted { source: 1 }));
    relay.close();
    assert_eq!(
        relay.send(Command::RemoveSource { source: 1 }),
        Err(SendError::Closed)
    );
    assert_eq!(relay.stats(), Err(SendError::Closed));
}

#[test]
fn and_leaves_no_descriptor_behind() {
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let open = |times| {
        for _ in 0..times {
            let relay = Relay::start("127.0.0.1:0".parse().unwrap()).unwrap();
            assert!(relay.stats().is_ok());
        }
    };
    open(1);
    let before = count();
    open(100);
    // Other tests of this process open a few at the same time.
    assert!(count() < before + 50);
}
