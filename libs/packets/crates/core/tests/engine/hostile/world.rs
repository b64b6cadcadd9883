//! The engine under a manual clock with peers whose keys are known, and what it promises whatever they do.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use salon_packets_core::arena::Path;
use salon_packets_core::command::Command;
use salon_packets_core::engine::{Engine, Population, Settings};
use salon_packets_core::srtp::{Profile, SrtpError, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::rtcp::Packets;
use salon_packets_core::wire::rtp::{Header, Kind, classify};
use salon_packets_core::wire::stun::{IntegrityKey, Request, Role, write_request};

use super::packets::{Seen, Tracks};
use super::{LINKS, PEERS};

const PROFILE: Profile = Profile::AeadAes128Gcm;
const PASSWORD: &str = "a-password-of-24-letters";
/// Of one input; real ones need two digits.
const MAX_WAKE_UPS: usize = 20_000;
/// What one datagram of a peer may make the relay send, to everybody together.
const MAX_OUTPUT_BYTES: usize = 4 << 20;

pub struct Peer {
    id: u64,
    address: SocketAddr,
    sender: SrtpSender,
    receiver: SrtpReceiver,
    sent: Vec<Vec<u8>>,
    /// Datagrams of the relay by (SSRC, number): one index never protects two packets.
    received: HashMap<(u32, u16), Vec<u8>>,
    /// Somebody else proved to be at this address as well: what comes there may be for the other.
    is_shared: bool,
}

pub struct World {
    engine: Engine,
    now_ns: u64,
    peers: Vec<Peer>,
    next_id: u64,
    is_batching: bool,
    pub tracks: Tracks,
    /// Of the peers on this machine.
    pub local_tracks: Tracks,
    links: [u64; LINKS],
    /// What they were sent: nothing comes twice, nothing is asked for again there.
    sent_local: HashSet<(u64, u32, u16)>,
    pub seen: Seen,
}

impl World {
    pub fn new() -> Self {
        let peers = (0..PEERS).map(|number| Peer {
            id: 0,
            address: SocketAddr::from(([10, 0, 0, number as u8], 40_000)),
            sender: SrtpSender::new(PROFILE, &[1; 28]).expect("key length"),
            receiver: SrtpReceiver::new(PROFILE, &[2; 28]).expect("key length"),
            sent: Vec::new(),
            received: HashMap::new(),
            is_shared: false,
        });
        Self {
            engine: Engine::new(Settings {
                unix_minus_monotonic_ns: 1_700_000_000_000_000_000,
                ..Settings::default()
            }),
            now_ns: 1_000_000_000_000,
            peers: peers.collect(),
            next_id: 1,
            is_batching: false,
            tracks: Tracks::default(),
            local_tracks: Tracks::default(),
            links: [0; LINKS],
            sent_local: HashSet::new(),
            seen: Seen::default(),
        }
    }

    pub fn id(&self, peer: usize) -> u64 {
        self.peers[peer].id
    }

    pub fn fresh_ssrc(&mut self) -> u32 {
        self.next_id += 2;
        100_000 + self.next_id as u32
    }

    /// A new transport for this peer, connected, with keys; the former one goes.
    pub fn join(&mut self, peer: usize) {
        self.leave(peer);
        self.next_id += 2;
        let id = self.next_id;
        self.peers[peer].id = id;
        // A fresh address: the former one may have become somebody else's.
        let host = [10, 1 + (id >> 8) as u8, id as u8, peer as u8];
        self.peers[peer].address = SocketAddr::from((host, 40_000));
        self.peers[peer].is_shared = false;
        self.command(Command::AddTransport {
            transport: id,
            local_ufrag: format!("l{id}"),
            local_pwd: PASSWORD.into(),
            remote_ufrag: format!("r{id}"),
        });
        self.check(peer, 0);
        self.set_keys(peer);
    }

    pub fn leave(&mut self, peer: usize) {
        let transport = self.peers[peer].id;
        self.command(Command::RemoveTransport { transport });
    }

    pub fn link_id(&self, link: usize) -> u64 {
        self.links[link]
    }

    /// A new local transport; the former one goes.
    pub fn join_link(&mut self, link: usize) {
        self.leave_link(link, false);
        self.next_id += 2;
        self.links[link] = self.next_id;
        self.command(Command::AddLocalTransport {
            transport: self.next_id,
        });
    }

    /// Removed by the owner, or its other end went away.
    pub fn leave_link(&mut self, link: usize, by_itself: bool) {
        let transport = self.links[link];
        if by_itself {
            self.engine.on_link_closed(self.now_ns, transport);
            self.pump();
        } else {
            self.command(Command::RemoveTransport { transport });
        }
    }

    pub fn send_local(&mut self, link: usize, message: &[u8]) {
        let mut bytes = message.to_vec();
        let transport = self.links[link];
        self.engine
            .on_local_datagram(self.now_ns, self.now_ns, transport, &mut bytes);
        self.settle();
    }

    /// As after the DTLS handshake.
    fn set_keys(&mut self, peer: usize) {
        self.next_id += 2;
        let peer = &mut self.peers[peer];
        let key = |direction: u8| {
            let mut key = [direction; 28];
            key[..8].copy_from_slice(&self.next_id.to_be_bytes());
            key
        };
        let (to_relay, from_relay) = (key(1), key(2));
        peer.sender = SrtpSender::new(PROFILE, &to_relay).expect("key length");
        peer.receiver = SrtpReceiver::new(PROFILE, &from_relay).expect("key length");
        peer.received.clear();
        let command = Command::SetSrtp {
            transport: peer.id,
            sender: Box::new(SrtpSender::new(PROFILE, &from_relay).expect("key length")),
            receiver: Box::new(SrtpReceiver::new(PROFILE, &to_relay).expect("key length")),
        };
        self.command(command);
    }

    pub fn command(&mut self, command: Command) {
        self.engine.on_command(self.now_ns, command);
        self.pump();
    }

    /// Until it is called with false, datagrams gather as in one `recvmmsg`.
    pub fn batch(&mut self, on: bool) {
        self.is_batching = on;
        self.settle();
    }

    pub fn send_rtp(&mut self, peer: usize, packet: &[u8]) {
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + 64, 0);
        if let Ok(len) = self.peers[peer]
            .sender
            .protect_rtp(&mut buffer, packet.len())
        {
            self.send(peer, &buffer[..len]);
        }
    }

    pub fn send_rtcp(&mut self, peer: usize, compound: &[u8]) {
        let mut buffer = compound.to_vec();
        buffer.resize(compound.len() + 64, 0);
        if let Ok(len) = self.peers[peer]
            .sender
            .protect_rtcp(&mut buffer, compound.len())
        {
            self.send(peer, &buffer[..len]);
        }
    }

    fn send(&mut self, peer: usize, datagram: &[u8]) {
        self.peers[peer].sent.push(datagram.to_vec());
        self.deliver(self.peers[peer].address, datagram);
    }

    pub fn replay(&mut self, peer: usize, back: u8) {
        let sent = &self.peers[peer].sent;
        if let Some(datagram) = sent
            .get(sent.len().saturating_sub(1 + usize::from(back)))
            .cloned()
        {
            self.deliver(self.peers[peer].address, &datagram);
        }
    }

    /// A STUN check; from the peer's address, from a new one, or from somebody else's.
    pub fn check(&mut self, peer: usize, shape: u8) {
        let id = self.peers[peer].id;
        let username = format!("l{id}:r{id}");
        let request = Request {
            transaction_id: b"transaction!",
            username: username.as_bytes(),
            priority: 1,
            role: if shape & 16 == 0 {
                Role::Controlling(1)
            } else {
                Role::Controlled(1)
            },
            use_candidate: shape & 1 == 0,
        };
        let mut out = [0; 256];
        let len = write_request(&mut out, &request, &IntegrityKey::new(PASSWORD.as_bytes()))
            .expect("room for a check");
        let from = match shape >> 1 & 3 {
            0 | 1 => self.peers[peer].address,
            2 => {
                let other = &mut self.peers[usize::from(shape >> 4) % PEERS];
                other.is_shared |= other.id != id;
                other.address
            }
            _ => SocketAddr::from(([10, 0, 1, peer as u8], 1000 + u16::from(shape))),
        };
        self.deliver(from, &out[..len]);
    }

    fn deliver(&mut self, remote: SocketAddr, datagram: &[u8]) {
        let path = Path {
            remote,
            local: None,
        };
        let mut bytes = datagram.to_vec();
        self.engine
            .on_datagram(self.now_ns, self.now_ns, &path, &mut bytes);
        self.settle();
    }

    pub fn advance(&mut self, by_ns: u64) {
        let end_ns = self.now_ns + by_ns;
        let mut wake_ups = 0;
        while let Some(deadline_ns) = self
            .engine
            .next_deadline_ns()
            .filter(|at_ns| *at_ns <= end_ns)
        {
            self.now_ns = self.now_ns.max(deadline_ns);
            self.engine.on_time(self.now_ns);
            self.pump();
            wake_ups += 1;
            assert!(
                wake_ups < MAX_WAKE_UPS,
                "a timer sets itself again and again"
            );
        }
        self.now_ns = end_ns;
        self.settle();
    }

    fn settle(&mut self) {
        if !self.is_batching {
            self.pump();
        }
    }

    fn pump(&mut self) {
        while self.engine.finish_batch(self.now_ns) {
            self.collect();
        }
        self.collect();
        assert_eq!(self.engine.stats().panics, 0, "a panic was caught");
    }

    fn collect(&mut self) {
        let (peers, seen) = (&mut self.peers, &mut self.seen);
        let arena = self.engine.output();
        assert!(
            arena.pending_bytes() < MAX_OUTPUT_BYTES,
            "one step sent too much"
        );
        arena.for_each_run(&mut Vec::new(), |path, run| {
            assert!(
                run.iter().all(|packet| packet.len() <= run[0].len()),
                "longer than its run"
            );
            let (last, others) = run.split_last().expect("a run has a packet");
            assert!(
                others.iter().all(|packet| packet.len() == run[0].len()),
                "{}",
                last.len()
            );
            if let Some(number) = peers.iter().position(|peer| peer.address == path.remote) {
                for packet in run {
                    peers[number].read(packet, &mut seen[number]);
                }
            }
        });
        arena.clear();
        let sent_local = &mut self.sent_local;
        self.engine
            .drain_links(|transport, packet| match classify(packet) {
                Kind::Rtp => {
                    let header = Header::parse(packet).expect("the relay sends whole headers");
                    header.payload(packet).expect("padding is right");
                    let number = (transport, header.ssrc, header.sequence_number);
                    // Numbers come again after a wrap, which no input is long enough for.
                    assert!(sent_local.insert(number), "{number:?} twice");
                }
                Kind::Rtcp => assert!(
                    Packets::new(packet).all(|packet| packet.is_ok()),
                    "our own RTCP"
                ),
                kind => panic!("{kind:?} on a link"),
            });
        self.engine.take_events();
    }

    /// Everybody leaves: nothing may stay.
    pub fn end(&mut self) {
        self.is_batching = false;
        for peer in 0..PEERS {
            self.leave(peer);
        }
        for link in 0..LINKS {
            self.leave_link(link, link == 0);
        }
        self.advance(2_000_000_000);
        assert_eq!(self.engine.population(), Population::default());
    }
}

impl Peer {
    fn read(&mut self, datagram: &[u8], seen: &mut Vec<(u32, u16)>) {
        if self.is_shared {
            return;
        }
        let mut bytes = datagram.to_vec();
        match classify(datagram) {
            Kind::Rtp => {
                let header = Header::parse(datagram).expect("the relay sends whole headers");
                let number = (header.ssrc, header.sequence_number);
                if let Some(before) = self.received.insert(number, datagram.to_vec()) {
                    assert_eq!(before, datagram, "two packets under one index");
                    return;
                }
                match self.receiver.unprotect_rtp(&mut bytes) {
                    Ok(len) => {
                        let header = Header::parse(&bytes[..len]).expect("it was parsed before");
                        header.payload(&bytes[..len]).expect("padding is right");
                        seen.push(number);
                    }
                    // Older than the window, or the viewer's sinks were exchanged without end.
                    Err(SrtpError::Replayed | SrtpError::TooManySsrcs) => {}
                    Err(error) => panic!("the relay's own packet: {error}"),
                }
            }
            Kind::Rtcp => {
                let len = self
                    .receiver
                    .unprotect_rtcp(&mut bytes)
                    .expect("the relay's RTCP is authentic");
                assert!(
                    Packets::new(&bytes[..len]).all(|packet| packet.is_ok()),
                    "our own RTCP"
                );
            }
            _ => {}
        }
    }
}
