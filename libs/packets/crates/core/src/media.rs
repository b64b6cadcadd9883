//! One media packet on its way from a source to its viewers: parsed once, borrowed by all.

use crate::cache::CachedPacket;
use crate::config::CodecName;
use crate::parameter_sets::Preface;
use crate::wire::extensions::{ExtensionIds, ExtensionKind};
use crate::wire::vp8::Descriptor;
use crate::wire::{h264, vp8};

/// Extensions that are the publisher's word to the viewer; the others are ours to write or hop by hop.
pub(crate) const PASSED: [ExtensionKind; 11] = [
    ExtensionKind::AudioLevel,
    ExtensionKind::VideoOrientation,
    ExtensionKind::PlayoutDelay,
    ExtensionKind::AbsCaptureTime,
    ExtensionKind::DependencyDescriptor,
    ExtensionKind::ColorSpace,
    ExtensionKind::VideoContentType,
    ExtensionKind::VideoTiming,
    ExtensionKind::VideoFrameTrackingId,
    ExtensionKind::CorruptionDetection,
    ExtensionKind::InbandComfortNoise,
];

/// What one packet has of `PASSED`, each at most once: places there, and values. Most packets have none or one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PassedValues<'a> {
    values: [(u8, &'a [u8]); PASSED.len()],
    count: usize,
}

impl<'a> PassedValues<'a> {
    fn none() -> Self {
        Self {
            values: [(0, &[]); PASSED.len()],
            count: 0,
        }
    }

    /// Said twice, the later value counts. What is longer than it can be is left out.
    fn set(&mut self, kind: ExtensionKind, data: &'a [u8]) {
        let Some(place) = PASSED.iter().position(|passed| *passed == kind) else {
            return;
        };
        if data.len() > kind.max_bytes() {
            return;
        }
        let value = (place as u8, data);
        match self.values[..self.count]
            .iter_mut()
            .find(|known| known.0 == value.0)
        {
            Some(known) => *known = value,
            None => {
                self.values[self.count] = value;
                self.count += 1;
            }
        }
    }

    /// Places in `PASSED`, and values.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &'a [u8])> + '_ {
        self.values[..self.count]
            .iter()
            .map(|(place, data)| (usize::from(*place), *data))
    }
}

/// A view of a cached packet with everything a viewer's rewriting needs.
#[derive(Clone, Debug)]
pub(crate) struct MediaPacket<'a> {
    pub(crate) sequence: i64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) arrived_ns: u64,
    /// Counts the times the source's SSRC changed.
    pub(crate) epoch: u32,
    pub(crate) codec: CodecName,
    /// On the publisher's connection.
    pub(crate) payload_type: u8,
    pub(crate) payload: &'a [u8],
    /// VP8 only; `None` also for a malformed one, which is passed on unread.
    pub(crate) descriptor: Option<Descriptor>,
    pub(crate) begins_keyframe: bool,
    pub(crate) passed: PassedValues<'a>,
    preface: Option<Preface<'a>>,
}

impl<'a> MediaPacket<'a> {
    #[inline]
    pub(crate) fn read(
        packet: CachedPacket<'a>,
        codec: CodecName,
        epoch: u32,
        ids: &ExtensionIds,
        preface: Option<Preface<'a>>,
    ) -> Self {
        let payload = packet.payload();
        let descriptor = match codec {
            CodecName::Vp8 => Descriptor::parse(payload).ok(),
            _ => None,
        };
        let mut passed = PassedValues::none();
        for element in packet.extensions() {
            if let Some(kind) = ids.kind(element.id) {
                passed.set(kind, element.data);
            }
        }
        Self {
            sequence: packet.stored.sequence,
            timestamp: packet.stored.timestamp,
            marker: packet.stored.marker,
            arrived_ns: packet.stored.arrived_ns,
            epoch,
            codec,
            payload_type: packet.stored.payload_type,
            payload,
            descriptor,
            begins_keyframe: begins_keyframe(codec, payload),
            passed,
            preface,
        }
    }

    #[inline]
    pub(crate) fn has_preface(&self) -> bool {
        self.preface.is_some()
    }

    /// The parameter sets for the key frame that begins here, as a packet of its own before this one, for a viewer that
    /// has not got them with this frame: because they are not in it, or because the viewer `begins` here.
    pub(crate) fn preface(&self, begins: bool) -> Option<Self> {
        let preface = self
            .preface
            .filter(|preface| begins || !preface.is_in_frame)?;
        // Numbers its packets within the frame itself.
        let has_dependencies = self
            .passed
            .iter()
            .any(|(place, _)| PASSED[place] == ExtensionKind::DependencyDescriptor);
        (!has_dependencies).then_some(Self {
            marker: false,
            payload: preface.payload,
            passed: PassedValues::none(),
            preface: None,
            ..*self
        })
    }
}

/// Whether a viewer can begin with this payload.
pub(crate) fn begins_keyframe(codec: CodecName, payload: &[u8]) -> bool {
    match codec {
        CodecName::Opus => true,
        CodecName::Vp8 => vp8::is_keyframe(payload),
        CodecName::H264 => h264::is_keyframe(payload),
    }
}
