//! One publisher with a camera, and a microphone if wanted, and those who watch.

use std::net::UdpSocket;
use std::time::Duration;

use salon_packets_core::io::Relay;
use salon_packets_core::stamped::{self, Reader};
use salon_packets_core::wire::extensions::ExtensionKind;
use salon_packets_core::wire::rtp::{Header, Kind, classify};

use super::Measured;
use super::peer::{Publisher, SENT_AT_ID, add_source, add_viewer, id_of};

/// What every publisher sends.
#[derive(Clone, Copy)]
pub struct Load {
    pub frames_per_second: u32,
    pub frame_packets: u32,
    /// The packets of a frame differ by one byte, as libwebrtc cuts them.
    pub is_uneven: bool,
    pub has_audio: bool,
}

/// Somebody has to send something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    pub at_ns: u64,
    pub room: usize,
    pub is_audio: bool,
}

const AUDIO_INTERVAL: Duration = Duration::from_millis(20);

impl Load {
    fn interval_ns(&self, is_audio: bool) -> u64 {
        if is_audio {
            AUDIO_INTERVAL.as_nanos() as u64
        } else {
            1_000_000_000 / u64::from(self.frames_per_second)
        }
    }

    /// Publishers know nothing of each other: their phases are as good as random, so some collide.
    pub fn first_events(&self, begin_ns: u64, room: usize) -> impl Iterator<Item = Due> + use<> {
        let load = *self;
        let kinds = if self.has_audio { 2 } else { 1 };
        (0..kinds).map(move |kind| {
            let is_audio = kind == 1;
            let dice = (2 * room as u64 + kind + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let dice = (dice ^ (dice >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20;
            Due {
                at_ns: begin_ns + dice % load.interval_ns(is_audio),
                room,
                is_audio,
            }
        })
    }

    pub fn next(&self, event: Due) -> Due {
        Due {
            at_ns: event.at_ns + self.interval_ns(event.is_audio),
            ..event
        }
    }
}

pub struct Room {
    publisher: Publisher,
    pub viewers: Vec<UdpSocket>,
    pub read_ns: u64,
}

impl Room {
    pub fn open(relay: &Relay, number: usize, viewers: usize, load: Load) -> Self {
        let publisher = Publisher::join(relay, number, load);
        add_source(relay, number, load.has_audio);
        let viewers = (1..=viewers)
            .map(|place| add_viewer(relay, number, id_of(number, place), load.has_audio))
            .collect();
        Self {
            publisher,
            viewers,
            read_ns: 0,
        }
    }

    /// Gives the number of packets sent.
    pub fn publish(&mut self, is_audio: bool) -> u64 {
        if is_audio {
            self.publisher.send_sample()
        } else {
            self.publisher.send_frame()
        }
    }

    pub fn read(&mut self, reader: &mut Reader, measured: &mut Measured) {
        let last = self.viewers.len() - 1;
        let publisher = &self.publisher;
        for (place, socket) in self.viewers.iter().enumerate() {
            let read = reader.drain(socket, |arrived_ns, datagram| {
                if classify(datagram) != Kind::Rtp {
                    return;
                }
                let header = Header::parse(datagram).expect("RTP");
                let sent_at = header.extensions(datagram).find(SENT_AT_ID);
                let sent_ns = u64::from_be_bytes(
                    sent_at
                        .and_then(|bytes| bytes.try_into().ok())
                        .expect("abs-capture-time is passed on"),
                );
                let latency_ns = arrived_ns.saturating_sub(sent_ns) as u32;
                measured.delivered += 1;
                if publisher.held_up.contains(&sent_ns) {
                    measured.left_out += 1;
                    return;
                }
                measured.latencies_ns.push(latency_ns);
                if place == last {
                    measured.last_latencies_ns.push(latency_ns);
                }
            });
            read.expect("loopback receive");
        }
        self.read_ns = stamped::now_ns();
    }
}

/// Extensions as a browser negotiates them.
pub const EXTENSIONS: [(ExtensionKind, u16); 4] = [
    (ExtensionKind::AbsSendTime, 2),
    (ExtensionKind::Mid, 4),
    (ExtensionKind::TransportWideCc, 5),
    (ExtensionKind::AbsCaptureTime, SENT_AT_ID as u16),
];
