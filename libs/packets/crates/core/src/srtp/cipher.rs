//! Session keys, their derivation, and the ciphers they run: AES-CM with HMAC-SHA1, and AES-GCM (RFC 3711 section 4,
//! RFC 7714).
#![forbid(unsafe_code)]

use super::{Profile, SrtpError};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::{constant_time, hmac};

pub(super) const CM_TAG_BYTES: usize = 10;
const CM_SALT_BYTES: usize = 14;
pub(super) const GCM_TAG_BYTES: usize = 16;
const GCM_SALT_BYTES: usize = 12;

// Key derivation labels (RFC 3711 section 4.3.2); SRTCP's are these plus 3.
const LABEL_ENCRYPTION: u8 = 0;
const LABEL_AUTHENTICATION: u8 = 1;
const LABEL_SALT: u8 = 2;
pub(super) const LABEL_RTCP: u8 = 3;

/// One session key of one direction, for RTP or for RTCP.
pub(super) enum Cipher {
    /// Boxed: it is three times the size of the other, and the one that few sessions use.
    CounterMode(Box<CounterMode>),
    Gcm {
        key: LessSafeKey,
        salt: [u8; GCM_SALT_BYTES],
    },
}

pub(super) struct CounterMode {
    pub(super) key: EncryptingKey,
    pub(super) authentication: hmac::Key,
    pub(super) salt: [u8; CM_SALT_BYTES],
}

pub(super) fn counter_mode_key(key: &[u8]) -> Result<EncryptingKey, SrtpError> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    let key = UnboundCipherKey::new(algorithm, key).and_then(EncryptingKey::ctr);
    key.map_err(|_| SrtpError::KeyLength)
}

/// Encrypts or decrypts.
pub(super) fn counter_mode(
    key: &EncryptingKey,
    iv: u128,
    data: &mut [u8],
) -> Result<(), SrtpError> {
    let context = EncryptionContext::Iv128(iv.to_be_bytes().into());
    key.less_safe_encrypt(data, context)
        .map(|_| ())
        .map_err(|_| SrtpError::Malformed)
}

/// One session key or salt from the master key (RFC 3711 section 4.3.1, key derivation rate 0).
pub(super) fn derive(
    master: &EncryptingKey,
    salt: u128,
    label: u8,
    out: &mut [u8],
) -> Result<(), SrtpError> {
    out.fill(0);
    counter_mode(master, (salt ^ u128::from(label) << 48) << 16, out)
}

/// A number in network order, the shorter ones as if zeros followed up to 14 bytes: how a 96-bit salt enters the
/// 112-bit derivation (RFC 7714 section 11).
pub(super) fn salt_number(salt: &[u8]) -> u128 {
    let mut padded = [0; 16];
    padded[2..2 + salt.len()].copy_from_slice(salt);
    u128::from_be_bytes(padded)
}

impl Cipher {
    pub(super) fn derived(
        profile: Profile,
        master: &EncryptingKey,
        salt: u128,
        first_label: u8,
    ) -> Result<Self, SrtpError> {
        let mut key = [0; 32];
        let key = &mut key[..profile.key_bytes()];
        let mut session_salt = [0; CM_SALT_BYTES];
        let session_salt = &mut session_salt[..profile.salt_bytes()];
        let mut authentication = [0; 20];
        derive(master, salt, first_label + LABEL_ENCRYPTION, key)?;
        derive(
            master,
            salt,
            first_label + LABEL_AUTHENTICATION,
            &mut authentication,
        )?;
        derive(master, salt, first_label + LABEL_SALT, session_salt)?;
        Self::new(profile, key, &authentication, session_salt)
    }

    /// `authentication` is unused with an AEAD.
    pub(super) fn new(
        profile: Profile,
        key: &[u8],
        authentication: &[u8],
        salt: &[u8],
    ) -> Result<Self, SrtpError> {
        let algorithm = match profile {
            Profile::Aes128CmSha1_80 => {
                return Ok(Self::CounterMode(Box::new(CounterMode {
                    key: counter_mode_key(key)?,
                    authentication: hmac::Key::new(
                        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                        authentication,
                    ),
                    salt: salt.try_into().map_err(|_| SrtpError::KeyLength)?,
                })));
            }
            Profile::AeadAes128Gcm => &AES_128_GCM,
            Profile::AeadAes256Gcm => &AES_256_GCM,
        };
        Ok(Self::Gcm {
            key: LessSafeKey::new(
                UnboundKey::new(algorithm, key).map_err(|_| SrtpError::KeyLength)?,
            ),
            salt: salt.try_into().map_err(|_| SrtpError::KeyLength)?,
        })
    }
}

/// RFC 3711 section 4.1.1.
pub(super) fn counter_mode_iv(salt: &[u8; CM_SALT_BYTES], ssrc: u32, index: u64) -> u128 {
    (salt_number(salt) ^ u128::from(ssrc) << 48 ^ u128::from(index)) << 16
}

/// RFC 7714 sections 8.1 and 9.1; an SRTCP index is a 48-bit index with zeros in front.
pub(super) fn gcm_nonce(salt: &[u8; GCM_SALT_BYTES], ssrc: u32, index: u64) -> Nonce {
    let mut nonce = [0; GCM_SALT_BYTES];
    nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
    nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
    for (byte, salt) in nonce.iter_mut().zip(salt) {
        *byte ^= salt;
    }
    Nonce::assume_unique_for_key(nonce)
}

pub(super) fn seal(
    key: &LessSafeKey,
    nonce: Nonce,
    clear: &[u8],
    payload: &mut [u8],
    tag: &mut [u8],
) -> Result<(), SrtpError> {
    let sealed = key
        .seal_in_place_separate_tag(nonce, Aad::from(clear), payload)
        .map_err(|_| SrtpError::Malformed)?;
    tag.copy_from_slice(sealed.as_ref());
    Ok(())
}

pub(super) fn open(
    key: &LessSafeKey,
    nonce: Nonce,
    clear: &[u8],
    sealed: &mut [u8],
) -> Result<(), SrtpError> {
    let opened = key.open_in_place(nonce, Aad::from(clear), sealed);
    opened
        .map(|_| ())
        .map_err(|_| SrtpError::AuthenticationFailed)
}

pub(super) fn verify(key: &hmac::Key, signed: &[u8], sent: &[u8]) -> Result<(), SrtpError> {
    let tag = hmac::sign(key, signed);
    let same = constant_time::verify_slices_are_equal(&tag.as_ref()[..CM_TAG_BYTES], sent);
    same.map_err(|_| SrtpError::AuthenticationFailed)
}

#[cfg(test)]
pub(super) mod tests {
    //! The RFCs' vectors give session keys, which no caller can set: hence in here.

    use super::*;

    pub(in crate::srtp) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text
            .chars()
            .filter_map(|digit| digit.to_digit(16))
            .map(|digit| digit as u8)
            .collect();
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }

    #[test]
    fn counter_mode_is_that_of_rfc3711_appendix_b2() {
        let key = counter_mode_key(&hex("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
        let salt: [u8; CM_SALT_BYTES] = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd").try_into().unwrap();
        let mut stream = vec![0; 0xff02 * 16];
        counter_mode(&key, counter_mode_iv(&salt, 0, 0), &mut stream).unwrap();
        assert_eq!(
            stream[..32],
            hex("e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab")
        );
        let last = hex(
            "ec8cdf7398607cb0f2d21675ea9ea1e4 362b7c3c6773516318a077d7fc5073ae 6a2cc3787889374fbeb4c81b17ba6c44",
        );
        assert_eq!(stream[0xfeff * 16..0xff02 * 16], last);
    }

    #[test]
    fn session_keys_are_those_of_rfc3711_appendix_b3() {
        let master = counter_mode_key(&hex("e1f97a0d3e018be0d64fa32c06de4139")).unwrap();
        let salt = salt_number(&hex("0ec675ad498afeebb6960b3aabe6"));
        let derived = |label, len| {
            let mut out = vec![0; len];
            derive(&master, salt, label, &mut out).unwrap();
            out
        };
        assert_eq!(
            derived(LABEL_ENCRYPTION, 16),
            hex("c61e7a93744f39ee10734afe3ff7a087")
        );
        assert_eq!(derived(LABEL_SALT, 14), hex("30cbbc08863d8c85d49db34a9ae1"));
        let authentication = "cebe321f6ff7716b6fd4ab49af256a156d38baa4
             8f0a0acf3c34e2359e6cdbcee049646c43d9327ad175578ef72270986371c10c9a369ac2f94a8c5fbcdddc256d6e919a48b610ef
             17c2041e474035766b68642c59bbfc2f34db60dbdfb2dc68";
        assert_eq!(derived(LABEL_AUTHENTICATION, 94), hex(authentication)[..94]);
    }
}
