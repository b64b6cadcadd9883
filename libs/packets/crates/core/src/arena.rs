//! Outgoing datagrams of one batch, grouped by destination so that equal sizes leave in one UDP GSO call.
//!
//! The kernel's price is per call, not per byte: four packets to one address in one `sendmsg` cost 40 % of
//! four calls. Packets are written once, straight into this memory, and encrypted in place there.

use std::net::{IpAddr, SocketAddr};

use crate::keys::TransportKey;

/// Where a datagram goes, and from which of our addresses on a wildcard bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The peer.
    pub remote: SocketAddr,
    /// The local address the peer's datagram hit; `None` lets the kernel choose.
    pub local: Option<LocalAddress>,
}

/// A local address, with the interface where the address alone is ambiguous (IPv6 link-local).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAddress {
    /// The address itself.
    pub ip: IpAddr,
    /// Interface index, 0 when routing may choose.
    pub interface: u32,
}

/// The kernel's limit is 64 KiB less headers for one GSO call.
const MAX_RUN_BYTES: usize = 60_000;
/// `UDP_MAX_SEGMENTS` was 64 before Linux 6.9.
pub(crate) const MAX_RUN_SEGMENTS: usize = 64;
const NO_QUEUE: u32 = u32::MAX;
const END: u32 = u32::MAX;

#[derive(Debug)]
struct Packet {
    start: u32,
    len: u32,
    next: u32,
}

#[derive(Debug)]
struct Queue {
    path: Path,
    /// The transport this queue belongs to, or `None` for a one-off reply.
    transport: Option<TransportKey>,
    head: u32,
    tail: u32,
}

/// Send memory. Reserve, fill, commit; later visit the runs and clear.
#[derive(Debug)]
pub struct Arena {
    bytes: Vec<u8>,
    used: usize,
    packets: Vec<Packet>,
    queues: Vec<Queue>,
    /// Queue of a transport in this batch, by transport index.
    by_transport: Vec<u32>,
}

impl Arena {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity],
            used: 0,
            packets: Vec::new(),
            queues: Vec::new(),
            by_transport: Vec::new(),
        }
    }

    /// Bytes waiting; the shell flushes early when this grows large.
    pub fn pending_bytes(&self) -> usize {
        self.used
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Room for one datagram. Nothing is sent until `commit`; reserving again forgets the previous one.
    #[inline]
    pub(crate) fn reserve(&mut self, len: usize) -> &mut [u8] {
        let end = self.used + len;
        if end > self.bytes.len() {
            self.bytes.resize(end.max(self.bytes.len() * 2), 0);
        }
        &mut self.bytes[self.used..end]
    }

    /// Queue the first `len` reserved bytes for a transport. One transport has one path in one batch: an
    /// address that moves in the middle of a batch counts from the next.
    #[inline]
    pub(crate) fn commit(&mut self, transport: TransportKey, path: &Path, len: usize) {
        let index = transport.index();
        if index >= self.by_transport.len() {
            self.by_transport.resize(index + 1, NO_QUEUE);
        }
        let mut queue = self.by_transport[index];
        if queue == NO_QUEUE {
            queue = self.push_queue(*path, Some(transport));
            self.by_transport[index] = queue;
        }
        self.append(queue as usize, len);
    }

    /// Queue the first `len` reserved bytes for an address that is not (yet) a transport's.
    pub(crate) fn commit_to(&mut self, path: Path, len: usize) {
        let queue = self.push_queue(path, None);
        self.append(queue as usize, len);
    }

    fn push_queue(&mut self, path: Path, transport: Option<TransportKey>) -> u32 {
        self.queues.push(Queue {
            path,
            transport,
            head: END,
            tail: END,
        });
        (self.queues.len() - 1) as u32
    }

    #[inline]
    fn append(&mut self, queue: usize, len: usize) {
        let index = self.packets.len() as u32;
        self.packets.push(Packet {
            start: self.used as u32,
            len: len as u32,
            next: END,
        });
        self.used += len;
        let queue = &mut self.queues[queue];
        if queue.tail == END {
            queue.head = index;
        } else {
            self.packets[queue.tail as usize].next = index;
        }
        queue.tail = index;
    }

    /// Visit the datagrams of every destination in order, as runs of equal size whose last may be shorter.
    /// `scratch` is emptied and reused between runs.
    pub fn for_each_run<'a>(
        &'a self,
        scratch: &mut Vec<&'a [u8]>,
        mut send: impl FnMut(&Path, &[&'a [u8]]),
    ) {
        for queue in &self.queues {
            let mut cursor = queue.head;
            while cursor != END {
                scratch.clear();
                cursor = self.take_run(cursor, scratch);
                send(&queue.path, scratch);
            }
        }
    }

    fn take_run<'a>(&'a self, mut cursor: u32, run: &mut Vec<&'a [u8]>) -> u32 {
        let segment = self.packets[cursor as usize].len;
        let mut total = 0;
        while cursor != END && run.len() < MAX_RUN_SEGMENTS {
            let packet = &self.packets[cursor as usize];
            if packet.len > segment || total + packet.len as usize > MAX_RUN_BYTES {
                break;
            }
            run.push(&self.bytes[packet.start as usize..(packet.start + packet.len) as usize]);
            total += packet.len as usize;
            cursor = packet.next;
            if packet.len < segment {
                break;
            }
        }
        cursor
    }

    /// Forget everything; the memory stays.
    pub fn clear(&mut self) {
        for queue in &self.queues {
            if let Some(transport) = queue.transport {
                self.by_transport[transport.index()] = NO_QUEUE;
            }
        }
        self.queues.clear();
        self.packets.clear();
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: u32) -> TransportKey {
        TransportKey::new(index, 0)
    }

    fn path(port: u16) -> Path {
        Path {
            remote: SocketAddr::from(([127, 0, 0, 1], port)),
            local: None,
        }
    }

    fn runs(arena: &Arena) -> Vec<(u16, Vec<usize>)> {
        let mut seen = Vec::new();
        arena.for_each_run(&mut Vec::new(), |path, run| {
            seen.push((
                path.remote.port(),
                run.iter().map(|packet| packet.len()).collect(),
            ));
        });
        seen
    }

    #[test]
    fn equal_sizes_share_a_run_and_a_shorter_one_ends_it() {
        let mut arena = Arena::new(64);
        for (transport, len) in [(0, 10), (1, 7), (0, 10), (0, 8), (0, 8), (1, 9)] {
            arena.reserve(20);
            arena.commit(key(transport), &path(transport as u16 + 1), len);
        }
        assert_eq!(
            runs(&arena),
            [
                (1, vec![10, 10, 8]),
                (1, vec![8]),
                (2, vec![7]),
                (2, vec![9])
            ]
        );
        arena.clear();
        assert!(arena.is_empty());
        arena.reserve(5);
        arena.commit(key(1), &path(9), 5);
        assert_eq!(runs(&arena), [(9, vec![5])]);
    }

    #[test]
    fn a_run_is_bounded_by_segments_and_bytes() {
        let mut arena = Arena::new(16);
        for _ in 0..130 {
            arena.reserve(1000);
            arena.commit(key(0), &path(1), 1000);
        }
        assert_eq!(
            runs(&arena)
                .iter()
                .map(|(_, run)| run.len())
                .collect::<Vec<_>>(),
            [60, 60, 10]
        );
    }
}
