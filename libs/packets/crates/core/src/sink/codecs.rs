//! What packets leave as at a viewer, who was answered one codec or several.

use crate::config::Codec;
use crate::media::MediaPacket;

pub(super) struct Codecs {
    /// What packets leave as at the moment, ...
    current: Codec,
    /// ... namely those with this payload type.
    source_payload_type: Option<u8>,
    /// The first codec answered.
    first: Codec,
    /// By the source's payload type.
    alternatives: Vec<(u8, Codec)>,
}

impl Codecs {
    pub(super) fn new(first: Codec, alternatives: Vec<(u8, Codec)>) -> Self {
        Self {
            current: first,
            source_payload_type: None,
            first,
            alternatives,
        }
    }

    #[inline]
    pub(super) fn current(&self) -> &Codec {
        &self.current
    }

    /// Whether a packet leaves as the one before it.
    #[inline]
    pub(super) fn are_for(&self, packet: &MediaPacket<'_>) -> bool {
        self.source_payload_type == Some(packet.payload_type) && self.current.name == packet.codec
    }

    /// From now on packets like this one leave as `codec`.
    pub(super) fn change(&mut self, packet: &MediaPacket<'_>, codec: Codec) {
        self.current = codec;
        self.source_payload_type = Some(packet.payload_type);
    }

    /// What a packet leaves as; `None` if the viewer was answered nothing of the kind.
    #[inline]
    pub(super) fn choose(&self, packet: &MediaPacket<'_>) -> Option<Codec> {
        if self.are_for(packet) {
            return Some(self.current);
        }
        let of_name = |codec: &&Codec| codec.name == packet.codec;
        let exact = |(payload_type, _): &&(u8, Codec)| *payload_type == packet.payload_type;
        let all = || self.alternatives.iter();
        all()
            .filter(exact)
            .map(|(_, codec)| codec)
            .find(of_name)
            .or_else(|| Some(&self.first).filter(of_name))
            .or_else(|| all().map(|(_, codec)| codec).find(of_name))
            .copied()
    }
}
