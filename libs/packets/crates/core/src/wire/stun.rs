//! STUN binding requests for an ICE-lite agent: read, verify, answer (RFC 8489, RFC 8445, short-term credentials).
#![forbid(unsafe_code)]

mod write;

pub use write::{
    MAX_RESPONSE_BYTES, Refusal, Request, write_error, write_indication, write_request,
    write_success,
};

use super::{WireError, be16, be32, be64};
use aws_lc_rs::{constant_time, hmac};

const MAGIC_COOKIE: u32 = 0x2112_a442;
const HEAD_BYTES: usize = 20;
const INTEGRITY_BYTES: usize = 20;

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_INDICATION: u16 = 0x0011;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;

const MAPPED_ADDRESS: u16 = 0x0001;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const MESSAGE_INTEGRITY_SHA256: u16 = 0x001c;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802a;
const NOMINATION: u16 = 0xc001;
/// Types from here on are comprehension-optional.
const OPTIONAL_FROM: u16 = 0x8000;

const FINGERPRINT_XOR: u32 = 0x5354_554e;

const CRC32: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut value = i as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 != 0 {
                0xedb8_8320 ^ value >> 1
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[i] = value;
        i += 1;
    }
    table
};

/// The value of a FINGERPRINT after `message` (ITU V.42 CRC-32, section 14.7).
fn fingerprint_of(message: &[u8]) -> u32 {
    let crc = message.iter().fold(!0u32, |crc, &byte| {
        CRC32[usize::from(crc as u8 ^ byte)] ^ crc >> 8
    });
    !crc ^ FINGERPRINT_XOR
}

/// The class and method of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A connectivity or consent check.
    BindingRequest,
    /// A keep-alive that wants no answer.
    BindingIndication,
    /// Answers to checks; an ICE-lite agent sends none and ignores these.
    BindingSuccess,
    /// See `BindingSuccess`.
    BindingError,
    /// Another method (TURN and the like).
    Other,
}

/// The role the peer claims, with its tie-breaker (RFC 8445 section 7.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// ICE-CONTROLLING.
    Controlling(u64),
    /// ICE-CONTROLLED.
    Controlled(u64),
}

/// What the FINGERPRINT attribute says (RFC 8489 section 14.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// Not there; that is allowed.
    Absent,
    /// There and right.
    Valid,
    /// There and wrong: drop the message.
    Invalid,
}

/// The short-term password as a prepared HMAC-SHA1 key: build once per transport.
#[derive(Clone)]
pub struct IntegrityKey(hmac::Key);

impl IntegrityKey {
    /// MESSAGE-INTEGRITY over the attributes before it, the length in the header counting it (section 14.5).
    fn sign(&self, message: &[u8]) -> hmac::Tag {
        let len = (message.len() + 4 + INTEGRITY_BYTES - HEAD_BYTES) as u16;
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&message[..2]);
        context.update(&len.to_be_bytes());
        context.update(&message[4..]);
        context.sign()
    }

    /// `password` is the ice-pwd as it stands in the SDP.
    pub fn new(password: &[u8]) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            password,
        ))
    }
}

/// How many unknown comprehension-required attributes are remembered for the 420 answer.
pub const MAX_UNKNOWN: usize = 8;

/// One STUN message, its attributes walked once.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    transaction_id: &'a [u8; 12],
    username: Option<&'a [u8]>,
    priority: Option<u32>,
    use_candidate: bool,
    nomination: Option<u32>,
    role: Option<Role>,
    unknown: [u16; MAX_UNKNOWN],
    unknown_len: usize,
    integrity_at: Option<usize>,
    fingerprint_at: Option<usize>,
}

impl<'a> Message<'a> {
    /// Reads a whole datagram. Attributes after the first MESSAGE-INTEGRITY are ignored, except FINGERPRINT
    /// (RFC 8489 section 14.5). Of duplicates the first counts.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let transaction_id = bytes
            .get(8..)
            .and_then(<[u8]>::first_chunk)
            .ok_or(WireError::Truncated)?;
        if be32(bytes, 4) != Some(MAGIC_COOKIE) || bytes[0] & 0xc0 != 0 {
            return Err(WireError::BadVersion);
        }
        let length = be16(bytes, 2)
            .map(usize::from)
            .ok_or(WireError::Truncated)?;
        if !length.is_multiple_of(4) || length + HEAD_BYTES != bytes.len() {
            return Err(WireError::BadLength);
        }
        let mut message = Self {
            bytes,
            transaction_id,
            username: None,
            priority: None,
            use_candidate: false,
            nomination: None,
            role: None,
            unknown: [0; MAX_UNKNOWN],
            unknown_len: 0,
            integrity_at: None,
            fingerprint_at: None,
        };
        let mut at = HEAD_BYTES;
        while at < bytes.len() {
            // FINGERPRINT is the last attribute.
            if message.fingerprint_at.is_some() {
                return Err(WireError::BadValue);
            }
            let kind = be16(bytes, at).ok_or(WireError::BadLength)?;
            let len = be16(bytes, at + 2)
                .map(usize::from)
                .ok_or(WireError::BadLength)?;
            let value = bytes
                .get(at + 4..at + 4 + len)
                .ok_or(WireError::BadLength)?;
            if message.integrity_at.is_none() || kind == FINGERPRINT {
                message.attribute(kind, value, at)?;
            }
            at += 4 + len.next_multiple_of(4);
        }
        Ok(message)
    }

    fn attribute(&mut self, kind: u16, value: &'a [u8], at: usize) -> Result<(), WireError> {
        let fits = |len: usize| {
            if value.len() == len {
                Ok(())
            } else {
                Err(WireError::BadLength)
            }
        };
        let word = || {
            be32(value, 0)
                .filter(|_| value.len() == 4)
                .ok_or(WireError::BadLength)
        };
        let tie_breaker = || {
            be64(value, 0)
                .filter(|_| value.len() == 8)
                .ok_or(WireError::BadLength)
        };
        match kind {
            USERNAME => self.username = self.username.or(Some(value)),
            PRIORITY => self.priority = self.priority.or(Some(word()?)),
            USE_CANDIDATE => self.use_candidate = true,
            NOMINATION => self.nomination = self.nomination.or(be32(value, 0)),
            ICE_CONTROLLING => self.role = self.role.or(Some(Role::Controlling(tie_breaker()?))),
            ICE_CONTROLLED => self.role = self.role.or(Some(Role::Controlled(tie_breaker()?))),
            MESSAGE_INTEGRITY => {
                fits(INTEGRITY_BYTES)?;
                self.integrity_at = Some(at);
            }
            FINGERPRINT => {
                fits(4)?;
                self.fingerprint_at = Some(at);
            }
            // Known, and of no use in a check with short-term credentials.
            MAPPED_ADDRESS
            | XOR_MAPPED_ADDRESS
            | ERROR_CODE
            | UNKNOWN_ATTRIBUTES
            | REALM
            | NONCE
            | MESSAGE_INTEGRITY_SHA256
            | OPTIONAL_FROM.. => {}
            unknown => {
                if let Some(slot) = self.unknown.get_mut(self.unknown_len) {
                    *slot = unknown;
                    self.unknown_len += 1;
                }
            }
        }
        Ok(())
    }

    /// What this message is.
    pub fn kind(&self) -> MessageKind {
        match be16(self.bytes, 0) {
            Some(BINDING_REQUEST) => MessageKind::BindingRequest,
            Some(BINDING_INDICATION) => MessageKind::BindingIndication,
            Some(BINDING_SUCCESS) => MessageKind::BindingSuccess,
            Some(BINDING_ERROR) => MessageKind::BindingError,
            _ => MessageKind::Other,
        }
    }

    /// To be echoed in the answer.
    pub fn transaction_id(&self) -> &'a [u8; 12] {
        self.transaction_id
    }

    /// USERNAME as sent: `<our ufrag>:<their ufrag>`.
    pub fn username(&self) -> Option<&'a [u8]> {
        self.username
    }

    /// Our ufrag: the USERNAME before the first colon. None without USERNAME or colon.
    pub fn local_ufrag(&self) -> Option<&'a [u8]> {
        let username = self.username?;
        let colon = username.iter().position(|&byte| byte == b':')?;
        Some(&username[..colon])
    }

    /// PRIORITY of the candidate the peer would learn.
    pub fn priority(&self) -> Option<u32> {
        self.priority
    }

    /// USE-CANDIDATE: the peer nominates this pair.
    pub fn use_candidate(&self) -> bool {
        self.use_candidate
    }

    /// libwebrtc's renomination counter (attribute 0xC001, draft-thatcher-ice-renomination): the highest wins.
    pub fn nomination(&self) -> Option<u32> {
        self.nomination
    }

    /// ICE-CONTROLLING or ICE-CONTROLLED.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// Comprehension-required attributes we do not know, for a 420 (at most `MAX_UNKNOWN`).
    pub fn unknown_required(&self) -> &[u16] {
        &self.unknown[..self.unknown_len]
    }

    /// Whether MESSAGE-INTEGRITY is there at all (400 if not, 401 if wrong; RFC 8489 section 9.1.3).
    pub fn has_integrity(&self) -> bool {
        self.integrity_at.is_some()
    }

    /// Whether the first MESSAGE-INTEGRITY is right under `key`; constant time in the tag.
    pub fn verify_integrity(&self, key: &IntegrityKey) -> bool {
        self.integrity_at.is_some_and(|at| {
            let tag = key.sign(&self.bytes[..at]);
            let sent = &self.bytes[at + 4..at + 4 + INTEGRITY_BYTES];
            constant_time::verify_slices_are_equal(tag.as_ref(), sent).is_ok()
        })
    }

    /// Checks FINGERPRINT.
    pub fn fingerprint(&self) -> Fingerprint {
        match self.fingerprint_at {
            None => Fingerprint::Absent,
            Some(at) if be32(self.bytes, at + 4) == Some(fingerprint_of(&self.bytes[..at])) => {
                Fingerprint::Valid
            }
            Some(_) => Fingerprint::Invalid,
        }
    }
}
