//! One peer connection: address, keys, SSRC tables, and what its feedback is about.

use std::collections::HashMap;

use crate::arena::Arena;
use crate::clock::PublisherClock;
use crate::feedback::estimate::{AcknowledgedRate, BandwidthEstimator};
use crate::feedback::remb::ReceiveEstimate;
use crate::feedback::twcc::{ArrivalLog, DepartureLog};
use crate::ice::IceLite;
use crate::srtp::{MAX_OVERHEAD_BYTES, SrtpReceiver, SrtpSender};
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
pub(crate) enum Role {
    Primary(usize),
    Retransmission(usize),
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

pub(crate) struct Transport {
    pub(crate) id: u64,
    pub(crate) ice: IceLite,
    pub(crate) srtp: Option<Srtp>,
    pub(crate) held: Vec<Held>,
    pub(crate) sources: Vec<usize>,
    pub(crate) sinks: Vec<usize>,
    /// Incoming SSRCs; grows by authenticated packets only, bounded by the SRTP context.
    pub(crate) roles: HashMap<u32, Role>,
    /// Outgoing SSRCs, primary and rtx: what feedback names.
    pub(crate) sink_ssrcs: HashMap<u32, usize>,
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
    pub(crate) fn new(id: u64, ice: IceLite, first_departure: u16, now_ns: u64) -> Self {
        Self {
            id,
            ice,
            srtp: None,
            held: Vec::new(),
            sources: Vec::new(),
            sinks: Vec::new(),
            roles: HashMap::new(),
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

    /// Address and keys are there: media can leave.
    pub(crate) fn is_ready(&self) -> bool {
        self.srtp.is_some() && self.ice.selected().is_some()
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
        key: usize,
        arena: &mut Arena,
        write: impl FnOnce(&mut Writer<'_>),
    ) {
        let (Some(path), Some(srtp)) = (self.ice.selected(), &mut self.srtp) else {
            return;
        };
        let out = arena.reserve(MAX_RTCP_BYTES + MAX_OVERHEAD_BYTES);
        let mut writer = Writer::new(&mut out[..MAX_RTCP_BYTES]);
        write(&mut writer);
        let plain_bytes = writer.len();
        if plain_bytes == 0 {
            return;
        }
        if let Ok(bytes) = srtp.sender.protect_rtcp(out, plain_bytes) {
            arena.commit(key, path, bytes);
            self.counters.packets_sent += 1;
            self.counters.bytes_sent += bytes as u64;
        }
    }
}
