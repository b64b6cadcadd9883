//! SRTP and SRTCP for one direction of one DTLS session (RFC 3711, RFC 7714): cached keys, no allocation per packet.
//!
//! A transport has one [`SrtpSender`] (its write key) and one [`SrtpReceiver`] (its read key), split from the
//! DTLS exporter (RFC 5764 section 4.2) by whoever owns the handshake.
#![forbid(unsafe_code)]

mod cipher;
mod keys;
mod replay;

use crate::wire::be32;
use crate::wire::rtp::Header;
use cipher::GCM_TAG_BYTES;
use core::fmt;
use keys::{E_BIT, Keys, RTCP_CLEAR_BYTES};
use replay::{PerSsrc, ReplayWindow, estimate_index};

/// RTP packet indices have 48 bits, SRTCP's 31 (RFC 3711 section 3.2.1).
const RTP_INDICES: u64 = 1 << 48;
const RTCP_INDICES: u32 = 1 << 31;

/// The protection profiles we take, numbered as in the DTLS `use_srtp` extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Profile {
    /// SRTP_AES128_CM_HMAC_SHA1_80.
    Aes128CmSha1_80 = 1,
    /// SRTP_AEAD_AES_128_GCM: the one to prefer.
    AeadAes128Gcm = 7,
    /// SRTP_AEAD_AES_256_GCM.
    AeadAes256Gcm = 8,
}

impl Profile {
    /// The profile the handshake selected; None for one we do not take.
    pub const fn from_id(id: u16) -> Option<Self> {
        match id {
            1 => Some(Self::Aes128CmSha1_80),
            7 => Some(Self::AeadAes128Gcm),
            8 => Some(Self::AeadAes256Gcm),
            _ => None,
        }
    }

    /// Length of the master key.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 | Self::AeadAes128Gcm => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Length of the master salt.
    pub const fn salt_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 => 14,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
        }
    }

    /// Length of the authentication tag: what protection adds to an RTP packet.
    pub const fn rtp_overhead_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 => 10,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }

    /// What protection adds to an RTCP compound: the tag and the four bytes of E bit and index.
    pub const fn rtcp_overhead_bytes(self) -> usize {
        self.rtp_overhead_bytes() + 4
    }
}

/// The most any profile adds to a packet.
pub const MAX_OVERHEAD_BYTES: usize = 20;
/// How many SSRCs one receiver keeps state for unless told otherwise.
pub const DEFAULT_MAX_SSRCS: usize = 64;

/// Why a packet was not protected or not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SrtpError {
    /// Key and salt have the wrong length for the profile.
    KeyLength,
    /// Too short, or not an RTP/RTCP header.
    Malformed,
    /// The buffer has no room for the tag.
    NoRoom,
    /// Wrong key, changed in transit, or forged.
    AuthenticationFailed,
    /// Seen already, or older than the replay window.
    Replayed,
    /// Authentic, but this context keeps state for as many SSRCs as it may.
    TooManySsrcs,
    /// SRTCP sent without encryption; our profiles all encrypt.
    NotEncrypted,
    /// The index space of this key is used up: a new handshake is needed.
    KeyExhausted,
}

impl SrtpError {
    /// A stable name for logs and counters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyLength => "key-length",
            Self::Malformed => "malformed",
            Self::NoRoom => "no-room",
            Self::AuthenticationFailed => "authentication-failed",
            Self::Replayed => "replayed",
            Self::TooManySsrcs => "too-many-ssrcs",
            Self::NotEncrypted => "not-encrypted",
            Self::KeyExhausted => "key-exhausted",
        }
    }
}

impl fmt::Display for SrtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for SrtpError {}

fn parse_header(buffer: &[u8], len: usize) -> Result<Header, SrtpError> {
    let packet = buffer.get(..len).ok_or(SrtpError::Malformed)?;
    Header::parse(packet).map_err(|_| SrtpError::Malformed)
}

/// The sender's SSRC of the first packet of a compound.
fn rtcp_ssrc(buffer: &[u8], len: usize) -> Result<u32, SrtpError> {
    let packet = buffer.get(..len).ok_or(SrtpError::Malformed)?;
    if packet.first().is_none_or(|first| first >> 6 != 2) {
        return Err(SrtpError::Malformed);
    }
    be32(packet, 4).ok_or(SrtpError::Malformed)
}

/// Protects what one transport sends.
pub struct SrtpSender {
    keys: Keys,
    /// Highest RTP index per SSRC, for those whose roll-over counter is tracked here.
    highest: PerSsrc<u64>,
    next_rtcp_index: u32,
}

impl SrtpSender {
    /// `key_and_salt` is the master key followed by the master salt.
    pub fn new(profile: Profile, key_and_salt: &[u8]) -> Result<Self, SrtpError> {
        Ok(Self {
            keys: Keys::new(profile, key_and_salt)?,
            highest: PerSsrc::new(DEFAULT_MAX_SSRCS),
            next_rtcp_index: 0,
        })
    }

    /// The profile it was made with.
    pub fn profile(&self) -> Profile {
        self.keys.profile
    }

    /// Protects `buffer[..len]` in place and gives the new length; the roll-over counter is tracked per SSRC (bounded).
    pub fn protect_rtp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let header = parse_header(buffer, len)?;
        let position = self.highest.position(header.ssrc);
        let highest = position.map(|at| self.highest.states[at]);
        let index = estimate_index(highest, header.sequence_number);
        let roc = u32::try_from(index >> 16).map_err(|_| SrtpError::KeyExhausted)?;
        match position {
            Some(at) => self.highest.states[at] = self.highest.states[at].max(index),
            None => self.highest.insert(header.ssrc, index)?,
        }
        self.protect_rtp_at(buffer, len, roc)
    }

    /// As `protect_rtp` with the roll-over counter given: bits 16..48 of the unwrapped sequence number. Keeps no state.
    ///
    /// The caller never protects two different packets under one (SSRC, roc, sequence number).
    pub fn protect_rtp_at(
        &self,
        buffer: &mut [u8],
        len: usize,
        roc: u32,
    ) -> Result<usize, SrtpError> {
        let header = parse_header(buffer, len)?;
        let end = len + self.keys.profile.rtp_overhead_bytes();
        let packet = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        self.keys.protect_rtp(&header, packet, roc)?;
        Ok(end)
    }

    /// Writes `header` (a whole RTP header) and the encrypted concatenation of `payload` into `out`; gives the length.
    ///
    /// `payload` comes in parts so that the shared payload buffer is read once: a rewritten VP8 descriptor or the RTX
    /// sequence number, the shared rest, padding. Same rule on `roc` as `protect_rtp_at`.
    pub fn protect_rtp_into(
        &self,
        header: &[u8],
        payload: &[&[u8]],
        roc: u32,
        out: &mut [u8],
    ) -> Result<usize, SrtpError> {
        let parsed = parse_header(header, header.len())?;
        if parsed.header_bytes != header.len() {
            return Err(SrtpError::Malformed);
        }
        let mut at = 0;
        for part in core::iter::once(&header).chain(payload) {
            let room = out.get_mut(at..at + part.len()).ok_or(SrtpError::NoRoom)?;
            room.copy_from_slice(part);
            at += part.len();
        }
        let end = at + self.keys.profile.rtp_overhead_bytes();
        let packet = out.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        self.keys.protect_rtp(&parsed, packet, roc)?;
        Ok(end)
    }

    /// Protects the compound `buffer[..len]` in place and gives the new length.
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(buffer, len)?;
        let end = len + self.keys.profile.rtcp_overhead_bytes();
        let packet = buffer.get_mut(..end).ok_or(SrtpError::NoRoom)?;
        if self.next_rtcp_index == RTCP_INDICES {
            return Err(SrtpError::KeyExhausted);
        }
        // One counter for all our SSRCs: each of them sees it grow.
        let index = self.next_rtcp_index;
        self.next_rtcp_index += 1;
        self.keys.protect_rtcp(ssrc, packet, index)?;
        Ok(end)
    }
}

/// Checks and decrypts what one transport receives.
///
/// State for an SSRC is made and changed only by packets that passed authentication, and never for more than the
/// given number of SSRCs. It is never dropped while the key lives: that would reopen it to replay (RFC 3711 section 3.3.2).
pub struct SrtpReceiver {
    keys: Keys,
    rtp: PerSsrc<ReplayWindow>,
    rtcp: PerSsrc<ReplayWindow>,
    rejected_ssrcs: u64,
}

impl SrtpReceiver {
    /// `key_and_salt` is the master key followed by the master salt.
    pub fn new(profile: Profile, key_and_salt: &[u8]) -> Result<Self, SrtpError> {
        Self::with_max_ssrcs(profile, key_and_salt, DEFAULT_MAX_SSRCS)
    }

    /// As `new`, with another bound on the number of SSRCs (for RTP and RTCP each).
    pub fn with_max_ssrcs(
        profile: Profile,
        key_and_salt: &[u8],
        max_ssrcs: usize,
    ) -> Result<Self, SrtpError> {
        Ok(Self {
            keys: Keys::new(profile, key_and_salt)?,
            rtp: PerSsrc::new(max_ssrcs),
            rtcp: PerSsrc::new(max_ssrcs),
            rejected_ssrcs: 0,
        })
    }

    /// The profile it was made with.
    pub fn profile(&self) -> Profile {
        self.keys.profile
    }

    /// Decrypts in place; the plain packet is the first `len` bytes. After an error the buffer's payload is undefined.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let header = parse_header(packet, packet.len())?;
        let end = packet
            .len()
            .checked_sub(self.keys.profile.rtp_overhead_bytes());
        let end = end
            .filter(|&end| end >= header.header_bytes)
            .ok_or(SrtpError::Malformed)?;
        let position = self.rtp.position(header.ssrc);
        let index = estimate_index(self.rtp.highest(position), header.sequence_number);
        if index >= RTP_INDICES {
            return Err(SrtpError::KeyExhausted);
        }
        if !self.rtp.is_new(position, index) {
            return Err(SrtpError::Replayed);
        }
        self.keys.unprotect_rtp(&header, packet, index)?;
        self.rtp
            .mark(position, header.ssrc, index)
            .inspect_err(|_| self.rejected_ssrcs += 1)?;
        Ok(end)
    }

    /// Decrypts a compound in place; the plain compound is the first `len` bytes.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(packet, packet.len())?;
        let profile = self.keys.profile;
        let end = packet.len().checked_sub(profile.rtcp_overhead_bytes());
        let end = end
            .filter(|&end| end >= RTCP_CLEAR_BYTES)
            .ok_or(SrtpError::Malformed)?;
        let index_at = match profile {
            Profile::Aes128CmSha1_80 => end,
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => end + GCM_TAG_BYTES,
        };
        let word = be32(packet, index_at).ok_or(SrtpError::Malformed)?;
        if word & E_BIT == 0 {
            return Err(SrtpError::NotEncrypted);
        }
        let index = word & !E_BIT;
        let position = self.rtcp.position(ssrc);
        if !self.rtcp.is_new(position, u64::from(index)) {
            return Err(SrtpError::Replayed);
        }
        self.keys.unprotect_rtcp(ssrc, packet, index)?;
        self.rtcp
            .mark(position, ssrc, u64::from(index))
            .inspect_err(|_| self.rejected_ssrcs += 1)?;
        Ok(end)
    }

    /// Packets refused so far because the SSRC bound was reached.
    pub fn rejected_ssrcs(&self) -> u64 {
        self.rejected_ssrcs
    }
}
