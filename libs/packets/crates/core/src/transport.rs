//! One peer connection: how packets get there, SSRC tables, and what its feedback is about.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::arena::{Arena, Path};
use crate::clock::PublisherClock;
use crate::feedback::estimate::{AcknowledgedRate, BandwidthEstimator};
use crate::feedback::remb::ReceiveEstimate;
use crate::feedback::twcc::{ArrivalLog, DepartureLog};
use crate::ice::IceLite;
use crate::keys::{EncodingKey, SinkKey, SourceKey, TransportKey};
use crate::link::LinkQueue;
use crate::role::Role;
use crate::srtp::{DEFAULT_MAX_SSRCS, MAX_OVERHEAD_BYTES, SrtpError, SrtpReceiver, SrtpSender};
use crate::stats::TransportStats;
use crate::wire::rtcp::Writer;

/// Who speaks in our RTCP about received streams.
pub(crate) const FEEDBACK_SSRC: u32 = 1;
/// Room for one RTCP compound.
pub(crate) const MAX_RTCP_BYTES: usize = 1180;
/// SRTP that came before its keys.
const MAX_HELD: usize = 32;
/// Retransmissions may use 3 bytes for every 10 of media, ...
const BUDGET_TENTHS: usize = 3;
/// ... this many at once, ...
const BUDGET_BURST_BYTES: usize = 96 * 1024;
/// ... and this many per second whatever is sent.
const BUDGET_FLOOR_BYTES: usize = 16 * 1024;

/// What an SSRC on a publisher's connection stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SsrcUse {
    Primary(EncodingKey),
    Retransmission(EncodingKey),
}

/// Both directions of one DTLS session.
pub(crate) struct Srtp {
    pub(crate) sender: Box<SrtpSender>,
    pub(crate) receiver: Box<SrtpReceiver>,
}

/// A packet waiting for keys.
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    pub(crate) arrived_ns: u64,
    pub(crate) is_rtcp: bool,
}

/// How packets get to the peer and back.
#[allow(clippy::large_enum_variant)] // all but a few are the large one, and every packet looks into it
pub(crate) enum Carrier {
    Network(Network),
    /// Plain, to a process of this machine: nobody else can write there, so there is nothing to prove.
    Local(LinkQueue),
}

/// An address that proved to be the peer's, and keys.
pub(crate) struct Network {
    pub(crate) ice: IceLite,
    pub(crate) srtp: Option<Srtp>,
    pub(crate) held: Vec<Held>,
}

impl Network {
    pub(crate) fn new(ice: IceLite) -> Self {
        Self {
            ice,
            srtp: None,
            held: Vec::new(),
        }
    }

    /// Keep a packet until the keys come; the oldest ones are kept, they begin the stream.
    pub(crate) fn hold(&mut self, bytes: &[u8], arrived_ns: u64, is_rtcp: bool) {
        if self.held.len() < MAX_HELD {
            self.held.push(Held {
                bytes: bytes.to_vec(),
                arrived_ns,
                is_rtcp,
            });
        }
    }

    /// Where to send and with which keys, once both are there.
    #[inline]
    fn way_out(&mut self) -> Option<(&Path, &mut Srtp)> {
        self.ice.selected().zip(self.srtp.as_mut())
    }
}

pub(crate) struct Transport {
    pub(crate) id: u64,
    pub(crate) carrier: Carrier,
    pub(crate) sources: Vec<SourceKey>,
    pub(crate) sinks: Vec<SinkKey>,
    /// Incoming SSRCs; grows by authenticated packets only, and has a bound like the SRTP context.
    pub(crate) ssrc_uses: HashMap<u32, SsrcUse>,
    /// Outgoing SSRCs, primary and rtx: what feedback names.
    pub(crate) sink_ssrcs: HashMap<u32, SinkKey>,
    /// Extension ids that carry the transport-wide sequence number; one, unless sections disagree.
    pub(crate) transport_cc_ids: Vec<u8>,
    pub(crate) arrivals: ArrivalLog,
    pub(crate) departures: DepartureLog,
    /// The last SSRC that arrived: feedback must name one of the publisher's.
    pub(crate) media_ssrc: Option<u32>,
    pub(crate) clock: PublisherClock,
    pub(crate) receive_estimate: ReceiveEstimate,
    pub(crate) estimator: Box<dyn BandwidthEstimator>,
    /// The viewer's own estimate, which counts before ours.
    pub(crate) remb_bps: Option<u64>,
    pub(crate) round_trip_ns: Option<u64>,
    budget_bytes: usize,
    pub(crate) reported_ns: u64,
    pub(crate) counters: TransportStats,
}

impl Transport {
    pub(crate) fn new(id: u64, carrier: Carrier, first_departure: u16, now_ns: u64) -> Self {
        Self {
            id,
            carrier,
            sources: Vec::new(),
            sinks: Vec::new(),
            ssrc_uses: HashMap::new(),
            sink_ssrcs: HashMap::new(),
            transport_cc_ids: Vec::new(),
            arrivals: ArrivalLog::default(),
            departures: DepartureLog::new(first_departure),
            media_ssrc: None,
            clock: PublisherClock::default(),
            receive_estimate: ReceiveEstimate::new(),
            estimator: Box::new(AcknowledgedRate::default()),
            remb_bps: None,
            round_trip_ns: None,
            budget_bytes: BUDGET_BURST_BYTES,
            reported_ns: now_ns,
            counters: TransportStats::default(),
        }
    }

    /// A process of this machine at the end of a socket.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.carrier, Carrier::Local(_))
    }

    /// Of the sinks on it.
    pub(crate) fn role(&self) -> Role {
        match self.carrier {
            Carrier::Network(_) => Role::Viewer,
            Carrier::Local(_) => Role::Local,
        }
    }

    pub(crate) fn network(&self) -> Option<&Network> {
        match &self.carrier {
            Carrier::Network(network) => Some(network),
            Carrier::Local(_) => None,
        }
    }

    pub(crate) fn network_mut(&mut self) -> Option<&mut Network> {
        match &mut self.carrier {
            Carrier::Network(network) => Some(network),
            Carrier::Local(_) => None,
        }
    }

    /// Address and keys are there, or neither is needed: media can leave.
    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        self.network()
            .is_none_or(|network| network.srtp.is_some() && network.ice.selected().is_some())
    }

    /// Makes an RTP packet plain where it lies; gives its length. `None` while there are no keys.
    #[inline]
    pub(crate) fn open_rtp(&mut self, datagram: &mut [u8]) -> Option<Result<usize, SrtpError>> {
        match &mut self.carrier {
            Carrier::Network(network) => {
                let srtp = network.srtp.as_mut()?;
                Some(srtp.receiver.unprotect_rtp(datagram))
            }
            Carrier::Local(_) => Some(Ok(datagram.len())),
        }
    }

    /// As `open_rtp`, for RTCP.
    pub(crate) fn open_rtcp(&mut self, datagram: &mut [u8]) -> Option<Result<usize, SrtpError>> {
        match &mut self.carrier {
            Carrier::Network(network) => {
                let srtp = network.srtp.as_mut()?;
                Some(srtp.receiver.unprotect_rtcp(datagram))
            }
            Carrier::Local(_) => Some(Ok(datagram.len())),
        }
    }

    /// Counts a packet that was opened, from where it came on the network.
    #[inline]
    pub(crate) fn on_opened(&mut self, wire_bytes: u64, remote: Option<SocketAddr>, now_ns: u64) {
        self.counters.packets_received += 1;
        self.counters.bytes_received += wire_bytes;
        if let (Carrier::Network(network), Some(remote)) = (&mut self.carrier, remote) {
            network.ice.on_sign_of_life(remote, now_ns);
        }
    }

    /// Whether another incoming SSRC may be learned. On the network the SRTP context has refused it before.
    pub(crate) fn may_learn_ssrc(&self) -> bool {
        self.ssrc_uses.len() < DEFAULT_MAX_SSRCS || !self.is_local()
    }

    /// Sends one packet of `header` and `parts`; gives its size.
    #[inline]
    pub(crate) fn send_rtp(
        &mut self,
        key: TransportKey,
        arena: &mut Arena,
        header: &[u8],
        parts: &[&[u8]],
        roc: u32,
    ) -> Option<usize> {
        let bytes = match &mut self.carrier {
            Carrier::Network(network) => {
                let (path, srtp) = network.way_out()?;
                let plain_bytes = header.len() + parts.iter().map(|part| part.len()).sum::<usize>();
                let out = arena.reserve(plain_bytes + MAX_OVERHEAD_BYTES);
                let bytes = srtp.sender.protect_rtp_into(header, parts, roc, out).ok()?;
                arena.commit(key, path, bytes);
                bytes
            }
            Carrier::Local(queue) => {
                queue.push(std::iter::once(header).chain(parts.iter().copied()))
            }
        };
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += bytes as u64;
        Some(bytes)
    }

    /// Media of this size left: retransmissions earn their share.
    #[inline]
    pub(crate) fn earn(&mut self, bytes: usize) {
        self.budget_bytes =
            (self.budget_bytes + bytes * BUDGET_TENTHS / 10).min(BUDGET_BURST_BYTES);
    }

    /// A second has passed.
    pub(crate) fn earn_floor(&mut self) {
        self.budget_bytes = (self.budget_bytes + BUDGET_FLOOR_BYTES).min(BUDGET_BURST_BYTES);
    }

    /// Takes the price of one retransmission; false if the viewer has used up its share.
    pub(crate) fn spend(&mut self, bytes: usize) -> bool {
        match self.budget_bytes.checked_sub(bytes) {
            Some(rest) => {
                self.budget_bytes = rest;
                true
            }
            None => false,
        }
    }

    /// RFC 6298 smoothing.
    pub(crate) fn on_round_trip(&mut self, sample_ns: u64) {
        self.round_trip_ns = Some(
            self.round_trip_ns
                .map_or(sample_ns, |old| old - old / 8 + sample_ns / 8),
        );
    }

    /// Protects and queues one RTCP compound, if there is somewhere to send it to and something in it.
    pub(crate) fn send_rtcp(
        &mut self,
        key: TransportKey,
        arena: &mut Arena,
        write: impl FnOnce(&mut Writer<'_>),
    ) {
        let bytes = match &mut self.carrier {
            Carrier::Network(network) => {
                let Some((path, srtp)) = network.way_out() else {
                    return;
                };
                let out = arena.reserve(MAX_RTCP_BYTES + MAX_OVERHEAD_BYTES);
                let plain_bytes = compose(&mut out[..MAX_RTCP_BYTES], write);
                if plain_bytes == 0 {
                    return;
                }
                let Ok(bytes) = srtp.sender.protect_rtcp(out, plain_bytes) else {
                    return;
                };
                arena.commit(key, path, bytes);
                bytes
            }
            Carrier::Local(queue) => {
                let mut buffer = [0; MAX_RTCP_BYTES];
                let plain_bytes = compose(&mut buffer, write);
                if plain_bytes == 0 {
                    return;
                }
                queue.push([&buffer[..plain_bytes]])
            }
        };
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += bytes as u64;
    }
}

fn compose(out: &mut [u8], write: impl FnOnce(&mut Writer<'_>)) -> usize {
    let mut writer = Writer::new(out);
    write(&mut writer);
    writer.len()
}
