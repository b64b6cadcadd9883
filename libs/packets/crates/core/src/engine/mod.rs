//! The relay without sockets: datagrams, commands and time in; datagrams, events and the next deadline out.
//!
//! ```text
//! on_command ─────────┐            ┌── output()              datagrams, grouped by destination
//! on_datagram ────────┤            ├── drain_links()         packets to peers on this machine
//! on_local_datagram ──┼── Engine ──┼── take_events()         rare facts
//! finish_batch ───────┤            └── next_deadline_ns()
//! on_time ────────────┘
//! ```
//! A peer's mistake ends in a counter. A panic is a bug of ours: it is caught, counted, and costs the transport that
//! was being served.

mod commands;
mod fanout;
mod follow;
mod ingress;
mod replacement;
mod reports;
mod rtcp;
mod rtp;
mod schedule;
mod snapshot;
mod switching;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::fanout::Pending;
use crate::arena::{Arena, Path};
use crate::clock::NtpClock;
use crate::command::Command;
use crate::encoding::Encoding;
use crate::event::{CloseReason, Event};
use crate::feedback::estimate::Acknowledged;
use crate::keys::{EncodingKey, SinkKey, SourceKey, TransportKey};
use crate::random::Random;
use crate::replacement::Part;
use crate::sink::{Egress, MAX_HEADER_BYTES, Sink};
use crate::slab::Slab;
use crate::source::Source;
use crate::stats::Stats;
use crate::timer::Timers;
use crate::transport::{Carrier, Transport};
use crate::wire::extensions::abs_send_time;

const ARENA_BYTES: usize = 1 << 20;
/// Send before more than this is collected: it should still be in the cache then.
pub const FLUSH_BYTES: usize = 512 * 1024;
/// Packets of one encoding that are forwarded in one go, which bounds how far the arena overshoots.
const MAX_GROUP: usize = 16;

/// What differs between a service and a test.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Without a valid check, an indication or an authentic packet for this long a transport is given up.
    pub consent_ns: u64,
    /// Without a packet for this long a source counts as stopped.
    pub source_idle_ns: u64,
    /// Wall clock minus monotonic clock, for sender reports.
    pub unix_minus_monotonic_ns: u64,
    /// Of sequence numbers.
    pub random_seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            consent_ns: 30_000_000_000,
            source_idle_ns: 5_000_000_000,
            unix_minus_monotonic_ns: 0,
            random_seed: 0,
        }
    }
}

/// How many of each are alive; the leak test's view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Connections.
    pub transports: usize,
    /// Published tracks.
    pub sources: usize,
    /// Viewers' tracks.
    pub sinks: usize,
    /// Validated peer addresses.
    pub addresses: usize,
    /// Ufrags that are answered.
    pub ufrags: usize,
    /// Local transports.
    pub links: usize,
    /// Sources that replace others, are to, or are replaced.
    pub replacements: usize,
}

type Transports = Slab<TransportKey, Transport>;
type Encodings = Slab<EncodingKey, Encoding>;
type Sinks = Slab<SinkKey, Sink>;

/// All state of one relay.
pub struct Engine {
    settings: Settings,
    ntp: NtpClock,
    random: Random,
    transports: Transports,
    sources: Slab<SourceKey, Source>,
    encodings: Encodings,
    sinks: Sinks,
    transport_ids: HashMap<u64, TransportKey>,
    source_ids: HashMap<u64, SourceKey>,
    sink_ids: HashMap<u64, SinkKey>,
    /// Local transports; few.
    links: Vec<TransportKey>,
    encodings_ever: u64,
    ufrags: HashMap<Vec<u8>, TransportKey>,
    /// Whole addresses, compared in full: no collision can lead packets to somebody else.
    addresses: HashMap<SocketAddr, TransportKey>,
    timers: Timers,
    pending: Vec<Pending>,
    arena: Arena,
    header: Box<[u8]>,
    acknowledged: Vec<Acknowledged>,
    events: Vec<Event>,
    counters: Stats,
    /// Whose packet is being handled: what a panic costs.
    serving: Option<u64>,
    #[doc(hidden)]
    pub panic_on_ssrc: Option<u32>,
}

impl Engine {
    /// Nothing in it yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ntp: NtpClock::new(settings.unix_minus_monotonic_ns),
            random: Random::new(settings.random_seed),
            transports: Slab::new(),
            sources: Slab::new(),
            encodings: Slab::new(),
            sinks: Slab::new(),
            transport_ids: HashMap::new(),
            source_ids: HashMap::new(),
            sink_ids: HashMap::new(),
            links: Vec::new(),
            encodings_ever: 0,
            ufrags: HashMap::new(),
            addresses: HashMap::new(),
            timers: Timers::default(),
            pending: Vec::new(),
            arena: Arena::new(ARENA_BYTES),
            header: vec![0; MAX_HEADER_BYTES].into_boxed_slice(),
            acknowledged: Vec::new(),
            events: Vec::new(),
            counters: Stats::default(),
            serving: None,
            panic_on_ssrc: None,
        }
    }

    /// One datagram, which the kernel received at `arrived_ns` (never after `now_ns`). It is decrypted in place.
    #[inline]
    pub fn on_datagram(&mut self, now_ns: u64, arrived_ns: u64, path: &Path, datagram: &mut [u8]) {
        self.guarded(now_ns, |engine| {
            engine.receive(now_ns, arrived_ns, path, datagram)
        });
    }

    /// One message of a peer on this machine. Whatever is in it does no more harm than a datagram's content.
    pub fn on_local_datagram(
        &mut self,
        now_ns: u64,
        arrived_ns: u64,
        transport: u64,
        message: &mut [u8],
    ) {
        self.guarded(now_ns, |engine| {
            engine.receive_local(now_ns, arrived_ns, transport, message)
        });
    }

    /// The other end of a local transport is gone: so is the transport.
    pub fn on_link_closed(&mut self, now_ns: u64, transport: u64) {
        if self.has_link(transport) {
            self.guarded(now_ns, |engine| {
                engine.close_transport(transport, CloseReason::LinkClosed, now_ns);
            });
        }
    }

    /// Whether this is a local transport that has not been removed.
    pub fn has_link(&self, transport: u64) -> bool {
        self.transport_ids
            .get(&transport)
            .is_some_and(|key| self.transports[*key].is_local())
    }

    /// How many of them there are.
    pub fn link_count(&self) -> usize {
        self.links.len()
    }

    /// What is to be sent on local transports (whose id, and a packet), once `finish_batch` was called.
    pub fn drain_links(&mut self, mut send: impl FnMut(u64, &[u8])) {
        for key in &self.links {
            let transport = &mut self.transports[*key];
            if let Carrier::Local(queue) = &mut transport.carrier {
                queue.drain(|packet| send(transport.id, packet));
            }
        }
    }

    /// Forwards what the datagrams since the last call brought. True if enough is collected for now: send it and call
    /// again. To be called after every batch of datagrams.
    pub fn finish_batch(&mut self, now_ns: u64) -> bool {
        self.pending
            .sort_by_key(|one| (one.is_audio, one.encoding_key));
        while let Some(first) = self.pending.first() {
            if self.arena.pending_bytes() >= FLUSH_BYTES {
                return true;
            }
            let encoding_key = first.encoding_key;
            let same = self
                .pending
                .iter()
                .take_while(|one| one.encoding_key == encoding_key);
            let count = same.count().min(MAX_GROUP);
            let group: Vec<Pending> = self.pending.drain(..count).collect();
            self.guarded(now_ns, |engine| engine.fan_out(&group, now_ns));
        }
        false
    }

    /// One order.
    pub fn on_command(&mut self, now_ns: u64, command: Command) {
        self.guarded(now_ns, |engine| engine.obey(now_ns, command));
    }

    /// Everything whose time has come.
    pub fn on_time(&mut self, now_ns: u64) {
        while let Some(timer) = self.timers.pop_due(now_ns) {
            self.guarded(now_ns, |engine| engine.wake(now_ns, timer));
        }
    }

    /// When `on_time` has something to do.
    pub fn next_deadline_ns(&self) -> Option<u64> {
        self.timers.next_deadline_ns()
    }

    /// What is to be sent, once `finish_batch` was called. Clear it when it has been.
    pub fn output(&mut self) -> &mut Arena {
        &mut self.arena
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> std::vec::Drain<'_, Event> {
        self.events.drain(..)
    }

    /// How much is alive.
    pub fn population(&self) -> Population {
        Population {
            transports: self.transports.len(),
            sources: self.sources.len(),
            sinks: self.sinks.len(),
            addresses: self.addresses.len(),
            ufrags: self.ufrags.len(),
            links: self.links.len(),
            replacements: self
                .sources
                .iter()
                .filter(|source| !matches!(source.part, Part::Alone))
                .count(),
        }
    }

    fn guarded(&mut self, now_ns: u64, work: impl FnOnce(&mut Self)) {
        // What a panic leaves half done belongs to the transport that is removed; the tables themselves are only
        // touched by single calls that complete or do not begin.
        let result = catch_unwind(AssertUnwindSafe(|| work(self)));
        let serving = self.serving.take();
        if result.is_err() {
            self.counters.panics += 1;
            if let Some(id) = serving {
                self.close_transport(id, CloseReason::InternalError, now_ns);
            }
        }
    }

    /// The owner's id of the transport that a source comes on.
    fn transport_id_of(&self, source_key: SourceKey) -> u64 {
        self.transports[self.sources[source_key].transport].id
    }

    /// Whoever sends this encoding is being served.
    fn serve_sender_of(&mut self, encoding_key: EncodingKey) {
        self.serving = Some(self.transport_id_of(self.encodings[encoding_key].source));
    }

    fn close_transport(&mut self, id: u64, reason: CloseReason, now_ns: u64) {
        if let Some(key) = self.transport_ids.get(&id).copied() {
            self.remove_transport(key, now_ns);
            self.events.push(Event::TransportClosed {
                transport: id,
                reason,
            });
        }
    }

    /// The parts that rewriting for viewers needs at once, borrowed apart from each other.
    fn parts(&mut self, now_ns: u64) -> (&Encodings, &mut Sinks, &mut Transports, Egress<'_>) {
        let egress = Egress {
            arena: &mut self.arena,
            header: &mut self.header,
            now_ns,
            abs_send_time: abs_send_time(now_ns / 1000),
        };
        (
            &self.encodings,
            &mut self.sinks,
            &mut self.transports,
            egress,
        )
    }
}
