//! A world without sockets: the engine under a manual clock, peers that speak STUN and SRTP of their own, and a seeded
//! lossy link.

use std::collections::HashMap;
use std::net::SocketAddr;

use salon_packets_core::arena::Path;
use salon_packets_core::command::Command;
use salon_packets_core::config::{
    Codec, CodecName, KeyframeFeedback, MediaKind, SinkConfig, SourceConfig, extension_ids,
};
use salon_packets_core::engine::{Engine, Settings};
use salon_packets_core::event::Event;
use salon_packets_core::srtp::{Profile, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::extensions::ExtensionKind;
use salon_packets_core::wire::rtcp::{Packet, Packets, Writer};
use salon_packets_core::wire::rtp::{Header, HeaderFields, Kind, classify, write_header};
use salon_packets_core::wire::stun::{IntegrityKey, Request, Role, write_request};

pub const MS: u64 = 1_000_000;
pub const SECOND: u64 = 1000 * MS;
pub const START_NS: u64 = 1000 * SECOND;
pub const VP8: Codec = Codec {
    name: CodecName::Vp8,
    payload_type: 96,
    clock_rate_hz: 90_000,
    rtx_payload_type: Some(97),
};
pub const OPUS: Codec = Codec {
    name: CodecName::Opus,
    payload_type: 111,
    clock_rate_hz: 48_000,
    rtx_payload_type: None,
};

/// The engine, its clock, and what it sent to whom.
pub struct World {
    pub engine: Engine,
    pub now_ns: u64,
    pub events: Vec<Event>,
    sent: HashMap<SocketAddr, Vec<Vec<u8>>>,
    sent_local: HashMap<u64, Vec<Vec<u8>>>,
    next_id: u64,
}

/// One client: an address, ICE credentials and keys for both directions.
pub struct Peer {
    pub id: u64,
    pub address: SocketAddr,
    pub sender: SrtpSender,
    pub receiver: SrtpReceiver,
}

/// A decrypted packet as a peer sees it.
pub struct Rtp {
    pub header: Header,
    pub bytes: Vec<u8>,
}

impl Rtp {
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.header.payload(&self.bytes).unwrap()]
    }

    pub fn extension(&self, id: u8) -> Option<&[u8]> {
        self.header.extensions(&self.bytes).find(id)
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let settings = Settings {
            unix_minus_monotonic_ns: 1_700_000_000 * SECOND,
            ..settings
        };
        Self {
            engine: Engine::new(settings),
            now_ns: START_NS,
            events: Vec::new(),
            sent: HashMap::new(),
            sent_local: HashMap::new(),
            next_id: 1,
        }
    }

    pub fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub fn command(&mut self, command: Command) {
        self.engine.on_command(self.now_ns, command);
        self.pump();
    }

    pub fn deliver(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.deliver_delayed(from, datagram, 0);
    }

    /// As `deliver`, with the kernel having received it `age_ns` ago.
    pub fn deliver_delayed(&mut self, from: SocketAddr, datagram: &[u8], age_ns: u64) {
        let mut bytes = datagram.to_vec();
        self.engine.on_datagram(
            self.now_ns,
            self.now_ns - age_ns,
            &Path {
                remote: from,
                local: None,
            },
            &mut bytes,
        );
        self.pump();
    }

    /// Lets time pass; every deadline is served at its time.
    pub fn advance(&mut self, by_ns: u64) {
        let end_ns = self.now_ns + by_ns;
        while let Some(deadline_ns) = self
            .engine
            .next_deadline_ns()
            .filter(|deadline_ns| *deadline_ns <= end_ns)
        {
            self.now_ns = self.now_ns.max(deadline_ns);
            self.engine.on_time(self.now_ns);
            self.pump();
        }
        self.now_ns = end_ns;
    }

    fn pump(&mut self) {
        while self.engine.finish_batch(self.now_ns) {}
        self.collect();
    }

    /// Several datagrams in one batch, as `recvmmsg` gives them, with what was queued before.
    pub fn deliver_batch(&mut self, from: SocketAddr, datagrams: &[Vec<u8>]) {
        self.queue(from, datagrams);
        self.pump();
    }

    /// Received, with the batch still going on.
    pub fn queue(&mut self, from: SocketAddr, datagrams: &[Vec<u8>]) {
        for datagram in datagrams {
            self.engine.on_datagram(
                self.now_ns,
                self.now_ns,
                &Path {
                    remote: from,
                    local: None,
                },
                &mut datagram.clone(),
            );
        }
    }

    pub fn queue_local(&mut self, transport: u64, message: &[u8]) {
        self.engine
            .on_local_datagram(self.now_ns, self.now_ns, transport, &mut message.to_vec());
    }

    fn collect(&mut self) {
        let arena = self.engine.output();
        let sent = &mut self.sent;
        arena.for_each_run(&mut Vec::new(), |path, run| {
            sent.entry(path.remote)
                .or_default()
                .extend(run.iter().map(|packet| packet.to_vec()));
        });
        arena.clear();
        let sent_local = &mut self.sent_local;
        self.engine.drain_links(|transport, packet| {
            sent_local
                .entry(transport)
                .or_default()
                .push(packet.to_vec());
        });
        self.events.extend(self.engine.take_events());
    }

    /// A peer on this machine.
    pub fn link(&mut self) -> u64 {
        let transport = self.id();
        self.command(Command::AddLocalTransport { transport });
        transport
    }

    pub fn deliver_local(&mut self, transport: u64, message: &[u8]) {
        self.queue_local(transport, message);
        self.pump();
    }

    pub fn close_link(&mut self, transport: u64) {
        self.engine.on_link_closed(self.now_ns, transport);
        self.pump();
    }

    /// RTP and RTCP sent to a peer on this machine since the last call.
    pub fn take_local(&mut self, transport: u64) -> (Vec<Rtp>, Vec<Vec<u8>>) {
        let (mut rtp, mut rtcp) = (Vec::new(), Vec::new());
        for bytes in self.sent_local.remove(&transport).unwrap_or_default() {
            match classify(&bytes) {
                Kind::Rtp => rtp.push(Rtp {
                    header: Header::parse(&bytes).unwrap(),
                    bytes,
                }),
                _ => rtcp.push(bytes),
            }
        }
        (rtp, rtcp)
    }

    pub fn add_local_source(&mut self, transport: u64, config: SourceConfig) -> u64 {
        let source = self.id();
        self.command(Command::AddSource {
            transport,
            source,
            config: Box::new(config),
        });
        source
    }

    pub fn add_local_sink(&mut self, transport: u64, source: u64, config: SinkConfig) -> u64 {
        let sink = self.id();
        self.command(Command::AddSink {
            transport,
            sink,
            source,
            config: Box::new(config),
        });
        sink
    }

    /// Raw datagrams sent to an address since the last call.
    pub fn take_raw(&mut self, address: SocketAddr) -> Vec<Vec<u8>> {
        self.sent.remove(&address).unwrap_or_default()
    }

    /// Decrypted RTP and RTCP sent to a peer since the last call; STUN answers are left out.
    pub fn take(&mut self, peer: &mut Peer) -> (Vec<Rtp>, Vec<Vec<u8>>) {
        let (mut rtp, mut rtcp) = (Vec::new(), Vec::new());
        for mut datagram in self.take_raw(peer.address) {
            match classify(&datagram) {
                Kind::Rtp => {
                    let len = peer
                        .receiver
                        .unprotect_rtp(&mut datagram)
                        .expect("relay's RTP is authentic");
                    datagram.truncate(len);
                    rtp.push(Rtp {
                        header: Header::parse(&datagram).unwrap(),
                        bytes: datagram,
                    });
                }
                Kind::Rtcp => {
                    let len = peer
                        .receiver
                        .unprotect_rtcp(&mut datagram)
                        .expect("relay's RTCP is authentic");
                    datagram.truncate(len);
                    rtcp.push(datagram);
                }
                _ => {}
            }
        }
        (rtp, rtcp)
    }

    pub fn take_rtp(&mut self, peer: &mut Peer) -> Vec<Rtp> {
        self.take(peer).0
    }

    pub fn take_rtcp(&mut self, peer: &mut Peer) -> Vec<Vec<u8>> {
        self.take(peer).1
    }

    /// A transport without anything having come from its peer yet.
    pub fn add_transport(&mut self) -> Peer {
        let id = self.id();
        self.command(Command::AddTransport {
            transport: id,
            local_ufrag: format!("local{id}"),
            local_pwd: password(id),
            remote_ufrag: format!("remote{id}"),
        });
        let (to_relay, from_relay) = ([id as u8; 28], [!id as u8; 28]);
        Peer {
            id,
            address: SocketAddr::from(([10, 0, (id >> 8) as u8, id as u8], 40_000)),
            sender: SrtpSender::new(Profile::AeadAes128Gcm, &to_relay).unwrap(),
            receiver: SrtpReceiver::new(Profile::AeadAes128Gcm, &from_relay).unwrap(),
        }
    }

    pub fn set_keys(&mut self, peer: &Peer) {
        let (to_relay, from_relay) = ([peer.id as u8; 28], [!peer.id as u8; 28]);
        self.command(Command::SetSrtp {
            transport: peer.id,
            sender: Box::new(SrtpSender::new(Profile::AeadAes128Gcm, &from_relay).unwrap()),
            receiver: Box::new(SrtpReceiver::new(Profile::AeadAes128Gcm, &to_relay).unwrap()),
        });
    }

    pub fn check(&mut self, peer: &Peer, from: SocketAddr, use_candidate: bool) {
        let request = stun_check(
            peer.id,
            &password(peer.id),
            use_candidate,
            Role::Controlling(1),
        );
        self.deliver(from, &request);
    }

    /// A connected peer with keys.
    pub fn join(&mut self) -> Peer {
        let peer = self.add_transport();
        self.check(&peer, peer.address, true);
        self.set_keys(&peer);
        self.take_raw(peer.address);
        peer
    }

    pub fn send_rtp(&mut self, peer: &mut Peer, packet: &[u8]) {
        let protected = protect(peer, packet);
        self.deliver(peer.address, &protected);
    }

    pub fn send_rtcp(&mut self, peer: &mut Peer, write: impl FnOnce(&mut Writer<'_>)) {
        let mut buffer = [0; 1500];
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer);
        let plain = writer.len();
        let len = peer.sender.protect_rtcp(&mut buffer, plain).unwrap();
        self.deliver(peer.address, &buffer[..len]);
    }

    pub fn add_source(&mut self, peer: &Peer, config: SourceConfig) -> u64 {
        let source = self.id();
        self.command(Command::AddSource {
            transport: peer.id,
            source,
            config: Box::new(config),
        });
        source
    }

    pub fn add_sink(&mut self, peer: &Peer, source: u64, config: SinkConfig) -> u64 {
        let sink = self.id();
        self.command(Command::AddSink {
            transport: peer.id,
            sink,
            source,
            config: Box::new(config),
        });
        sink
    }

    /// A connected publisher with one track.
    pub fn publisher(&mut self, config: SourceConfig) -> (Peer, u64) {
        let peer = self.join();
        let source = self.add_source(&peer, config);
        (peer, source)
    }

    /// A connected viewer of one track.
    pub fn viewer(&mut self, source: u64, config: SinkConfig) -> (Peer, u64) {
        let peer = self.join();
        let sink = self.add_sink(&peer, source, config);
        (peer, sink)
    }
}

pub fn password(id: u64) -> String {
    format!("password-of-transport-{id:04}")
}

pub fn stun_check(id: u64, password: &str, use_candidate: bool, role: Role) -> Vec<u8> {
    let mut out = vec![0; 256];
    let username = format!("local{id}:remote{id}");
    let request = Request {
        transaction_id: b"transaction!",
        username: username.as_bytes(),
        priority: 1,
        role,
        use_candidate,
    };
    let len = write_request(&mut out, &request, &IntegrityKey::new(password.as_bytes())).unwrap();
    out.truncate(len);
    out
}

pub fn protect(peer: &mut Peer, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + 32, 0);
    let len = peer.sender.protect_rtp(&mut buffer, packet.len()).unwrap();
    buffer.truncate(len);
    buffer
}

pub fn extensions(
    ids: &[(ExtensionKind, u16)],
) -> salon_packets_core::wire::extensions::ExtensionIds {
    extension_ids(ids.iter().map(|(kind, id)| (kind.uri(), *id))).unwrap()
}

/// Video on SSRC 1000 with rtx on 1001.
pub fn video_source() -> SourceConfig {
    SourceConfig {
        kind: MediaKind::Video,
        mid: "v".into(),
        codecs: vec![VP8],
        parameter_sets: vec![],
        ssrcs: vec![(1000, Some(1001))],
        extensions: extensions(&[(ExtensionKind::Mid, 4), (ExtensionKind::TransportWideCc, 5)]),
        nack: true,
        keyframe_feedback: KeyframeFeedback::Pli,
        transport_cc: true,
        remb: false,
    }
}

pub fn audio_source() -> SourceConfig {
    SourceConfig {
        kind: MediaKind::Audio,
        mid: "a".into(),
        codecs: vec![OPUS],
        ssrcs: vec![(2000, None)],
        nack: false,
        ..video_source()
    }
}

/// Video on SSRC 7000 with rtx on 7001.
pub fn video_sink() -> SinkConfig {
    SinkConfig {
        kind: MediaKind::Video,
        mid: "0".into(),
        codec: Codec {
            payload_type: 100,
            rtx_payload_type: Some(101),
            ..VP8
        },
        alternatives: vec![],
        ssrc: 7000,
        rtx_ssrc: Some(7001),
        cname: "publisher".into(),
        extensions: extensions(&[]),
        mixed_extensions: true,
        nack: true,
        transport_cc: false,
    }
}

pub fn audio_sink() -> SinkConfig {
    SinkConfig {
        kind: MediaKind::Audio,
        mid: "1".into(),
        codec: OPUS,
        ssrc: 8000,
        rtx_ssrc: None,
        nack: false,
        ..video_sink()
    }
}

/// A publisher's stream: numbers packets and frames.
pub struct Track {
    pub ssrc: u32,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub picture: u16,
    pub tl0: u8,
}

impl Track {
    pub fn video() -> Self {
        Self {
            ssrc: 1000,
            payload_type: 96,
            sequence: 500,
            timestamp: 90_000,
            picture: 3000,
            tl0: 40,
        }
    }

    pub fn audio() -> Self {
        Self {
            ssrc: 2000,
            payload_type: 111,
            sequence: 9,
            timestamp: 48_000,
            picture: 0,
            tl0: 0,
        }
    }

    pub fn fields(&self, marker: bool) -> HeaderFields {
        HeaderFields {
            marker,
            has_padding: false,
            payload_type: self.payload_type,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        }
    }

    /// One frame in `count` packets; the packets' last payload byte is their place in the frame.
    pub fn frame(&mut self, keyframe: bool, count: u8) -> Vec<Vec<u8>> {
        self.frame_with(keyframe, count, &[])
    }

    /// One frame of these payloads; the timestamp stays.
    pub fn frame_of(&mut self, payloads: &[&[u8]], elements: &[(u8, &[u8])]) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for (place, payload) in payloads.iter().enumerate() {
            let fields = self.fields(place + 1 == payloads.len());
            packets.push(packet(&fields, elements, payload));
            self.sequence = self.sequence.wrapping_add(1);
        }
        packets
    }

    pub fn frame_with(
        &mut self,
        keyframe: bool,
        count: u8,
        elements: &[(u8, &[u8])],
    ) -> Vec<Vec<u8>> {
        let [high, low] = self.picture.to_be_bytes();
        let tag = u8::from(!keyframe);
        let payloads: Vec<_> = (0..count)
            .map(|place| {
                let start = if place == 0 { 0x10 } else { 0 };
                [
                    0x80 | start,
                    0xc0,
                    0x80 | high,
                    low,
                    self.tl0,
                    tag,
                    0,
                    0,
                    0,
                    place,
                ]
            })
            .collect();
        let payloads: Vec<_> = payloads.iter().map(|payload| &payload[..]).collect();
        let packets = self.frame_of(&payloads, elements);
        self.timestamp = self.timestamp.wrapping_add(3000);
        self.picture = (self.picture + 1) & 0x7fff;
        self.tl0 = self.tl0.wrapping_add(1);
        packets
    }

    /// One audio packet.
    pub fn sample(&mut self, elements: &[(u8, &[u8])]) -> Vec<u8> {
        let packet = packet(&self.fields(false), elements, b"opus payload");
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(960);
        packet
    }
}

pub fn packet(fields: &HeaderFields, elements: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 600];
    let len = write_header(&mut out, fields, elements).unwrap();
    out.truncate(len);
    out.extend_from_slice(payload);
    out
}

pub fn sequences(packets: &[Rtp]) -> Vec<u16> {
    packets
        .iter()
        .map(|packet| packet.header.sequence_number)
        .collect()
}

/// Whether each number follows the one before.
pub fn is_continuous(numbers: &[u16]) -> bool {
    numbers
        .windows(2)
        .all(|pair| pair[1] == pair[0].wrapping_add(1))
}

/// The SSRCs that picture-loss indications name.
pub fn plis(compounds: &[Vec<u8>]) -> Vec<u32> {
    let packets = compounds
        .iter()
        .flat_map(|compound| Packets::new(compound))
        .flatten();
    packets
        .filter_map(|packet| match packet {
            Packet::Pli { media_ssrc, .. } => Some(media_ssrc),
            _ => None,
        })
        .collect()
}

/// Decides the fate of datagrams, the same way every time.
pub struct Dice(pub u64);

impl Dice {
    pub fn hits(&mut self, percent: u64) -> bool {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 100 < percent
    }
}
