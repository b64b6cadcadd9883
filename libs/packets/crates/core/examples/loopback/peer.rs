//! A client after ICE and DTLS: a socket, keys, and for publishers the packets.

use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};

use salon_packets_core::command::Command;
use salon_packets_core::config::{
    Codec, CodecName, KeyframeFeedback, MediaKind, SinkConfig, SourceConfig, extension_ids,
};
use salon_packets_core::io::Relay;
use salon_packets_core::srtp::{Profile, SrtpReceiver, SrtpSender};
use salon_packets_core::stamped;
use salon_packets_core::wire::extensions::{ExtensionIds, ExtensionKind};
use salon_packets_core::wire::rtp::{HeaderFields, write_header};
use salon_packets_core::wire::stun::{IntegrityKey, Request, Role, write_request};

use super::address_of;
use super::load::Load;

/// Id of `abs-capture-time` on every connection.
pub const SENT_AT_ID: u8 = 6;
const PACKET_BYTES: usize = 1100;
const AUDIO_BYTES: usize = 160;
/// From the stamp to the end of the send call: longer means that this thread lost the processor in between. The relay
/// itself may take it for a frame to a hundred viewers, which is shorter and stays in.
const HELD_UP_NS: u64 = 3_000_000;
const TAG_BYTES: usize = 16;
const VIDEO: Codec = Codec {
    name: CodecName::Vp8,
    payload_type: 96,
    clock_rate_hz: 90_000,
    rtx_payload_type: Some(97),
};
const AUDIO: Codec = Codec {
    name: CodecName::Opus,
    payload_type: 111,
    clock_rate_hz: 48_000,
    rtx_payload_type: None,
};

/// Extensions as a browser negotiates them.
const EXTENSIONS: [(ExtensionKind, u16); 4] = [
    (ExtensionKind::AbsSendTime, 2),
    (ExtensionKind::Mid, 4),
    (ExtensionKind::TransportWideCc, 5),
    (ExtensionKind::AbsCaptureTime, SENT_AT_ID as u16),
];

/// Place 0 is the publisher's.
pub fn id_of(room: usize, place: usize) -> u64 {
    (room * 1000 + place) as u64
}

pub struct Publisher {
    socket: UdpSocket,
    sender: SrtpSender,
    target: SocketAddr,
    load: Load,
    frame: u32,
    video_sequence: u16,
    audio_sequence: u16,
    /// Send times of packets that this thread itself held up.
    pub held_up: HashSet<u64>,
}

impl Publisher {
    pub fn join(relay: &Relay, room: usize, load: Load) -> Self {
        let id = id_of(room, 0);
        let sender = SrtpSender::new(Profile::AeadAes128Gcm, &key(id, true)).expect("key length");
        Self {
            socket: join(relay, id),
            sender,
            target: address_of(relay),
            load,
            frame: 0,
            video_sequence: 1,
            audio_sequence: 1,
            held_up: HashSet::new(),
        }
    }

    /// The packets of one video frame, at once.
    pub fn send_frame(&mut self) -> u64 {
        let is_difference = u8::from(!self.frame.is_multiple_of(50));
        let [high, low] = (self.frame as u16).to_be_bytes();
        for place in 0..self.load.frame_packets {
            let fields = HeaderFields {
                marker: place + 1 == self.load.frame_packets,
                has_padding: false,
                payload_type: VIDEO.payload_type,
                sequence_number: self.video_sequence,
                timestamp: self
                    .frame
                    .wrapping_mul(90_000 / self.load.frames_per_second),
                ssrc: 1000,
            };
            self.video_sequence = self.video_sequence.wrapping_add(1);
            let start_bit = if place == 0 { 0x10 } else { 0 };
            let tl0 = self.frame as u8;
            let descriptor = [0x80 | start_bit, 0xc0, 0x80 | high, low, tl0, is_difference];
            let is_shorter = self.load.is_uneven && place < self.load.frame_packets / 2;
            self.send(&fields, &descriptor, PACKET_BYTES - usize::from(is_shorter));
        }
        self.frame += 1;
        u64::from(self.load.frame_packets)
    }

    /// 20 ms of sound.
    pub fn send_sample(&mut self) -> u64 {
        let fields = HeaderFields {
            marker: false,
            has_padding: false,
            payload_type: AUDIO.payload_type,
            sequence_number: self.audio_sequence,
            timestamp: u32::from(self.audio_sequence) * 960,
            ssrc: 2000,
        };
        self.audio_sequence = self.audio_sequence.wrapping_add(1);
        self.send(&fields, &[], AUDIO_BYTES);
        1
    }

    fn send(&mut self, fields: &HeaderFields, begin: &[u8], wire_bytes: usize) {
        let mut buffer = [0; PACKET_BYTES + TAG_BYTES];
        let transport_sequence = fields.sequence_number.to_be_bytes();
        let sent_ns = stamped::now_ns();
        let sent_at = sent_ns.to_be_bytes();
        let mid: &[u8] = if fields.ssrc == 1000 { b"0" } else { b"1" };
        let elements = [
            (4, mid),
            (5, &transport_sequence[..]),
            (SENT_AT_ID, &sent_at[..]),
        ];
        let header = write_header(&mut buffer, fields, &elements).expect("room for a header");
        buffer[header..header + begin.len()].copy_from_slice(begin);
        let len = self
            .sender
            .protect_rtp(&mut buffer, wire_bytes - TAG_BYTES)
            .expect("room for the tag");
        self.socket
            .send_to(&buffer[..len], self.target)
            .expect("loopback send");
        if stamped::now_ns() - sent_ns > HELD_UP_NS {
            self.held_up.insert(sent_ns);
        }
    }
}

fn order(relay: &Relay, command: Command) {
    relay.send(command).expect("room for commands");
}

/// A connected socket as after ICE and DTLS.
fn join(relay: &Relay, id: u64) -> UdpSocket {
    let password = "a-password-of-24-letters";
    order(
        relay,
        Command::AddTransport {
            transport: id,
            local_ufrag: format!("local{id}"),
            local_pwd: password.into(),
            remote_ufrag: format!("remote{id}"),
        },
    );
    let profile = Profile::AeadAes128Gcm;
    order(
        relay,
        Command::SetSrtp {
            transport: id,
            sender: Box::new(SrtpSender::new(profile, &key(id, false)).expect("key length")),
            receiver: Box::new(SrtpReceiver::new(profile, &key(id, true)).expect("key length")),
        },
    );
    let socket = stamped::bind("127.0.0.1:0".parse().expect("address")).expect("loopback socket");
    let username = format!("local{id}:remote{id}");
    let request = Request {
        transaction_id: b"transaction!",
        username: username.as_bytes(),
        priority: 1,
        role: Role::Controlling(1),
        use_candidate: true,
    };
    let mut buffer = [0; 512];
    let len = write_request(
        &mut buffer,
        &request,
        &IntegrityKey::new(password.as_bytes()),
    )
    .expect("room for a check");
    let target = address_of(relay);
    socket
        .send_to(&buffer[..len], target)
        .expect("loopback send");
    socket.set_nonblocking(false).expect("socket option");
    socket
        .recv(&mut buffer)
        .expect("the relay answers the check");
    socket.set_nonblocking(true).expect("socket option");
    socket
}

/// Master key and salt of one direction.
fn key(id: u64, to_relay: bool) -> [u8; 28] {
    [id as u8 ^ if to_relay { 0x55 } else { 0xaa }; 28]
}

/// Sources have twice their room's number, and that plus one for audio.
pub fn add_source(relay: &Relay, room: usize, has_audio: bool) {
    let video = SourceConfig {
        kind: MediaKind::Video,
        mid: "0".into(),
        codecs: vec![VIDEO],
        parameter_sets: vec![],
        ssrcs: vec![(1000, Some(1001))],
        extensions: ids(),
        nack: true,
        keyframe_feedback: KeyframeFeedback::Pli,
        transport_cc: true,
        remb: false,
    };
    let audio = SourceConfig {
        kind: MediaKind::Audio,
        mid: "1".into(),
        codecs: vec![AUDIO],
        ssrcs: vec![(2000, None)],
        nack: false,
        ..video.clone()
    };
    for (number, config) in [video, audio]
        .into_iter()
        .take(1 + usize::from(has_audio))
        .enumerate()
    {
        let source = (2 * room + number) as u64;
        let transport = id_of(room, 0);
        order(
            relay,
            Command::AddSource {
                transport,
                source,
                config: Box::new(config),
            },
        );
    }
}

pub fn add_viewer(relay: &Relay, room: usize, id: u64, has_audio: bool) -> UdpSocket {
    let socket = join(relay, id);
    let video = SinkConfig {
        kind: MediaKind::Video,
        mid: "0".into(),
        codec: VIDEO,
        alternatives: vec![],
        ssrc: 10_000,
        rtx_ssrc: Some(10_001),
        cname: "publisher".into(),
        extensions: ids(),
        mixed_extensions: true,
        nack: true,
        transport_cc: true,
    };
    let audio = SinkConfig {
        kind: MediaKind::Audio,
        mid: "1".into(),
        codec: AUDIO,
        ssrc: 20_000,
        rtx_ssrc: None,
        nack: false,
        ..video.clone()
    };
    for (number, config) in [video, audio]
        .into_iter()
        .take(1 + usize::from(has_audio))
        .enumerate()
    {
        let source = (2 * room + number) as u64;
        let sink = 2 * id + number as u64;
        order(
            relay,
            Command::AddSink {
                transport: id,
                sink,
                source,
                config: Box::new(config),
            },
        );
    }
    socket
}

fn ids() -> ExtensionIds {
    extension_ids(EXTENSIONS.iter().map(|(kind, id)| (kind.uri(), *id))).expect("ids in range")
}
