//! The front door: sort a datagram, answer STUN, pass DTLS up, hold what is early (RFC 7983, RFC 8445, RFC 7675).

use super::Engine;
use crate::arena::Path;
use crate::event::Event;
use crate::keys::TransportKey;
use crate::transport::Held;
use crate::wire::rtp::{Kind, classify};
use crate::wire::stun::{self, Fingerprint, MAX_RESPONSE_BYTES, Message, MessageKind, Refusal};

/// An address that proved to be one transport's moves to another only after this silence: nobody takes over a live peer.
const ADDRESS_SETTLE_NS: u64 = 10_000_000_000;

impl Engine {
    pub(super) fn receive(
        &mut self,
        now_ns: u64,
        arrived_ns: u64,
        path: &Path,
        datagram: &mut [u8],
    ) {
        let kind = classify(datagram);
        if kind == Kind::Stun {
            self.on_stun(now_ns, path, datagram);
            return;
        }
        // Everything else must come from an address that knew a password: junk has no state and costs one lookup.
        let key = match self.addresses.get(&path.remote) {
            Some(key) if kind != Kind::Other => *key,
            _ => {
                self.counters.unknown_datagrams += 1;
                return;
            }
        };
        let transport = &mut self.transports[key];
        self.serving = Some(transport.id);
        match kind {
            Kind::Dtls => {
                self.events.push(Event::DtlsReceived {
                    transport: transport.id,
                    datagrams: vec![datagram.to_vec()],
                });
            }
            _ => {
                let is_rtcp = kind == Kind::Rtcp;
                match transport.network_mut() {
                    Some(network) if network.srtp.is_none() => {
                        network.hold(datagram, arrived_ns, is_rtcp);
                    }
                    _ if is_rtcp => {
                        self.on_rtcp(key, now_ns, arrived_ns, Some(path.remote), datagram);
                    }
                    _ => self.on_rtp(key, now_ns, arrived_ns, Some(path.remote), datagram),
                }
            }
        }
    }

    /// A message of a peer on this machine: RTP or RTCP as it is, or nothing of ours.
    pub(super) fn receive_local(
        &mut self,
        now_ns: u64,
        arrived_ns: u64,
        transport: u64,
        datagram: &mut [u8],
    ) {
        let key = self.transport_ids.get(&transport).copied();
        let Some(key) = key.filter(|key| self.transports[*key].is_local()) else {
            self.counters.unknown_datagrams += 1;
            return;
        };
        self.serving = Some(transport);
        match classify(datagram) {
            Kind::Rtp => self.on_rtp(key, now_ns, arrived_ns, None, datagram),
            Kind::Rtcp => self.on_rtcp(key, now_ns, arrived_ns, None, datagram),
            _ => self.counters.unknown_datagrams += 1,
        }
    }

    /// What came before the keys, in order.
    pub(super) fn release_held(&mut self, key: TransportKey, now_ns: u64) {
        let Some(network) = self.transports[key].network_mut() else {
            return;
        };
        let Some(remote) = network.ice.selected().map(|path| path.remote) else {
            return;
        };
        for Held {
            mut bytes,
            arrived_ns,
            is_rtcp,
        } in std::mem::take(&mut network.held)
        {
            if is_rtcp {
                self.on_rtcp(key, now_ns, arrived_ns, Some(remote), &mut bytes);
            } else {
                self.on_rtp(key, now_ns, arrived_ns, Some(remote), &mut bytes);
            }
        }
    }

    fn on_stun(&mut self, now_ns: u64, path: &Path, datagram: &[u8]) {
        let Ok(message) = Message::parse(datagram) else {
            self.counters.stun_failures += 1;
            return;
        };
        match message.kind() {
            MessageKind::BindingRequest => {}
            MessageKind::BindingIndication => {
                self.on_indication(now_ns, path, &message);
                return;
            }
            _ => {
                self.counters.stun_failures += 1;
                return;
            }
        }
        let Some(key) = self.authenticate(&message) else {
            // Not answered: a 401 would tell a scanner that somebody listens here.
            self.counters.stun_failures += 1;
            return;
        };
        self.serving = Some(self.transports[key].id);
        if let Some(owner) = self.addresses.get(&path.remote).copied()
            && owner != key
        {
            let owner = self.transports[owner].network_mut();
            let heard_ns = owner
                .as_ref()
                .and_then(|owner| owner.ice.heard_ns(path.remote))
                .unwrap_or(0);
            if now_ns.saturating_sub(heard_ns) < ADDRESS_SETTLE_NS {
                self.counters.stun_failures += 1;
                return;
            }
            if let Some(owner) = owner {
                owner.ice.forget(path.remote);
            }
            self.addresses.remove(&path.remote);
        }
        let refusal = if !message.unknown_required().is_empty() {
            Some(Refusal::UnknownAttributes(message.unknown_required()))
        } else if matches!(message.role(), Some(stun::Role::Controlled(_))) {
            // A lite agent is always controlled (RFC 8445 section 6.1.1); the peer has to switch.
            Some(Refusal::RoleConflict)
        } else {
            None
        };
        self.answer(key, path, &message, refusal);
        if refusal.is_none() {
            self.on_valid_check(
                key,
                now_ns,
                path,
                message.use_candidate(),
                message.nomination(),
            );
        }
    }

    /// A keep-alive (RFC 8445 section 11) has no credentials: it counts from an address that has proved to be a peer's.
    fn on_indication(&mut self, now_ns: u64, path: &Path, message: &Message<'_>) {
        let Some(key) = self.addresses.get(&path.remote).copied() else {
            self.counters.unknown_datagrams += 1;
            return;
        };
        let transport = &mut self.transports[key];
        self.serving = Some(transport.id);
        if message.fingerprint() != Fingerprint::Invalid
            && let Some(network) = transport.network_mut()
        {
            network.ice.on_sign_of_life(path.remote, now_ns);
        }
    }

    /// The transport whose password the message proves to know.
    fn authenticate(&self, message: &Message<'_>) -> Option<TransportKey> {
        // The table comes before the HMAC: a flood of strangers costs a lookup each.
        let key = *self.ufrags.get(message.local_ufrag()?)?;
        let ice = &self.transports[key].network()?.ice;
        let is_ours = message.username() == Some(&ice.username[..])
            && message.fingerprint() != Fingerprint::Invalid
            && message.verify_integrity(&ice.key);
        is_ours.then_some(key)
    }

    fn answer(
        &mut self,
        key: TransportKey,
        path: &Path,
        message: &Message<'_>,
        refusal: Option<Refusal<'_>>,
    ) {
        let Some(network) = self.transports[key].network() else {
            return;
        };
        let integrity = &network.ice.key;
        let out = self.arena.reserve(MAX_RESPONSE_BYTES);
        let written = match refusal {
            Some(refusal) => {
                stun::write_error(out, message.transaction_id(), refusal, Some(integrity))
            }
            // On a dual-stack socket an IPv4 peer shows as ::ffff:a.b.c.d, which it would not recognise as its own.
            None => {
                let mapped =
                    std::net::SocketAddr::new(path.remote.ip().to_canonical(), path.remote.port());
                stun::write_success(out, message.transaction_id(), mapped, integrity)
            }
        };
        if let Ok(bytes) = written {
            self.arena.commit_to(*path, bytes);
        }
    }

    fn on_valid_check(
        &mut self,
        key: TransportKey,
        now_ns: u64,
        path: &Path,
        use_candidate: bool,
        nomination: Option<u32>,
    ) {
        let was_ready = self.transports[key].is_ready();
        let transport = &mut self.transports[key];
        let Some(network) = transport.network_mut() else {
            return;
        };
        let effect = network
            .ice
            .on_check(path, use_candidate, nomination, now_ns);
        if let Some(forgotten) = effect.forgotten {
            self.addresses.remove(&forgotten);
        }
        if effect.is_new {
            self.addresses.insert(path.remote, key);
        }
        if effect.is_selected {
            self.events.push(Event::TransportConnected {
                transport: transport.id,
                address: path.remote,
            });
        }
        if !was_ready && self.transports[key].is_ready() {
            self.on_ready(key, now_ns);
        }
    }
}
