//! RTP header extensions: reading and writing one-byte and two-byte blocks (RFC 8285), the URIs we understand, and their values.
#![forbid(unsafe_code)]

use super::{Cursor, WireError, be16};

/// The one-byte form.
pub const ONE_BYTE_PROFILE: u16 = 0xBEDE;
/// The two-byte form with `appbits` 0; readers accept 0x1000..=0x100F.
pub const TWO_BYTE_PROFILE: u16 = 0x1000;

/// One element of an extension block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// 1..=14, or 1..=255 in the two-byte form.
    pub id: u8,
    /// 0..=255 bytes.
    pub data: &'a [u8],
}

/// Walks an extension block; stops at id 15 (one-byte form) and before an element that overruns the block.
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    rest: &'a [u8],
    two_byte: bool,
}

impl<'a> Extensions<'a> {
    /// `profile` is the 16-bit "defined by profile" field, `data` what follows the length.
    #[inline]
    pub fn new(profile: u16, data: &'a [u8]) -> Self {
        match profile {
            ONE_BYTE_PROFILE => Self {
                rest: data,
                two_byte: false,
            },
            0x1000..=0x100f => Self {
                rest: data,
                two_byte: true,
            },
            _ => Self::empty(),
        }
    }

    /// No elements.
    pub const fn empty() -> Self {
        Self {
            rest: &[],
            two_byte: false,
        }
    }

    /// The first element with this id.
    pub fn find(&self, id: u8) -> Option<&'a [u8]> {
        let mut elements = self.clone();
        Iterator::find(&mut elements, |element| element.id == id).map(|element| element.data)
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    #[inline]
    fn next(&mut self) -> Option<Extension<'a>> {
        let rest = core::mem::take(&mut self.rest);
        let at = rest.iter().position(|&byte| byte != 0)?;
        let rest = &rest[at..];
        let (id, data_at, len) = if self.two_byte {
            (rest[0], 2, usize::from(*rest.get(1)?))
        } else {
            (rest[0] >> 4, 1, usize::from(rest[0] & 0x0f) + 1)
        };
        // RFC 8285 section 4.2: 15 ends the block; a padding byte with a length is no padding byte.
        if !self.two_byte && matches!(id, 0 | 15) {
            return None;
        }
        let data = rest.get(data_at..data_at + len)?;
        self.rest = &rest[data_at + len..];
        Some(Extension { id, data })
    }
}

fn needs_two_byte(elements: &[(u8, &[u8])]) -> bool {
    elements
        .iter()
        .any(|(id, data)| *id > 14 || !fits_one_byte(data))
}

/// Whether the one-byte form can say a value of this length.
#[inline]
pub fn fits_one_byte(data: &[u8]) -> bool {
    matches!(data.len(), 1..=16)
}

/// Bytes that [`write`] will use for these elements, head and padding included; 0 for none.
pub fn written_bytes(elements: &[(u8, &[u8])]) -> usize {
    if elements.is_empty() {
        return 0;
    }
    let head = if needs_two_byte(elements) { 2 } else { 1 };
    let data: usize = elements.iter().map(|(_, data)| head + data.len()).sum();
    4 + data.next_multiple_of(4)
}

/// Writes a whole extension block (profile, length, elements, padding to 32 bits) and gives its length; 0 for no elements.
///
/// One-byte form unless an id above 14 or a length of 0 or above 16 needs the other. Id 0, or data above 255
/// bytes, is `OutOfRange`. Positions of the data: see [`Extensions`] over the result.
pub fn write(out: &mut [u8], elements: &[(u8, &[u8])]) -> Result<usize, WireError> {
    if elements.is_empty() {
        return Ok(0);
    }
    if elements
        .iter()
        .any(|(id, data)| *id == 0 || data.len() > 255)
    {
        return Err(WireError::OutOfRange);
    }
    let total = written_bytes(elements);
    let two_byte = needs_two_byte(elements);
    let words = u16::try_from(total / 4 - 1).map_err(|_| WireError::OutOfRange)?;
    let profile = if two_byte {
        TWO_BYTE_PROFILE
    } else {
        ONE_BYTE_PROFILE
    };
    let mut block = Cursor::new(out.get_mut(..total).ok_or(WireError::NoRoom)?);
    block.put(&profile.to_be_bytes())?;
    block.put(&words.to_be_bytes())?;
    for &(id, data) in elements {
        let len = data.len() as u8;
        if two_byte {
            block.put(&[id, len])?;
        } else {
            block.put(&[id << 4 | (len - 1)])?;
        }
        block.put(data)?;
    }
    while block.len() < total {
        block.put(&[0])?;
    }
    Ok(total)
}

/// The extensions we act on or pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExtensionKind {
    /// RFC 8843: which m-section.
    Mid,
    /// RFC 8852: which simulcast layer.
    Rid,
    /// RFC 8852: which layer an RTX packet repairs.
    RepairedRid,
    /// 24-bit 6.18 seconds.
    AbsSendTime,
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01.
    TransportWideCc,
    /// RFC 6464.
    AudioLevel,
    /// 3GPP TS 26.114.
    VideoOrientation,
    /// libwebrtc playout delay limits.
    PlayoutDelay,
    /// Capture time of the original sender.
    AbsCaptureTime,
    /// RFC 5450 transmission offset.
    TransmissionOffset,
    /// AV1 RTP dependency descriptor, passed through unread.
    DependencyDescriptor,
    /// libwebrtc: what the samples mean, their range above all.
    ColorSpace,
    /// libwebrtc: camera or screen.
    VideoContentType,
    /// libwebrtc: how long the steps of sending a frame took.
    VideoTiming,
    /// libwebrtc: a number of the frame, for tests of quality.
    VideoFrameTrackingId,
    /// libwebrtc: samples of the encoder's picture to compare the decoded one with.
    CorruptionDetection,
    /// libwebrtc: level of the comfort noise.
    InbandComfortNoise,
}

impl ExtensionKind {
    /// Every kind, in declaration order: `ALL[kind as usize] == kind`.
    pub const ALL: [Self; 17] = [
        Self::Mid,
        Self::Rid,
        Self::RepairedRid,
        Self::AbsSendTime,
        Self::TransportWideCc,
        Self::AudioLevel,
        Self::VideoOrientation,
        Self::PlayoutDelay,
        Self::AbsCaptureTime,
        Self::TransmissionOffset,
        Self::DependencyDescriptor,
        Self::ColorSpace,
        Self::VideoContentType,
        Self::VideoTiming,
        Self::VideoFrameTrackingId,
        Self::CorruptionDetection,
        Self::InbandComfortNoise,
    ];

    /// The kind an `a=extmap` URI names.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.uri() == uri)
    }

    /// The URI as it stands in the SDP.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Self::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            Self::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
            Self::AbsSendTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            Self::TransportWideCc => {
                "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
            }
            Self::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Self::VideoOrientation => "urn:3gpp:video-orientation",
            Self::PlayoutDelay => "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
            Self::AbsCaptureTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
            Self::TransmissionOffset => "urn:ietf:params:rtp-hdrext:toffset",
            Self::DependencyDescriptor => {
                "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
            }
            Self::ColorSpace => "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
            Self::VideoContentType => {
                "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type"
            }
            Self::VideoTiming => "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
            Self::VideoFrameTrackingId => {
                "http://www.webrtc.org/experiments/rtp-hdrext/video-frame-tracking-id"
            }
            Self::CorruptionDetection => {
                "http://www.webrtc.org/experiments/rtp-hdrext/corruption-detection"
            }
            Self::InbandComfortNoise => "http://www.webrtc.org/experiments/rtp-hdrext/inband-cn",
        }
    }

    /// The longest value it has in any of its forms. More is somebody's mistake.
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Mid | Self::Rid | Self::RepairedRid | Self::DependencyDescriptor => 255,
            Self::VideoOrientation | Self::VideoContentType | Self::InbandComfortNoise => 1,
            Self::AudioLevel | Self::VideoFrameTrackingId => 2,
            Self::AbsSendTime | Self::PlayoutDelay | Self::TransmissionOffset => 3,
            Self::TransportWideCc => 4,
            Self::VideoTiming => 13,
            Self::AbsCaptureTime | Self::CorruptionDetection => 16,
            // With the metadata of high dynamic range.
            Self::ColorSpace => 28,
        }
    }
}

/// Which id means what on one connection or m-section; lookup both ways in constant time.
#[derive(Clone, Debug)]
pub struct ExtensionIds {
    ids: [u8; ExtensionKind::ALL.len()],
    kinds: [Option<ExtensionKind>; 256],
}

impl ExtensionIds {
    /// Nothing negotiated.
    pub const fn new() -> Self {
        Self {
            ids: [0; ExtensionKind::ALL.len()],
            kinds: [None; 256],
        }
    }

    /// Negotiates `id` for `kind`; a previous holder of either is forgotten. Id 0 is `OutOfRange`.
    pub fn set(&mut self, kind: ExtensionKind, id: u8) -> Result<(), WireError> {
        if id == 0 {
            return Err(WireError::OutOfRange);
        }
        if let Some(previous) = self.kinds[usize::from(id)].take() {
            self.ids[previous as usize] = 0;
        }
        self.kinds[usize::from(self.ids[kind as usize])] = None;
        self.ids[kind as usize] = id;
        self.kinds[usize::from(id)] = Some(kind);
        Ok(())
    }

    /// The id of a kind.
    #[inline]
    pub fn id(&self, kind: ExtensionKind) -> Option<u8> {
        match self.ids[kind as usize] {
            0 => None,
            id => Some(id),
        }
    }

    /// The kind of an id.
    #[inline]
    pub fn kind(&self, id: u8) -> Option<ExtensionKind> {
        self.kinds[usize::from(id)]
    }
}

impl Default for ExtensionIds {
    fn default() -> Self {
        Self::new()
    }
}

/// Abs-send-time of a moment in microseconds of any steady clock: 24 bits, 6.18 seconds, wraps every 64 s.
#[inline]
pub fn abs_send_time(now_us: u64) -> [u8; 3] {
    let fraction = (now_us % 64_000_000) * (1 << 18) / 1_000_000;
    let [.., a, b, c] = fraction.to_be_bytes();
    [a, b, c]
}

/// RFC 6464: what one audio packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// The sender's voice activity bit.
    pub voice: bool,
    /// 0 is the loudest, 127 silence, in -dBov.
    pub level_dbov: u8,
}

/// Reads RFC 6464 data (one byte; libwebrtc's two-byte form repeats a zero).
#[inline]
pub fn audio_level(data: &[u8]) -> Option<AudioLevel> {
    let &first = data.first()?;
    Some(AudioLevel {
        voice: first & 0x80 != 0,
        level_dbov: first & 0x7f,
    })
}

/// Reads a transport-wide sequence number (2 bytes; version 2 of the extension has 4, the first 2 mean the same).
#[inline]
pub fn transport_sequence(data: &[u8]) -> Option<u16> {
    matches!(data.len(), 2 | 4).then(|| be16(data, 0))?
}
