//! Decrypted packets of one source, stored once for all its viewers: what is being forwarded and what may be asked for again.

use crate::parameter_sets::Needed;
use crate::wire::extensions::Extensions;
use crate::wire::rtp::Header;

/// Larger packets are not media of any browser; they are dropped on arrival.
pub(crate) const MAX_PACKET_BYTES: usize = 1536;

/// Where things are in a stored packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) sequence: i64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload_type: u8,
    pub(crate) arrived_ns: u64,
    /// What the H.264 key frame that begins here does not bring itself.
    pub(crate) needed: Option<Needed>,
    extension_profile: u16,
    extension_start: u16,
    extension_bytes: u16,
    payload_start: u16,
    payload_end: u16,
}

/// A ring indexed by the source's unwrapped sequence number.
///
/// Memory is one zeroed allocation: pages that no packet reached are not resident.
#[derive(Debug)]
pub(crate) struct PacketCache {
    slots: Vec<Option<Stored>>,
    bytes: Vec<u8>,
    max_age_ns: u64,
}

impl PacketCache {
    /// `capacity` is a power of two.
    pub(crate) fn new(capacity: usize, max_age_ns: u64) -> Self {
        assert!(capacity.is_power_of_two(), "ring size is a power of two");
        Self {
            slots: vec![None; capacity],
            bytes: vec![0; capacity * MAX_PACKET_BYTES],
            max_age_ns,
        }
    }

    fn index(&self, sequence: i64) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }

    /// Whether this very packet is stored.
    pub(crate) fn contains(&self, sequence: i64) -> bool {
        self.slots[self.index(sequence)].is_some_and(|stored| stored.sequence == sequence)
    }

    /// Stores what `header` says of `packet`, with `payload` as the range of its payload; replaces what was in its place
    /// unless that is newer. False if it was not stored.
    pub(crate) fn insert(&mut self, stored: Stored, packet: &[u8]) -> bool {
        let index = self.index(stored.sequence);
        if packet.len() > MAX_PACKET_BYTES
            || self.slots[index].is_some_and(|old| old.sequence > stored.sequence)
        {
            return false;
        }
        let start = index * MAX_PACKET_BYTES;
        self.bytes[start..start + packet.len()].copy_from_slice(packet);
        self.slots[index] = Some(stored);
        true
    }

    /// The stored packet, if it is not too old to be worth sending.
    #[inline]
    pub(crate) fn get(&self, sequence: i64, now_ns: u64) -> Option<CachedPacket<'_>> {
        let index = self.index(sequence);
        let stored = self.slots[index]
            .as_ref()
            .filter(|stored| stored.sequence == sequence)?;
        if now_ns.saturating_sub(stored.arrived_ns) > self.max_age_ns {
            return None;
        }
        let start = index * MAX_PACKET_BYTES;
        Some(CachedPacket {
            stored,
            bytes: &self.bytes[start..start + MAX_PACKET_BYTES],
        })
    }

    /// Forget everything (the source's sequence numbers started anew).
    pub(crate) fn clear(&mut self) {
        self.slots.fill(None);
    }
}

impl Stored {
    /// From a parsed header; `payload` is the range of media bytes within the packet.
    pub(crate) fn new(
        header: &Header,
        sequence: i64,
        payload: std::ops::Range<usize>,
        arrived_ns: u64,
    ) -> Self {
        Self {
            sequence,
            timestamp: header.timestamp,
            marker: header.marker,
            payload_type: header.payload_type,
            arrived_ns,
            needed: None,
            extension_profile: header.extension_profile.unwrap_or(0),
            extension_start: header.extension_offset,
            extension_bytes: if header.extension_profile.is_some() {
                header.extension_bytes
            } else {
                0
            },
            payload_start: payload.start as u16,
            payload_end: payload.end as u16,
        }
    }

    /// The payload of the packet that this is about.
    pub(crate) fn payload<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        &packet[usize::from(self.payload_start)..usize::from(self.payload_end)]
    }
}

/// A view of one stored packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CachedPacket<'a> {
    pub(crate) stored: &'a Stored,
    bytes: &'a [u8],
}

impl<'a> CachedPacket<'a> {
    pub(crate) fn payload(&self) -> &'a [u8] {
        self.stored.payload(self.bytes)
    }

    pub(crate) fn extensions(&self) -> Extensions<'a> {
        if self.stored.extension_bytes == 0 {
            return Extensions::empty();
        }
        let start = usize::from(self.stored.extension_start);
        let end = start + usize::from(self.stored.extension_bytes);
        Extensions::new(self.stored.extension_profile, &self.bytes[start..end])
    }
}
