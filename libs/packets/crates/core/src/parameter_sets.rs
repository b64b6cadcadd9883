//! The H.264 parameter sets of one source, for the key frames that come without them: kept from the stream, or from the
//! offer (RFC 6184 section 8.1, `sprop-parameter-sets`).

use std::collections::VecDeque;
use std::num::NonZeroU32;

use crate::config::SignalledParameterSet;
use crate::wire::h264::{self, ParameterSetKind, Unit};

/// Of all that are kept, in one packet: it fits any path with headers and SRTP. An encoder's take some dozens of bytes.
const MAX_BYTES: usize = 1100;
/// Kept at most, and read of one packet: as many as of an offer. An encoder has two, rarely more.
const MAX_UNITS: usize = 16;
/// So that a packet that was lost can be sent again as it was.
const REMEMBERED: usize = 4;
const HEADER_BYTES: usize = 1;
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

impl Kept {
    fn packed_bytes(&self) -> usize {
        SIZE_BYTES + self.unit.len()
    }
}

#[derive(Debug)]
pub(crate) struct ParameterSets {
    signalled: Vec<SignalledParameterSet>,
    /// What the kept ones belong to.
    payload_type: Option<u8>,
    /// Sequence parameter sets first.
    kept: Vec<Kept>,
    /// What `kept` takes in one packet.
    packed_bytes: usize,
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
            packed_bytes: HEADER_BYTES,
            payloads: VecDeque::new(),
            version: NonZeroU32::MIN,
            sequence_timestamp: None,
            picture_timestamp: None,
        }
    }

    /// Takes note of an H.264 packet. Gives what the key frame needs that begins in it, unless the packet itself has it
    /// or nobody knows it.
    #[inline]
    pub(crate) fn on_packet(
        &mut self,
        sequence: i64,
        timestamp: u32,
        payload_type: u8,
        payload: &[u8],
    ) -> Option<Needed> {
        let mut begins_idr_picture = false;
        let mut has_changed = false;
        let mut has_own = false;
        let sets = h264::units(payload).filter(|unit| unit.parameter_set().is_some());
        // The last word counts: if there are too many, the first ones are not read.
        let mut unread = sets.count().saturating_sub(MAX_UNITS);
        for unit in h264::units(payload) {
            if let Some(kind) = unit.parameter_set() {
                has_changed |= self.follow(payload_type);
                if unread > 0 {
                    unread -= 1;
                    has_changed |= self.forget(kind);
                } else {
                    has_changed |= self.keep(kind, unit, sequence);
                }
                self.note(kind, timestamp);
                has_own |= kind == ParameterSetKind::Sequence;
            } else if unit.begins_idr_picture() {
                has_changed |= self.follow(payload_type);
                begins_idr_picture = true;
            }
        }
        if has_changed {
            self.pack();
        }
        let is_in_frame = [self.sequence_timestamp, self.picture_timestamp]
            .iter()
            .all(|noted| *noted == Some(timestamp));
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
        let is_of = |kept: Option<&Kept>, kind| kept.is_some_and(|kept| kept.kind == kind);
        is_of(self.kept.first(), ParameterSetKind::Sequence)
            && is_of(self.kept.last(), ParameterSetKind::Picture)
    }

    /// What is kept belongs to one payload type; with another one it begins with what the offer says of that.
    fn follow(&mut self, payload_type: u8) -> bool {
        if self.payload_type == Some(payload_type) {
            return false;
        }
        self.payload_type = Some(payload_type);
        self.kept.clear();
        self.packed_bytes = HEADER_BYTES;
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
            // In pieces or out of range.
            return self.forget(kind);
        };
        if let Ok(place) = self.place_of(kind, id) {
            let former = &mut self.kept[place];
            if former.sequence > Some(sequence) {
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

    /// Of this kind came something that is not read: whatever it says, what was known is no longer so. True if anything was.
    fn forget(&mut self, kind: ParameterSetKind) -> bool {
        let pictures = self
            .kept
            .partition_point(|kept| kept.kind == ParameterSetKind::Sequence);
        let of_kind = match kind {
            ParameterSetKind::Sequence => 0..pictures,
            ParameterSetKind::Picture => pictures..self.kept.len(),
        };
        let is_any = !of_kind.is_empty();
        for kept in self.kept.drain(of_kind) {
            self.packed_bytes -= kept.packed_bytes();
        }
        is_any
    }

    fn remove(&mut self, index: usize) {
        self.packed_bytes -= self.kept.remove(index).packed_bytes();
    }

    /// In the place of the one with its id. The oldest make room, of its kind if there are any.
    fn insert(&mut self, kind: ParameterSetKind, unit: Unit<'_>, sequence: Option<i64>) {
        let (Some(id), Some(bytes)) = (unit.parameter_set_id(), unit.whole) else {
            return;
        };
        if let Ok(former) = self.place_of(kind, id) {
            self.remove(former);
        }
        let kept = Kept {
            kind,
            id,
            sequence,
            unit: bytes.into(),
        };
        if HEADER_BYTES + kept.packed_bytes() > MAX_BYTES {
            return;
        }
        while self.kept.len() == MAX_UNITS || self.packed_bytes + kept.packed_bytes() > MAX_BYTES {
            let rank = |index: &usize| (self.kept[*index].kind != kind, self.kept[*index].sequence);
            let oldest = (0..self.kept.len()).min_by_key(rank);
            self.remove(oldest.unwrap_or(0));
        }
        let (Ok(place) | Err(place)) = self.place_of(kind, id);
        self.packed_bytes += kept.packed_bytes();
        self.kept.insert(place, kept);
    }

    /// Where one is, or would be.
    fn place_of(&self, kind: ParameterSetKind, id: u32) -> Result<usize, usize> {
        self.kept
            .binary_search_by_key(&(kind, id), |kept| (kept.kind, kept.id))
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

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[0x67, 0x42, 0xe0, 0x1f, 0x8d, 1];
    const IDR: &[u8] = &[0x65, 0x80];

    /// With the id in its first bits.
    fn picture_set(id: u32, bytes: usize, content: u8) -> Vec<u8> {
        let coded = id + 1;
        let mut unit = vec![0x68];
        unit.extend((coded << (2 * coded.leading_zeros() - 31)).to_be_bytes());
        unit.resize(bytes, content);
        unit
    }

    struct Stream {
        sets: ParameterSets,
        sequence: i64,
    }

    impl Stream {
        fn new() -> Self {
            Self {
                sets: ParameterSets::new(Vec::new()),
                sequence: 0,
            }
        }

        fn packet(&mut self, payload: &[u8]) -> Option<Needed> {
            self.sequence += 1;
            let needed = self.sets.on_packet(self.sequence, 0, 102, payload);
            let kept = self.sets.kept.iter();
            assert_eq!(
                self.sets.packed_bytes,
                HEADER_BYTES + kept.map(Kept::packed_bytes).sum::<usize>()
            );
            assert!(self.sets.kept.len() <= MAX_UNITS && self.sets.packed_bytes <= MAX_BYTES);
            needed
        }

        fn aggregate(&mut self, units: &[Vec<u8>]) -> Option<Needed> {
            self.packet(&h264::aggregate(units.iter().map(|unit| &unit[..])))
        }

        fn ids(&self) -> Vec<u32> {
            self.sets.kept.iter().map(|kept| kept.id).collect()
        }
    }

    #[test]
    fn of_a_packet_full_of_them_sixteen_are_read() {
        for (count, ids) in [(17, 200), (280, 256)] {
            let mut stream = Stream::new();
            let units: Vec<_> = (0..count)
                .map(|place| picture_set(place % ids, 4, 1))
                .collect();
            stream.aggregate(&units);
            let mut last: Vec<_> = (count - 16..count).map(|place| place % ids).collect();
            last.sort_unstable();
            assert_eq!(stream.ids(), last);
        }
        // Of two bytes each; eight ids among the last ones.
        let mut stream = Stream::new();
        stream.aggregate(
            &(0..350)
                .map(|place| {
                    picture_set(
                        if place < 334 {
                            place % 7
                        } else {
                            7 + place % 8
                        },
                        2,
                        0,
                    )
                })
                .collect::<Vec<_>>(),
        );
        assert_eq!(stream.ids(), (7..15).collect::<Vec<_>>());
    }

    #[test]
    fn packets_full_of_them_one_after_the_other_leave_sixteen_and_the_key_frame_has_those() {
        let mut stream = Stream::new();
        stream.packet(SPS);
        for round in 0..50 {
            let units: Vec<_> = (0..16)
                .map(|place| picture_set((round * 16 + place) % 256, 6, round as u8))
                .collect();
            stream.aggregate(&units);
        }
        assert_eq!(stream.sets.kept.len(), MAX_UNITS);
        let needed = stream.packet(IDR).unwrap();
        let payload = stream.sets.preface(needed).unwrap().payload;
        let units: Vec<_> = h264::units(payload).collect();
        assert_eq!(units[0].whole, Some(SPS), "the oldest of the other kind");
        assert_eq!(units.len(), MAX_UNITS);
    }

    #[test]
    fn what_was_not_read_is_not_taken_for_what_was_known() {
        let mut stream = Stream::new();
        stream.packet(SPS);
        stream.aggregate(&[picture_set(0, 4, 1), picture_set(1, 4, 1)]);
        let mut units = vec![picture_set(0, 4, 2)];
        units.extend((2..18).map(|id| picture_set(id, 4, 2)));
        stream.aggregate(&units);
        assert!(
            !stream
                .sets
                .kept
                .iter()
                .any(|kept| { kept.kind == ParameterSetKind::Picture && kept.id < 2 })
        );
        assert!(stream.packet(IDR).is_some(), "the first kind is known yet");
        let mut units = vec![SPS.to_vec()];
        units.extend((0..16).map(|id| picture_set(id, 4, 3)));
        stream.aggregate(&units);
        assert!(stream.packet(IDR).is_none());
    }

    #[test]
    fn the_last_word_of_a_packet_counts() {
        let mut stream = Stream::new();
        stream.packet(SPS);
        let [first, second] = [picture_set(3, 5, 1), picture_set(3, 5, 2)];
        stream.aggregate(&[first, second.clone()]);
        assert_eq!(*stream.sets.kept[1].unit, *second);
    }
}
