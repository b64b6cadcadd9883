use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::{Duration, Instant};

use salon_packets_core::command::Command;
use salon_packets_core::config::SinkConfig;
use salon_packets_core::event::{CloseReason, Event};
use salon_packets_core::io::{Relay, SendError};
use salon_packets_core::srtp::{Profile, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::rtp::{Header, Kind, classify};
use salon_packets_core::wire::stun::Role;

use crate::seqpacket;
use crate::stage::{Encoder, REPLACEMENT_SSRC, source_of};
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
    assert!(events.contains(&Event::SourceStarted {
        transport: 1,
        source: 1
    }));
    relay.close();
    assert_eq!(
        relay.send(Command::RemoveSource { source: 1 }),
        Err(SendError::Closed)
    );
    assert_eq!(relay.stats(), Err(SendError::Closed));
}

/// Our end of a local transport, and the relay's, which it has its own copy of.
fn link(relay: &Relay, id: u64) -> UnixDatagram {
    let (ours, theirs) = seqpacket::pair();
    relay
        .add_local_transport(id, theirs.as_raw_fd())
        .unwrap()
        .unwrap();
    ours
}

/// The next message; `None` at the end.
fn receive(link: &UnixDatagram) -> Option<Vec<u8>> {
    let mut buffer = [0; 2048];
    let len = link
        .recv(&mut buffer)
        .expect("something within five seconds");
    (len > 0).then(|| buffer[..len].to_vec())
}

/// The next event that is one of these, within five seconds.
fn wait_for(relay: &Relay, wanted: impl Fn(&Event) -> bool) -> Event {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        if let Some(event) = relay.drain().into_iter().find(&wanted) {
            return event;
        }
        assert!(Instant::now() < end, "no such event");
        std::thread::yield_now();
    }
}

#[test]
fn to_a_process_of_this_machine_and_from_it_to_viewers() {
    let mut relay = Relay::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let (mut publisher, publisher_socket) = join(&relay, 1);
    let (mut viewer, viewer_socket) = join(&relay, 2);
    let transcoder = link(&relay, 3);
    let local_consumer = SinkConfig {
        ssrc: 4000,
        nack: false,
        ..video_sink()
    };
    for command in [
        Command::AddSource {
            transport: 1,
            source: 1,
            config: Box::new(video_source()),
        },
        Command::AddSource {
            transport: 3,
            source: 3,
            config: Box::new(source_of(VP8, REPLACEMENT_SSRC)),
        },
        Command::AddSink {
            transport: 3,
            sink: 3,
            source: 1,
            config: Box::new(local_consumer),
        },
        Command::AddSink {
            transport: 2,
            sink: 2,
            source: 1,
            config: Box::new(video_sink()),
        },
        Command::Hold {
            source: 1,
            max_ms: 60_000,
        },
        Command::SwitchTo {
            source: 1,
            replacement: 3,
        },
    ] {
        relay.send(command).unwrap();
    }
    let mut track = Track::video();
    let timestamp = track.timestamp;
    for packet in track.frame(true, 4) {
        publisher_socket
            .send(&protect(&mut publisher, &packet))
            .unwrap();
    }
    let mut local = 0;
    while local < 4 {
        let packet = receive(&transcoder).unwrap();
        if classify(&packet) == Kind::Rtp {
            let header = Header::parse(&packet).unwrap();
            assert_eq!((header.ssrc, header.timestamp), (4000, timestamp));
            local += 1;
        }
    }
    // Far too much is nothing, and does no harm.
    transcoder.send(&[0x80; 10_000]).unwrap();
    let mut encoder = Encoder::transcoder(VP8);
    for packet in encoder.frame(timestamp, true, 3) {
        transcoder.send(&packet).unwrap();
    }
    let mut places = Vec::new();
    while places.len() < 3 {
        let mut buffer = [0; 2048];
        let len = viewer_socket.recv(&mut buffer).unwrap();
        if classify(&buffer[..len]) == Kind::Rtp {
            let plain = viewer.receiver.unprotect_rtp(&mut buffer[..len]).unwrap();
            places.push((buffer[plain - 3], buffer[plain - 1]));
        }
    }
    assert_eq!(places, [(2, 0), (2, 1), (2, 2)]);
    wait_for(&relay, |event| {
        *event
            == Event::SwitchedTo {
                transport: 1,
                source: 1,
                replacement: 3,
            }
    });
    assert!(relay.stats().unwrap().unknown_datagrams >= 1);
    drop(transcoder);
    wait_for(&relay, |event| {
        *event
            == Event::TransportClosed {
                transport: 3,
                reason: CloseReason::LinkClosed,
            }
    });
    let stats = relay.stats().unwrap();
    assert_eq!((stats.transports.len(), stats.sources.len()), (2, 1));
    relay.close();
}

#[test]
fn and_drops_and_counts_what_a_process_of_this_machine_does_not_read() {
    let mut relay = Relay::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let (mut publisher, publisher_socket) = join(&relay, 1);
    let asleep = link(&relay, 3);
    for command in [
        Command::AddSource {
            transport: 1,
            source: 1,
            config: Box::new(video_source()),
        },
        Command::AddSink {
            transport: 3,
            sink: 3,
            source: 1,
            config: Box::new(video_sink()),
        },
    ] {
        relay.send(command).unwrap();
    }
    let mut track = Track::video();
    let mut sent = 0;
    while relay.stats().unwrap().send_failures == 0 {
        for mut packet in track.frame(sent == 0, 50) {
            packet.resize(1100, 0);
            publisher_socket
                .send(&protect(&mut publisher, &packet))
                .unwrap();
            sent += 1;
        }
        assert!(sent < 20_000, "it takes everything");
    }
    // It wakes up: what fitted is there, and things go on.
    asleep.set_nonblocking(true).unwrap();
    while asleep.recv(&mut [0; 2048]).is_ok() {}
    asleep.set_nonblocking(false).unwrap();
    let before = relay.stats().unwrap().send_failures;
    let packet = track.frame(false, 1).remove(0);
    publisher_socket
        .send(&protect(&mut publisher, &packet))
        .unwrap();
    while receive(&asleep).unwrap()[0] != packet[0] {}
    assert_eq!(relay.stats().unwrap().send_failures, before);
    relay.close();
}

#[test]
fn only_what_is_a_local_socket_of_messages_becomes_a_link() {
    let mut relay = Relay::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let file = std::fs::File::open("/dev/null").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (stream, _other) = UnixStream::pair().unwrap();
    for fd in [-1, file.as_raw_fd(), udp.as_raw_fd(), stream.as_raw_fd()] {
        assert!(relay.add_local_transport(1, fd).is_err());
    }
    let first = link(&relay, 1);
    // The id is taken: the second socket is closed, the first stays.
    let second = link(&relay, 1);
    assert!(receive(&second).is_none(), "the end");
    assert_eq!(relay.stats().unwrap().stale_commands, 1);
    let remove = Command::RemoveTransport { transport: 1 };
    relay.send(remove).unwrap();
    assert!(receive(&first).is_none(), "the end");
    relay.close();
    let (_ours, theirs) = seqpacket::pair();
    assert_eq!(
        relay.add_local_transport(2, theirs.as_raw_fd()).unwrap(),
        Err(SendError::Closed)
    );
}

#[test]
fn and_leaves_no_descriptor_behind() {
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let open = |times| {
        for _ in 0..times {
            let relay = Relay::start("127.0.0.1:0".parse().unwrap()).unwrap();
            let _link = link(&relay, 1);
            assert!(relay.stats().is_ok());
        }
    };
    open(1);
    let before = count();
    open(100);
    // Other tests of this process open a few at the same time.
    assert!(count() < before + 50);
}
