//! One publisher with a camera, and a microphone if wanted, and those who watch.

use std::net::UdpSocket;

use salon_packets_core::io::Relay;
use salon_packets_core::stamped::{self, Reader};
use salon_packets_core::wire::rtp::{Header, Kind, classify};

use super::Measured;
use super::load::Load;
use super::peer::{Publisher, SENT_AT_ID, add_source, add_viewer, id_of};

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
