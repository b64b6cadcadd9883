//! What the engine tells its owner, in a queue with a bound.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

/// Events waiting for the owner before something is dropped.
pub const MAX_EVENTS: usize = 4096;
/// DTLS datagrams of one transport waiting for the owner; DTLS itself recovers what is dropped.
pub const MAX_DTLS_DATAGRAMS: usize = 64;

/// Rare facts; no packet ever becomes an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A check with the right password selected this address, for the first time or after a move.
    TransportConnected {
        /// Owner's id.
        transport: u64,
        /// The peer's address.
        address: SocketAddr,
    },
    /// DTLS datagrams in order of arrival.
    DtlsReceived {
        /// Owner's id.
        transport: u64,
        /// Never empty.
        datagrams: Vec<Vec<u8>>,
    },
    /// The transport has been removed by the engine itself.
    TransportClosed {
        /// Owner's id.
        transport: u64,
        /// Why.
        reason: CloseReason,
    },
    /// The first authenticated packet of a source arrived.
    SourceStarted {
        /// Owner's id of the transport it comes on.
        transport: u64,
        /// Owner's id.
        source: u64,
    },
    /// A source fell silent while its transport lives.
    SourceStopped {
        /// Owner's id of the transport it came on.
        transport: u64,
        /// Owner's id.
        source: u64,
    },
    /// The viewers of a source get its replacement; the first packet of that has left.
    SwitchedTo {
        /// Owner's id of the transport that the source comes on.
        transport: u64,
        /// Owner's id of what they were to get.
        source: u64,
        /// Owner's id of what they get.
        replacement: u64,
    },
    /// The viewers of a source get its own packets again, or will from its next key frame on.
    SwitchedBack {
        /// Owner's id of the transport that the source comes on.
        transport: u64,
        /// Owner's id.
        source: u64,
        /// Why.
        reason: SwitchBackReason,
    },
    /// This many events did not fit.
    EventsLost {
        /// Dropped events, or DTLS datagrams where only those were dropped.
        count: u64,
    },
}

/// Why the engine gave a transport up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// No valid STUN check for the consent time (RFC 7675 section 5.1).
    ConsentExpired,
    /// A bug was hit while handling this transport's packets.
    InternalError,
    /// The other end of a local transport is gone.
    LinkClosed,
}

impl CloseReason {
    /// The stable code the owner sees.
    pub fn code(self) -> &'static str {
        match self {
            Self::ConsentExpired => "consent-expired",
            Self::InternalError => "internal-error",
            Self::LinkClosed => "link-closed",
        }
    }
}

/// Why viewers get a source itself again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchBackReason {
    /// The owner said so.
    Ordered,
    /// The replacement is gone.
    Lost,
    /// The source began anew on another clock, which the replacement does not know.
    Restarted,
    /// Nothing of the replacement came in time.
    Late,
    /// The replacement has fallen silent, and the source has not.
    Stalled,
}

impl SwitchBackReason {
    /// The stable code the owner sees.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Lost => "lost",
            Self::Restarted => "restarted",
            Self::Late => "late",
            Self::Stalled => "stalled",
        }
    }
}

/// A queue that never grows without bound and never loses a `TransportClosed`.
#[derive(Debug, Default)]
pub struct EventQueue {
    events: VecDeque<Event>,
    /// Events ever removed from the front: makes `dtls` indices stable.
    removed: u64,
    /// Absolute index of the `DtlsReceived` that still takes datagrams, by transport.
    dtls: HashMap<u64, u64>,
    lost: u64,
}

impl EventQueue {
    /// Add one, merging DTLS of one transport and dropping the least useful when full.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::DtlsReceived {
                transport,
                datagrams,
            } => self.push_dtls(transport, datagrams),
            other => {
                self.make_room();
                self.events.push_back(other);
            }
        }
    }

    fn push_dtls(&mut self, transport: u64, mut added: Vec<Vec<u8>>) {
        if let Some(&index) = self.dtls.get(&transport) {
            let position = (index - self.removed) as usize;
            if let Some(Event::DtlsReceived { datagrams, .. }) = self.events.get_mut(position) {
                let room = MAX_DTLS_DATAGRAMS.saturating_sub(datagrams.len());
                self.lost += added.len().saturating_sub(room) as u64;
                added.truncate(room);
                datagrams.append(&mut added);
                return;
            }
        }
        self.make_room();
        self.dtls
            .insert(transport, self.removed + self.events.len() as u64);
        self.events.push_back(Event::DtlsReceived {
            transport,
            datagrams: added,
        });
    }

    fn make_room(&mut self) {
        if self.events.len() < MAX_EVENTS {
            return;
        }
        let victim = self
            .events
            .iter()
            .position(|event| matches!(event, Event::DtlsReceived { .. }))
            .or_else(|| {
                self.events
                    .iter()
                    .position(|event| !matches!(event, Event::TransportClosed { .. }))
            });
        if let Some(victim) = victim {
            self.events.remove(victim);
            self.lost += 1;
            // Indices behind the victim moved; merging starts anew, which only costs an event.
            self.dtls.clear();
        }
    }

    /// Everything, oldest first; says what was lost at the end.
    pub fn drain(&mut self) -> Vec<Event> {
        self.removed += self.events.len() as u64;
        self.dtls.clear();
        let mut events: Vec<Event> = self.events.drain(..).collect();
        if self.lost > 0 {
            events.push(Event::EventsLost { count: self.lost });
            self.lost = 0;
        }
        events
    }

    /// Whether `drain` would give nothing.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.lost == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dtls(transport: u64, byte: u8) -> Event {
        Event::DtlsReceived {
            transport,
            datagrams: vec![vec![byte]],
        }
    }

    #[test]
    fn datagrams_of_a_transport_are_merged_in_order_and_bounded() {
        let mut queue = EventQueue::default();
        queue.push(dtls(1, 0));
        queue.push(dtls(2, 9));
        for byte in 1..100 {
            queue.push(dtls(1, byte));
        }
        let events = queue.drain();
        assert_eq!(events.len(), 3);
        let Event::DtlsReceived {
            transport: 1,
            datagrams,
        } = &events[0]
        else {
            panic!("{events:?}")
        };
        assert_eq!(
            datagrams.iter().map(|d| d[0]).collect::<Vec<_>>(),
            (0..64).collect::<Vec<u8>>()
        );
        assert_eq!(events[2], Event::EventsLost { count: 36 });
        assert!(queue.is_empty());
    }

    #[test]
    fn a_full_queue_drops_dtls_first_and_never_a_closed_transport() {
        let mut queue = EventQueue::default();
        queue.push(Event::TransportClosed {
            transport: 7,
            reason: CloseReason::ConsentExpired,
        });
        queue.push(Event::SourceStarted {
            transport: 1,
            source: 1,
        });
        queue.push(dtls(3, 1));
        for source in 0..MAX_EVENTS as u64 {
            queue.push(Event::SourceStopped {
                transport: 1,
                source,
            });
        }
        let events = queue.drain();
        assert!(matches!(
            events[0],
            Event::TransportClosed { transport: 7, .. }
        ));
        assert!(
            !events
                .iter()
                .any(|event| matches!(event, Event::DtlsReceived { .. }))
        );
        assert_eq!(events.last(), Some(&Event::EventsLost { count: 3 }));
    }
}
