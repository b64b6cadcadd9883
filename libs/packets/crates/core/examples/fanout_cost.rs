//! What one forwarded packet costs: one publisher, N viewers, real loopback sockets and the real socket loop.
//!
//! `cargo run --release --example fanout_cost [-- uneven] [N...]` prints one JSON line per N. With `uneven` the packets of
//! a frame differ by one byte, as libwebrtc cuts them; without, they are equal. `ratio` is the CPU time of the data
//! thread per packet received by viewers over the cost of one loopback `sendto` + `recv` measured right before and after:
//! the same machine drifts by a third within an hour, the ratio does not.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use salon_packets_core::command::Command;
use salon_packets_core::config::{
    Codec, CodecName, MediaKind, SinkConfig, SourceConfig, extension_ids,
};
use salon_packets_core::io::{Relay, thread_cpu_ns};
use salon_packets_core::srtp::{Profile, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::extensions::{ExtensionIds, ExtensionKind};
use salon_packets_core::wire::rtp::{Header, HeaderFields, Kind, classify, write_header};
use salon_packets_core::wire::stun::{IntegrityKey, Request, Role, write_request};

const PAYLOAD_BYTES: usize = 1100 - 12 - 8 - 16;
const FRAME_PACKETS: u32 = 4;
const FRAMES_PER_SECOND: u32 = 110;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(4);
const CODEC: Codec = Codec {
    name: CodecName::Vp8,
    payload_type: 96,
    clock_rate_hz: 90_000,
    rtx_payload_type: Some(97),
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_uneven = arguments.iter().any(|argument| argument == "uneven");
    let mut counts: Vec<usize> = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    if counts.is_empty() {
        counts = vec![1, 10, 50, 100];
    }
    for viewers in counts {
        let before_us = calibrate_us();
        let result = measure(viewers, is_uneven);
        let calibration_us = (before_us + calibrate_us()) / 2.0;
        let cost_us = result.cpu_ns as f64 / 1000.0 / result.delivered.max(1) as f64;
        println!(
            "{{\"viewers\": {viewers}, \"is_uneven\": {is_uneven}, \"packets_delivered\": {}, \"packets_expected\": {}, \"cpu_us_per_packet\": {cost_us:.3}, \
             \"calibration_us\": {calibration_us:.3}, \"ratio\": {:.3}, \"latency_us_p50\": {}, \"latency_us_p99\": {}}}",
            result.delivered,
            result.expected,
            cost_us / calibration_us,
            percentile(&result.latencies_us, 50),
            percentile(&result.latencies_us, 99),
        );
    }
}

struct Measurement {
    cpu_ns: u64,
    /// By the viewers' sockets.
    delivered: u64,
    expected: u64,
    /// From the publisher's send call to the last viewer's receive call, sorted.
    latencies_us: Vec<u64>,
}

fn percentile(sorted: &[u64], percent: usize) -> u64 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0)
}

/// CPU time of one `sendto` + `recv` on loopback, one thread, best of five rounds. CPU time like the cost itself, so that
/// others on the machine do not make the ratio look good.
fn calibrate_us() -> f64 {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("loopback socket");
    let sender = UdpSocket::bind("127.0.0.1:0").expect("loopback socket");
    let target = receiver.local_addr().expect("bound");
    let (packet, mut buffer) = ([0; 1100], [0; 2048]);
    let rounds = (0..5).map(|_| {
        let start_ns = thread_cpu_ns();
        for _ in 0..20_000 {
            sender.send_to(&packet, target).expect("loopback send");
            receiver.recv(&mut buffer).expect("loopback receive");
        }
        (thread_cpu_ns() - start_ns) as f64 / 20_000.0 / 1000.0
    });
    rounds.fold(f64::MAX, f64::min)
}

fn measure(viewers: usize, is_uneven: bool) -> Measurement {
    let relay = Relay::start("127.0.0.1:0".parse().expect("address")).expect("relay starts");
    let target = relay.local_address();
    let publisher = join(&relay, target, 1);
    order(
        &relay,
        Command::AddSource {
            transport: 1,
            source: 1,
            config: Box::new(source_config()),
        },
    );
    let mut sockets: Vec<UdpSocket> = (2..viewers as u64 + 2)
        .map(|id| {
            let socket = join(&relay, target, id);
            order(
                &relay,
                Command::AddSink {
                    transport: id,
                    sink: id,
                    source: 1,
                    config: Box::new(sink_config(id)),
                },
            );
            socket
        })
        .collect();
    let start = Instant::now();
    let stop = AtomicBool::new(false);
    let is_measuring = AtomicBool::new(false);
    let delivered = AtomicU64::new(0);
    let last = sockets.pop().expect("at least one viewer");
    std::thread::scope(|scope| {
        let drain = scope.spawn(|| drain(&sockets, &stop, &delivered));
        let watch = scope.spawn(|| {
            watch(
                &last,
                viewers as u64 + 1,
                start,
                &stop,
                &is_measuring,
                &delivered,
            )
        });
        let mut stream = Stream::new(publisher, target, start, is_uneven);
        stream.publish(WARM_UP);
        std::thread::sleep(Duration::from_millis(100));
        let before = relay.stats().expect("relay runs");
        let delivered_before = delivered.load(Ordering::Relaxed);
        is_measuring.store(true, Ordering::Relaxed);
        let sent = stream.publish(MEASURED);
        std::thread::sleep(Duration::from_millis(100));
        is_measuring.store(false, Ordering::Relaxed);
        let after = relay.stats().expect("relay runs");
        let delivered = delivered.load(Ordering::Relaxed) - delivered_before;
        stop.store(true, Ordering::Relaxed);
        drain.join().expect("drain thread");
        let mut latencies_us = watch.join().expect("watch thread");
        latencies_us.sort_unstable();
        Measurement {
            cpu_ns: after.cpu_time_ns - before.cpu_time_ns,
            delivered,
            expected: sent * viewers as u64,
            latencies_us,
        }
    })
}

fn order(relay: &Relay, command: Command) {
    relay.send(command).expect("room for commands");
}

/// What a publishing browser does: frames of four packets, each packet with the time it was sent.
struct Stream {
    socket: UdpSocket,
    sender: SrtpSender,
    target: SocketAddr,
    start: Instant,
    sequence: u16,
    frame: u32,
    is_uneven: bool,
}

impl Stream {
    fn new(socket: UdpSocket, target: SocketAddr, start: Instant, is_uneven: bool) -> Self {
        let sender = SrtpSender::new(Profile::AeadAes128Gcm, &key(1, true)).expect("key length");
        Self {
            socket,
            sender,
            target,
            start,
            sequence: 1,
            frame: 0,
            is_uneven,
        }
    }

    /// Gives the number of packets sent.
    fn publish(&mut self, duration: Duration) -> u64 {
        let begin = Instant::now();
        let frames = (duration.as_millis() as u32) * FRAMES_PER_SECOND / 1000;
        for frame in 1..=frames {
            for place in 0..FRAME_PACKETS {
                self.send(place);
            }
            self.frame += 1;
            let next = begin + Duration::from_secs(1) * frame / FRAMES_PER_SECOND;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        u64::from(frames * FRAME_PACKETS)
    }

    fn send(&mut self, place: u32) {
        let fields = HeaderFields {
            marker: place + 1 == FRAME_PACKETS,
            has_padding: false,
            payload_type: 96,
            sequence_number: self.sequence,
            timestamp: self.frame * 818,
            ssrc: 1000,
        };
        let number = self.sequence.to_be_bytes();
        self.sequence = self.sequence.wrapping_add(1);
        let mut buffer = [0; 1200];
        let header = write_header(&mut buffer, &fields, &[(4, b"0"), (5, &number)])
            .expect("room for a header");
        let payload_bytes =
            PAYLOAD_BYTES - usize::from(self.is_uneven && place < FRAME_PACKETS / 2);
        let payload = &mut buffer[header..header + payload_bytes];
        let start_bit = if place == 0 { 0x10 } else { 0 };
        let is_difference = u8::from(!self.frame.is_multiple_of(50));
        let [high, low] = (self.frame as u16).to_be_bytes();
        payload[..6].copy_from_slice(&[
            0x80 | start_bit,
            0xc0,
            0x80 | high,
            low,
            self.frame as u8,
            is_difference,
        ]);
        payload[8..16].copy_from_slice(&(self.start.elapsed().as_micros() as u64).to_be_bytes());
        let len = self
            .sender
            .protect_rtp(&mut buffer, header + payload_bytes)
            .expect("room for the tag");
        self.socket
            .send_to(&buffer[..len], self.target)
            .expect("loopback send");
    }
}

/// Reads all viewers' sockets but the last rarely enough not to disturb, often enough for their buffers.
fn drain(sockets: &[UdpSocket], stop: &AtomicBool, delivered: &AtomicU64) {
    let mut buffer = [0; 2048];
    while !stop.load(Ordering::Relaxed) {
        for socket in sockets {
            while let Ok(len) = socket.recv(&mut buffer) {
                delivered.fetch_add(u64::from(is_media(&buffer[..len])), Ordering::Relaxed);
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The last viewer waits for its packets and decrypts them.
fn watch(
    socket: &UdpSocket,
    id: u64,
    start: Instant,
    stop: &AtomicBool,
    is_measuring: &AtomicBool,
    delivered: &AtomicU64,
) -> Vec<u64> {
    socket.set_nonblocking(false).expect("socket option");
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("socket option");
    let mut receiver =
        SrtpReceiver::new(Profile::AeadAes128Gcm, &key(id, false)).expect("key length");
    let mut latencies_us = Vec::new();
    let mut buffer = [0; 2048];
    while !stop.load(Ordering::Relaxed) {
        let Ok(len) = socket.recv(&mut buffer) else {
            continue;
        };
        let now_us = start.elapsed().as_micros() as u64;
        if !is_media(&buffer[..len]) {
            continue;
        }
        delivered.fetch_add(1, Ordering::Relaxed);
        let plain = receiver
            .unprotect_rtp(&mut buffer[..len])
            .expect("authentic");
        let header = Header::parse(&buffer[..plain]).expect("RTP");
        let payload = &buffer[header.header_bytes..plain];
        let sent_us = u64::from_be_bytes(payload[8..16].try_into().expect("eight bytes"));
        if is_measuring.load(Ordering::Relaxed) {
            latencies_us.push(now_us.saturating_sub(sent_us));
        }
    }
    latencies_us
}

fn is_media(datagram: &[u8]) -> bool {
    classify(datagram) == Kind::Rtp
}

/// A connected socket pair as after ICE and DTLS.
fn join(relay: &Relay, target: SocketAddr, id: u64) -> UdpSocket {
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
    order(
        relay,
        Command::SetSrtp {
            transport: id,
            sender: Box::new(
                SrtpSender::new(Profile::AeadAes128Gcm, &key(id, false)).expect("key length"),
            ),
            receiver: Box::new(
                SrtpReceiver::new(Profile::AeadAes128Gcm, &key(id, true)).expect("key length"),
            ),
        },
    );
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback socket");
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
    .expect("room");
    socket
        .send_to(&buffer[..len], target)
        .expect("loopback send");
    socket
        .set_read_timeout(Some(Duration::from_secs(2)))
        .expect("socket option");
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

fn source_config() -> SourceConfig {
    SourceConfig {
        kind: MediaKind::Video,
        mid: "0".into(),
        codecs: vec![CODEC],
        ssrcs: vec![(1000, Some(1001))],
        extensions: ids(&[(ExtensionKind::Mid, 4), (ExtensionKind::TransportWideCc, 5)]),
        nack: true,
        transport_cc: true,
        remb: false,
    }
}

/// As a browser negotiates it.
fn sink_config(id: u64) -> SinkConfig {
    SinkConfig {
        kind: MediaKind::Video,
        mid: "0".into(),
        codec: CODEC,
        ssrc: 100_000 + id as u32,
        rtx_ssrc: Some(200_000 + id as u32),
        cname: "publisher".into(),
        extensions: ids(&[
            (ExtensionKind::Mid, 3),
            (ExtensionKind::TransportWideCc, 4),
            (ExtensionKind::AbsSendTime, 2),
        ]),
        nack: true,
        transport_cc: true,
    }
}

fn ids(pairs: &[(ExtensionKind, u16)]) -> ExtensionIds {
    extension_ids(pairs.iter().map(|(kind, id)| (kind.uri(), *id))).expect("ids in range")
}
