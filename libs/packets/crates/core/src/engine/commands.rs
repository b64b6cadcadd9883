//! Commands from the owner.

use std::sync::Arc;

use super::Engine;
use super::reports::REPORT_GRID_NS;
use crate::command::Command;
use crate::config::{SinkConfig, SourceConfig};
use crate::encoding::Encoding;
use crate::ice::IceLite;
use crate::keys::{SinkKey, SourceKey, TransportKey};
use crate::link::LinkQueue;
use crate::replacement::Part;
use crate::sink::Sink;
use crate::source::Source;
use crate::timer::Timer;
use crate::transport::{Carrier, Network, Srtp, SsrcUse, Transport};
use crate::wire::extensions::ExtensionKind;

const SECOND_NS: u64 = 1_000_000_000;

impl Engine {
    pub(super) fn obey(&mut self, now_ns: u64, command: Command) {
        if self.try_obey(now_ns, command).is_none() {
            self.counters.stale_commands += 1;
        }
    }

    /// `None` if the command names something unknown, or something that is there already.
    fn try_obey(&mut self, now_ns: u64, command: Command) -> Option<()> {
        match command {
            Command::AddTransport {
                transport,
                local_ufrag,
                local_pwd,
                remote_ufrag,
            } => {
                let ice = IceLite::new(&local_ufrag, &local_pwd, &remote_ufrag, now_ns);
                self.add_network_transport(transport, ice, now_ns)
            }
            Command::AddLocalTransport { transport } => {
                let key =
                    self.add_transport(transport, Carrier::Local(LinkQueue::default()), now_ns)?;
                self.links.push(key);
                Some(())
            }
            Command::RemoveTransport { transport } => {
                let key = *self.transport_ids.get(&transport)?;
                self.remove_transport(key, now_ns);
                Some(())
            }
            Command::SendDtls {
                transport,
                datagrams,
            } => {
                let key = *self.transport_ids.get(&transport)?;
                let path = *self.transports[key].network()?.ice.selected()?;
                for datagram in datagrams {
                    self.arena
                        .reserve(datagram.len())
                        .copy_from_slice(&datagram);
                    self.arena.commit(key, &path, datagram.len());
                }
                Some(())
            }
            Command::SetSrtp {
                transport,
                sender,
                receiver,
            } => {
                let key = *self.transport_ids.get(&transport)?;
                self.serving = Some(transport);
                let network = self.transports[key].network_mut()?;
                network.srtp = Some(Srtp { sender, receiver });
                self.release_held(key, now_ns);
                if self.transports[key].is_ready() {
                    self.on_ready(key, now_ns);
                }
                Some(())
            }
            Command::AddSource {
                transport,
                source,
                config,
            } => self.add_source(transport, source, *config),
            Command::RemoveSource { source } => {
                let key = *self.source_ids.get(&source)?;
                self.remove_source(key, now_ns);
                Some(())
            }
            Command::AddSink {
                transport,
                sink,
                source,
                config,
            } => self.add_sink(now_ns, transport, sink, source, *config),
            Command::RemoveSink { sink } => {
                let key = *self.sink_ids.get(&sink)?;
                self.remove_sink(key);
                Some(())
            }
            Command::PauseSink { sink, paused } => {
                let sink = &mut self.sinks[*self.sink_ids.get(&sink)?];
                sink.pause(paused);
                if sink.waits_for_keyframe() {
                    let encoding_key = sink.encoding;
                    self.want_keyframe(encoding_key, now_ns);
                }
                Some(())
            }
            Command::RequestKeyframe { source } => {
                let key = *self.source_ids.get(&source)?;
                self.want_keyframe(self.sources[key].encoding, now_ns);
                Some(())
            }
            Command::SwitchTo {
                source,
                replacement,
            } => self.switch_to(now_ns, source, replacement),
            Command::SwitchBack { source } => self.switch_back(now_ns, source),
            Command::Hold { source, max_ms } => self.hold(now_ns, source, max_ms),
        }
    }

    fn add_network_transport(&mut self, id: u64, ice: IceLite, now_ns: u64) -> Option<()> {
        if self.ufrags.contains_key(&ice.local_ufrag) {
            return None;
        }
        let ufrag = ice.local_ufrag.clone();
        let key = self.add_transport(id, Carrier::Network(Network::new(ice)), now_ns)?;
        self.ufrags.insert(ufrag, key);
        Some(())
    }

    fn add_transport(&mut self, id: u64, carrier: Carrier, now_ns: u64) -> Option<TransportKey> {
        if self.transport_ids.contains_key(&id) {
            return None;
        }
        let first_departure = self.random.next() as u16;
        let key = self
            .transports
            .insert(Transport::new(id, carrier, first_departure, now_ns));
        self.transport_ids.insert(id, key);
        // Spread over the second, so that a hundred viewers' reports do not leave in one burst.
        let first_ns = now_ns + self.random.next() % SECOND_NS;
        self.timers
            .arm_on_grid(first_ns, REPORT_GRID_NS, Timer::Report(key));
        Some(key)
    }

    pub(super) fn remove_transport(&mut self, key: TransportKey, now_ns: u64) {
        let Some(transport) = self.transports.get_mut(key) else {
            return;
        };
        let (sources, sinks) = (
            std::mem::take(&mut transport.sources),
            std::mem::take(&mut transport.sinks),
        );
        sinks.into_iter().for_each(|sink| self.remove_sink(sink));
        sources
            .into_iter()
            .for_each(|source| self.remove_source(source, now_ns));
        if let Some(transport) = self.transports.remove(key) {
            self.transport_ids.remove(&transport.id);
            if let Some(network) = transport.network() {
                self.ufrags.remove(&network.ice.local_ufrag);
                for address in network.ice.addresses() {
                    self.addresses.remove(&address);
                }
            }
            self.links.retain(|other| *other != key);
        }
    }

    fn add_source(&mut self, transport_id: u64, id: u64, config: SourceConfig) -> Option<()> {
        let transport_key = *self.transport_ids.get(&transport_id)?;
        if self.source_ids.contains_key(&id) {
            return None;
        }
        let transport = &mut self.transports[transport_key];
        if config.transport_cc
            && let Some(cc_id) = config.extensions.id(ExtensionKind::TransportWideCc)
            && !transport.transport_cc_ids.contains(&cc_id)
        {
            transport.transport_cc_ids.push(cc_id);
        }
        self.encodings_ever += 1;
        let serial = self.encodings_ever;
        let section = Arc::new(config);
        let encodings = &mut self.encodings;
        let key = self.sources.insert_with(|key| Source {
            id,
            transport: transport_key,
            encoding: encodings.insert(Encoding::new(key, serial, Arc::clone(&section))),
            section: Arc::clone(&section),
            part: Part::Alone,
        });
        let encoding_key = self.sources[key].encoding;
        self.source_ids.insert(id, key);
        transport.sources.push(key);
        let uses = &mut transport.ssrc_uses;
        for (primary, rtx) in &section.ssrcs {
            uses.entry(*primary)
                .or_insert(SsrcUse::Primary(encoding_key));
            if let Some(ssrc) = rtx {
                uses.entry(*ssrc)
                    .or_insert(SsrcUse::Retransmission(encoding_key));
            }
        }
        Some(())
    }

    fn remove_source(&mut self, key: SourceKey, now_ns: u64) {
        if self.sources.get(key).is_some() {
            self.leave_replacement(key, now_ns);
        }
        let Some(source) = self.sources.get(key) else {
            return;
        };
        let encoding_key = source.encoding;
        let sinks = std::mem::take(&mut self.encodings[encoding_key].sinks);
        sinks.into_iter().for_each(|sink| self.remove_sink(sink));
        self.encodings.remove(encoding_key);
        if let Some(source) = self.sources.remove(key) {
            self.source_ids.remove(&source.id);
            let transport = &mut self.transports[source.transport];
            transport.sources.retain(|other| *other != key);
            transport.ssrc_uses.retain(|_, used_for| !matches!(used_for, SsrcUse::Primary(of) | SsrcUse::Retransmission(of) if *of == encoding_key));
        }
    }

    fn add_sink(
        &mut self,
        now_ns: u64,
        transport_id: u64,
        id: u64,
        source_id: u64,
        config: SinkConfig,
    ) -> Option<()> {
        let transport_key = *self.transport_ids.get(&transport_id)?;
        let source_key = *self.source_ids.get(&source_id)?;
        if self.sink_ids.contains_key(&id) {
            return None;
        }
        let role = self.transports[transport_key].role();
        let feed = if role.treatment().switches {
            self.feed_of(source_key)
        } else {
            self.sources[source_key].encoding
        };
        let sink = Sink::new(
            id,
            transport_key,
            role,
            source_key,
            feed,
            config,
            &mut self.random,
        );
        let ssrcs: Vec<u32> = sink.ssrcs().collect();
        let waits = sink.waits_for_keyframe();
        let key = self.sinks.insert(sink);
        self.sink_ids.insert(id, key);
        self.encodings[feed].sinks.push(key);
        let transport = &mut self.transports[transport_key];
        transport.sinks.push(key);
        transport
            .sink_ssrcs
            .extend(ssrcs.into_iter().map(|ssrc| (ssrc, key)));
        if waits && transport.is_ready() {
            self.want_keyframe(feed, now_ns);
        }
        Some(())
    }

    pub(super) fn remove_sink(&mut self, key: SinkKey) {
        if let Some(sink) = self.sinks.remove(key) {
            self.sink_ids.remove(&sink.id);
            if let Some(encoding) = self.encodings.get_mut(sink.encoding) {
                encoding.sinks.retain(|other| *other != key);
            }
            if let Some(transport) = self.transports.get_mut(sink.transport) {
                transport.sinks.retain(|other| *other != key);
                transport.sink_ssrcs.retain(|_, of| *of != key);
            }
        }
    }
}
