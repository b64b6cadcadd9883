//! What signalling decided about a media section, on the publisher's and on the viewer's side.

use crate::wire::extensions::{ExtensionIds, ExtensionKind};

/// What a section carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Forwarded at once.
    Audio,
    /// Forwarded from a key frame on.
    Video,
}

/// The codecs whose payloads the relay knows how to treat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecName {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 6184.
    H264,
}

impl CodecName {
    /// The SDP encoding name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "opus" => Some(Self::Opus),
            "VP8" => Some(Self::Vp8),
            "H264" => Some(Self::H264),
            _ => None,
        }
    }
}

/// One payload type of one media section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    /// What it is.
    pub name: CodecName,
    /// 0..=127.
    pub payload_type: u8,
    /// RTP clock.
    pub clock_rate_hz: u32,
    /// Payload type of its RFC 4588 retransmissions.
    pub rtx_payload_type: Option<u8>,
}

/// An H.264 parameter set that the offer has (`sprop-parameter-sets`, RFC 6184 section 8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalledParameterSet {
    /// Of the codec it is for.
    pub payload_type: u8,
    /// The NAL unit, with its header.
    pub unit: Vec<u8>,
}

/// How a publisher is asked for a key frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyframeFeedback {
    /// RFC 4585 section 6.3.1.
    Pli,
    /// RFC 5104 section 4.3.1.
    Fir,
    /// It offered neither: a PLI for viewers who wait, which it may ignore, and none for losses.
    NotOffered,
}

/// A publisher's section.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Audio or video.
    pub kind: MediaKind,
    /// Identification tag, as in the `mid` header extension.
    pub mid: String,
    /// Everything the publisher may send.
    pub codecs: Vec<Codec>,
    /// For key frames that come without.
    pub parameter_sets: Vec<SignalledParameterSet>,
    /// (primary, rtx) as signalled, the one to follow first; empty means: learn them (RFC 8843 section 9.2).
    pub ssrcs: Vec<(u32, Option<u32>)>,
    /// Ids on the publisher's connection.
    pub extensions: ExtensionIds,
    /// Generate NACKs; without them, a loss is a reason to ask for a key frame.
    pub nack: bool,
    /// How to ask for key frames.
    pub keyframe_feedback: KeyframeFeedback,
    /// Send transport-wide feedback.
    pub transport_cc: bool,
    /// Send REMB.
    pub remb: bool,
}

impl SourceConfig {
    /// Whether this section sends media with this payload type.
    pub(crate) fn codec(&self, payload_type: u8) -> Option<&Codec> {
        self.codecs
            .iter()
            .find(|codec| codec.payload_type == payload_type)
    }

    /// The payload type whose retransmissions have this one.
    pub(crate) fn repaired_payload_type(&self, rtx_payload_type: u8) -> Option<u8> {
        let codec = self
            .codecs
            .iter()
            .find(|codec| codec.rtx_payload_type == Some(rtx_payload_type))?;
        Some(codec.payload_type)
    }

    /// The clock of the first codec.
    pub(crate) fn clock_rate_hz(&self) -> u32 {
        self.codecs
            .first()
            .map_or(90_000, |codec| codec.clock_rate_hz)
    }
}

/// A viewer's section.
#[derive(Clone, Debug)]
pub struct SinkConfig {
    /// Audio or video.
    pub kind: MediaKind,
    /// Identification tag on the viewer's connection.
    pub mid: String,
    /// The codec answered, or the first of them.
    pub codec: Codec,
    /// By the source's payload type, what its packets leave as; others leave as the first one of their name.
    pub alternatives: Vec<(u8, Codec)>,
    /// Our SSRC.
    pub ssrc: u32,
    /// Our SSRC for retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// For SDES; equal for tracks to be played in sync.
    pub cname: String,
    /// Ids on the viewer's connection.
    pub extensions: ExtensionIds,
    /// It takes both forms of header extensions in one stream (RFC 8285, `a=extmap-allow-mixed`).
    pub mixed_extensions: bool,
    /// Answer NACKs.
    pub nack: bool,
    /// Number packets for transport-wide feedback.
    pub transport_cc: bool,
}

/// Turns negotiated (URI, id) pairs into a table; URIs we do not know are left out. `None` for an id outside 1..=255.
pub fn extension_ids<'a>(pairs: impl IntoIterator<Item = (&'a str, u16)>) -> Option<ExtensionIds> {
    let mut ids = ExtensionIds::new();
    for (uri, id) in pairs {
        let id = u8::try_from(id).ok().filter(|id| *id > 0)?;
        if let Some(kind) = ExtensionKind::from_uri(uri) {
            ids.set(kind, id).ok()?;
        }
    }
    Some(ids)
}
