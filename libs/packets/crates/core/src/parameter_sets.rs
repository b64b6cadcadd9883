//! The H.264 parameter sets of one source, for the key frames that come without them: kept from the stream, or from the
//! offer (RFC 6184 section 8.1, `sprop-parameter-sets`).

use std::collections::VecDeque;
use std::num::NonZeroU32;

use crate::cache::Stored;
use crate::config::SignalledParameterSet;
use crate::wire::h264::{self, ParameterSetKind, Unit};

/// Of all that are kept, in one packet: it fits any path with headers and SRTP. An encoder's take some dozens of bytes.
pub(crate) const MAX_BYTES: usize = 1100;
/// So that a packet that was lost can be sent again as it was.
const REMEMBERED: usize = 4;
const SIZE_BYTES: usize = 2;

/// Which parameter sets the key frame needs that begins in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    version: NonZeroU32,
    /// Packets of the same frame bring them: only who got none of those needs these.
    is_in_frame: bool,
}

/// A payload that a viewer may need before a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preface<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) is_in_frame: bool,
}

#[derive(Debug)]
struct Kept {
    kind: ParameterSetKind,
    id: u32,
    /// Of the packet that brought it; `None` from the offer.
    sequence: Option<i64>,
    unit: Box<[u8]>,
}

#[derive(Debug)]
pub(crate) struct ParameterSets {
    signalled: Vec<SignalledParameterSet>,
    /// What the kept ones belong to.
    payload_type: Option<u8>,
    /// Sequence parameter sets first.
    kept: Vec<Kept>,
    payloads: VecDeque<(NonZeroU32, Box<[u8]>)>,
    version: NonZeroU32,
    /// Timestamps of the frames that had one lately: a picture parameter set counts behind a sequence parameter set.
    sequence_timestamp: Option<u32>,
    picture_timestamp: Option<u32>,
}

impl ParameterSets {
    pub(crate) fn new(signalled: Vec<SignalledParameterSet>) -> Self {
        Self {
            signalled,
            payload_type: None,
            kept: Vec::new(),
            payloads: VecDeque::new(),
            version: NonZeroU32::MIN,
            sequence_timestamp: None,
            picture_timestamp: None,
        }
    }

    /// Takes note of an H.264 packet. Gives what the key frame needs that begins in it, unless the packet itself has it
    /// or nobody knows it.
    #[inline]
    pub(crate) fn on_packet(&mut self, stored: &Stored, payload: &[u8]) -> Option<Needed> {
        let mut begins_idr_picture = false;
        let mut has_changed = false;
        let mut has_own = false;
        for unit in h264::units(payload) {
            if let Some(kind) = unit.parameter_set() {
                has_changed |= self.follow(stored.payload_type);
                has_changed |= self.keep(kind, unit, stored.sequence);
                self.note(kind, stored.timestamp);
                has_own |= kind == ParameterSetKind::Sequence;
            } else if unit.begins_idr_picture() {
                has_changed |= self.follow(stored.payload_type);
                begins_idr_picture = true;
            }
        }
        if has_changed {
            self.pack();
        }
        let is_in_frame = [self.sequence_timestamp, self.picture_timestamp]
            .iter()
            .all(|timestamp| *timestamp == Some(stored.timestamp));
        if !begins_idr_picture || has_own && is_in_frame {
            return None;
        }
        let (version, _) = self.payloads.back().filter(|_| self.is_complete())?;
        Some(Needed {
            version: *version,
            is_in_frame,
        })
    }

    /// The packet to send, unless too much has changed since.
    pub(crate) fn preface(&self, needed: Needed) -> Option<Preface<'_>> {
        let (_, payload) = self
            .payloads
            .iter()
            .find(|(version, _)| *version == needed.version)?;
        Some(Preface {
            payload,
            is_in_frame: needed.is_in_frame,
        })
    }

    fn is_complete(&self) -> bool {
        let has = |kind| self.kept.iter().any(|kept| kept.kind == kind);
        has(ParameterSetKind::Sequence) && has(ParameterSetKind::Picture)
    }

    /// What is kept belongs to one payload type; with another one it begins with what the offer says of that.
    fn follow(&mut self, payload_type: u8) -> bool {
        if self.payload_type == Some(payload_type) {
            return false;
        }
        self.payload_type = Some(payload_type);
        self.kept.clear();
        let signalled = std::mem::take(&mut self.signalled);
        for one in signalled
            .iter()
            .filter(|one| one.payload_type == payload_type)
        {
            if let Some(unit) = h264::units(&one.unit).next()
                && let Some(kind) = unit.parameter_set()
            {
                self.insert(kind, unit, None);
            }
        }
        self.signalled = signalled;
        true
    }

    fn note(&mut self, kind: ParameterSetKind, timestamp: u32) {
        match kind {
            ParameterSetKind::Sequence => {
                self.sequence_timestamp = Some(timestamp);
                self.picture_timestamp = None;
            }
            ParameterSetKind::Picture => self.picture_timestamp = Some(timestamp),
        }
    }

    /// True if something is different now.
    fn keep(&mut self, kind: ParameterSetKind, unit: Unit<'_>, sequence: i64) -> bool {
        let (Some(id), Some(bytes)) = (unit.parameter_set_id(), unit.whole) else {
            // In pieces or out of range: whatever it says, what was known of its kind is no longer so.
            let before = self.kept.len();
            self.kept.retain(|kept| kept.kind != kind);
            return self.kept.len() != before;
        };
        let former = self
            .kept
            .iter_mut()
            .find(|kept| kept.kind == kind && kept.id == id);
        if let Some(former) = former {
            if former.sequence >= Some(sequence) {
                // Came late, after what replaced it.
                return false;
            }
            if *former.unit == *bytes {
                former.sequence = Some(sequence);
                return false;
            }
        }
        self.insert(kind, unit, Some(sequence));
        true
    }

    /// In the place of the one with its id. The oldest make room, of its kind if there are any.
    fn insert(&mut self, kind: ParameterSetKind, unit: Unit<'_>, sequence: Option<i64>) {
        let (Some(id), Some(bytes)) = (unit.parameter_set_id(), unit.whole) else {
            return;
        };
        self.kept.retain(|kept| (kept.kind, kept.id) != (kind, id));
        if 1 + SIZE_BYTES + bytes.len() > MAX_BYTES {
            return;
        }
        while self.packed_bytes() + SIZE_BYTES + bytes.len() > MAX_BYTES {
            let rank = |index: &usize| (self.kept[*index].kind != kind, self.kept[*index].sequence);
            let oldest = (0..self.kept.len()).min_by_key(rank);
            self.kept.remove(oldest.unwrap_or(0));
        }
        let place = self
            .kept
            .partition_point(|kept| (kept.kind, kept.id) < (kind, id));
        self.kept.insert(
            place,
            Kept {
                kind,
                id,
                sequence,
                unit: bytes.into(),
            },
        );
    }

    fn packed_bytes(&self) -> usize {
        let units = self.kept.iter().map(|kept| SIZE_BYTES + kept.unit.len());
        1 + units.sum::<usize>()
    }

    fn pack(&mut self) {
        if !self.is_complete() {
            return;
        }
        self.version = self.version.checked_add(1).unwrap_or(NonZeroU32::MIN);
        let payload = h264::aggregate(self.kept.iter().map(|kept| &kept.unit[..]));
        if self.payloads.len() == REMEMBERED {
            self.payloads.pop_front();
        }
        self.payloads.push_back((self.version, payload.into()));
    }
}
