//! STUN writers: answers of an ICE-lite agent, and the request for tests and load generators.
#![forbid(unsafe_code)]

use super::{
    BINDING_ERROR, BINDING_INDICATION, BINDING_REQUEST, BINDING_SUCCESS, ERROR_CODE, FINGERPRINT,
    HEAD_BYTES, ICE_CONTROLLED, ICE_CONTROLLING, IntegrityKey, MAGIC_COOKIE, MAX_UNKNOWN,
    MESSAGE_INTEGRITY, PRIORITY, Role, UNKNOWN_ATTRIBUTES, USE_CANDIDATE, USERNAME,
    XOR_MAPPED_ADDRESS, fingerprint_of,
};
use crate::wire::{Cursor, WireError};
use std::net::{IpAddr, SocketAddr};

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// 400: USERNAME or MESSAGE-INTEGRITY missing.
    BadRequest,
    /// 401: unknown user or wrong password.
    Unauthorized,
    /// 420 with the attribute types that were not understood.
    UnknownAttributes(&'a [u16]),
    /// 487: the peer claims our role (RFC 8445 section 7.3.1.1).
    RoleConflict,
}

/// Room that holds any answer this module writes.
pub const MAX_RESPONSE_BYTES: usize = 128;

struct Composer<'a>(Cursor<'a>);

impl<'a> Composer<'a> {
    fn new(out: &'a mut [u8], kind: u16, transaction_id: &[u8; 12]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(out);
        cursor.put(&kind.to_be_bytes())?;
        cursor.put(&[0; 2])?;
        cursor.put(&MAGIC_COOKIE.to_be_bytes())?;
        cursor.put(transaction_id)?;
        Ok(Self(cursor))
    }

    /// Opens an attribute whose value of `len` bytes the caller puts next.
    fn head(&mut self, kind: u16, len: usize) -> Result<(), WireError> {
        let len = u16::try_from(len).map_err(|_| WireError::OutOfRange)?;
        self.0.put(&kind.to_be_bytes())?;
        self.0.put(&len.to_be_bytes())
    }

    fn pad(&mut self) -> Result<(), WireError> {
        while !self.0.len().is_multiple_of(4) {
            self.0.put(&[0])?;
        }
        Ok(())
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) -> Result<(), WireError> {
        self.head(kind, value.len())?;
        self.0.put(value)?;
        self.pad()
    }

    /// Appends MESSAGE-INTEGRITY and FINGERPRINT and closes the message.
    fn finish(mut self, key: Option<&IntegrityKey>) -> Result<usize, WireError> {
        if let Some(key) = key {
            let tag = key.sign(self.0.written());
            self.attribute(MESSAGE_INTEGRITY, tag.as_ref())?;
        }
        let len =
            u16::try_from(self.0.len() + 8 - HEAD_BYTES).map_err(|_| WireError::OutOfRange)?;
        self.0.written()[2..4].copy_from_slice(&len.to_be_bytes());
        let fingerprint = fingerprint_of(self.0.written());
        self.attribute(FINGERPRINT, &fingerprint.to_be_bytes())?;
        Ok(self.0.len())
    }
}

/// Writes a binding indication, which keeps an address alive (RFC 8445 section 11); gives its length. For tests.
pub fn write_indication(out: &mut [u8], transaction_id: &[u8; 12]) -> Result<usize, WireError> {
    Composer::new(out, BINDING_INDICATION, transaction_id)?.finish(None)
}

/// Writes a binding success with XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT; gives its length.
pub fn write_success(
    out: &mut [u8],
    transaction_id: &[u8; 12],
    mapped: SocketAddr,
    key: &IntegrityKey,
) -> Result<usize, WireError> {
    let mut message = Composer::new(out, BINDING_SUCCESS, transaction_id)?;
    let port = (mapped.port() ^ (MAGIC_COOKIE >> 16) as u16).to_be_bytes();
    match mapped.ip().to_canonical() {
        IpAddr::V4(address) => {
            let address = u32::from(address) ^ MAGIC_COOKIE;
            message.head(XOR_MAPPED_ADDRESS, 8)?;
            message.0.put(&[0, 1, port[0], port[1]])?;
            message.0.put(&address.to_be_bytes())?;
        }
        IpAddr::V6(address) => {
            let mut mask = [0; 16];
            mask[..4].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
            mask[4..].copy_from_slice(transaction_id);
            let address = u128::from(address) ^ u128::from_be_bytes(mask);
            message.head(XOR_MAPPED_ADDRESS, 20)?;
            message.0.put(&[0, 2, port[0], port[1]])?;
            message.0.put(&address.to_be_bytes())?;
        }
    }
    message.finish(Some(key))
}

/// Writes a binding error with FINGERPRINT; gives its length. 400 and 401 take no key (RFC 8489 section 9.1.3), 420 and 487 do.
pub fn write_error(
    out: &mut [u8],
    transaction_id: &[u8; 12],
    refusal: Refusal<'_>,
    key: Option<&IntegrityKey>,
) -> Result<usize, WireError> {
    let (code, reason): (u16, &[u8]) = match refusal {
        Refusal::BadRequest => (400, b"Bad Request"),
        Refusal::Unauthorized => (401, b"Unauthorized"),
        Refusal::UnknownAttributes(_) => (420, b"Unknown Attribute"),
        Refusal::RoleConflict => (487, b"Role Conflict"),
    };
    let mut message = Composer::new(out, BINDING_ERROR, transaction_id)?;
    message.head(ERROR_CODE, 4 + reason.len())?;
    message
        .0
        .put(&[0, 0, (code / 100) as u8, (code % 100) as u8])?;
    message.0.put(reason)?;
    message.pad()?;
    if let Refusal::UnknownAttributes(types) = refusal {
        let types = &types[..types.len().min(MAX_UNKNOWN)];
        message.head(UNKNOWN_ATTRIBUTES, types.len() * 2)?;
        for kind in types {
            message.0.put(&kind.to_be_bytes())?;
        }
        message.pad()?;
    }
    message.finish(key)
}

/// Writes a binding request (load generators and tests); gives its length.
pub fn write_request(
    out: &mut [u8],
    request: &Request<'_>,
    key: &IntegrityKey,
) -> Result<usize, WireError> {
    let mut message = Composer::new(out, BINDING_REQUEST, request.transaction_id)?;
    message.attribute(USERNAME, request.username)?;
    message.attribute(PRIORITY, &request.priority.to_be_bytes())?;
    match request.role {
        Role::Controlling(tie_breaker) => {
            message.attribute(ICE_CONTROLLING, &tie_breaker.to_be_bytes())?
        }
        Role::Controlled(tie_breaker) => {
            message.attribute(ICE_CONTROLLED, &tie_breaker.to_be_bytes())?
        }
    }
    if request.use_candidate {
        message.attribute(USE_CANDIDATE, &[])?;
    }
    message.finish(Some(key))
}

/// What a connectivity check says.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Random per transaction.
    pub transaction_id: &'a [u8; 12],
    /// `<their ufrag>:<our ufrag>`.
    pub username: &'a [u8],
    /// Priority of a peer-reflexive candidate.
    pub priority: u32,
    /// Role and tie-breaker.
    pub role: Role,
    /// Nominate this pair.
    pub use_candidate: bool,
}
