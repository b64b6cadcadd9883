//! Session keys and the ciphers they run: AES-CM with HMAC-SHA1, and AES-GCM (RFC 3711 section 4, RFC 7714).
#![forbid(unsafe_code)]

use super::{Profile, SrtpError};
use crate::wire::rtp::Header;
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::{constant_time, hmac};

const CM_TAG_BYTES: usize = 10;
const CM_SALT_BYTES: usize = 14;
pub(super) const GCM_TAG_BYTES: usize = 16;
const GCM_SALT_BYTES: usize = 12;
/// RTCP header and sender SSRC stay in clear.
pub(super) const RTCP_CLEAR_BYTES: usize = 8;
const RTCP_INDEX_BYTES: usize = 4;
pub(super) const E_BIT: u32 = 1 << 31;

// Key derivation labels (RFC 3711 section 4.3.2); SRTCP's are these plus 3.
const LABEL_ENCRYPTION: u8 = 0;
const LABEL_AUTHENTICATION: u8 = 1;
const LABEL_SALT: u8 = 2;
const LABEL_RTCP: u8 = 3;

/// One session key of one direction, for RTP or for RTCP.
enum Cipher {
    /// Boxed: it is three times the size of the other, and the one that few sessions use.
    CounterMode(Box<CounterMode>),
    Gcm {
        key: LessSafeKey,
        salt: [u8; GCM_SALT_BYTES],
    },
}

struct CounterMode {
    key: EncryptingKey,
    authentication: hmac::Key,
    salt: [u8; CM_SALT_BYTES],
}

fn counter_mode_key(key: &[u8]) -> Result<EncryptingKey, SrtpError> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    let key = UnboundCipherKey::new(algorithm, key).and_then(EncryptingKey::ctr);
    key.map_err(|_| SrtpError::KeyLength)
}

/// Encrypts or decrypts.
fn counter_mode(key: &EncryptingKey, iv: u128, data: &mut [u8]) -> Result<(), SrtpError> {
    let context = EncryptionContext::Iv128(iv.to_be_bytes().into());
    key.less_safe_encrypt(data, context)
        .map(|_| ())
        .map_err(|_| SrtpError::Malformed)
}

/// One session key or salt from the master key (RFC 3711 section 4.3.1, key derivation rate 0).
fn derive(master: &EncryptingKey, salt: u128, label: u8, out: &mut [u8]) -> Result<(), SrtpError> {
    out.fill(0);
    counter_mode(master, (salt ^ u128::from(label) << 48) << 16, out)
}

/// A number in network order, the shorter ones as if zeros followed up to 14 bytes: how a 96-bit salt enters the
/// 112-bit derivation (RFC 7714 section 11).
fn salt_number(salt: &[u8]) -> u128 {
    let mut padded = [0; 16];
    padded[2..2 + salt.len()].copy_from_slice(salt);
    u128::from_be_bytes(padded)
}

impl Cipher {
    fn derived(
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
    fn new(
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
fn counter_mode_iv(salt: &[u8; CM_SALT_BYTES], ssrc: u32, index: u64) -> u128 {
    (salt_number(salt) ^ u128::from(ssrc) << 48 ^ u128::from(index)) << 16
}

/// RFC 7714 sections 8.1 and 9.1; an SRTCP index is a 48-bit index with zeros in front.
fn gcm_nonce(salt: &[u8; GCM_SALT_BYTES], ssrc: u32, index: u64) -> Nonce {
    let mut nonce = [0; GCM_SALT_BYTES];
    nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
    nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
    for (byte, salt) in nonce.iter_mut().zip(salt) {
        *byte ^= salt;
    }
    Nonce::assume_unique_for_key(nonce)
}

/// The keys of one direction.
pub(super) struct Keys {
    pub(super) profile: Profile,
    rtp: Cipher,
    rtcp: Cipher,
}

impl Keys {
    pub(super) fn new(profile: Profile, key_and_salt: &[u8]) -> Result<Self, SrtpError> {
        if key_and_salt.len() != profile.key_bytes() + profile.salt_bytes() {
            return Err(SrtpError::KeyLength);
        }
        let (key, salt) = key_and_salt.split_at(profile.key_bytes());
        let (master, salt) = (counter_mode_key(key)?, salt_number(salt));
        Ok(Self {
            profile,
            rtp: Cipher::derived(profile, &master, salt, 0)?,
            rtcp: Cipher::derived(profile, &master, salt, LABEL_RTCP)?,
        })
    }

    /// Protects `packet`, whose last bytes are the room for the tag.
    pub(super) fn protect_rtp(
        &self,
        header: &Header,
        packet: &mut [u8],
        roc: u32,
    ) -> Result<(), SrtpError> {
        let end = packet.len() - self.profile.rtp_overhead_bytes();
        let index = u64::from(roc) << 16 | u64::from(header.sequence_number);
        match &self.rtp {
            Cipher::CounterMode(mode) => {
                let CounterMode {
                    key,
                    authentication,
                    salt,
                } = &**mode;
                let iv = counter_mode_iv(salt, header.ssrc, index);
                counter_mode(key, iv, &mut packet[header.header_bytes..end])?;
                // The roll-over counter is authenticated but not sent: it lies where the tag will be.
                packet[end..end + 4].copy_from_slice(&roc.to_be_bytes());
                let tag = hmac::sign(authentication, &packet[..end + 4]);
                packet[end..].copy_from_slice(&tag.as_ref()[..CM_TAG_BYTES]);
            }
            Cipher::Gcm { key, salt } => {
                let (clear, rest) = packet.split_at_mut(header.header_bytes);
                let (payload, tag) = rest.split_at_mut(end - header.header_bytes);
                seal(
                    key,
                    gcm_nonce(salt, header.ssrc, index),
                    clear,
                    payload,
                    tag,
                )?;
            }
        }
        Ok(())
    }

    pub(super) fn unprotect_rtp(
        &self,
        header: &Header,
        packet: &mut [u8],
        index: u64,
    ) -> Result<(), SrtpError> {
        let end = packet.len() - self.profile.rtp_overhead_bytes();
        match &self.rtp {
            Cipher::CounterMode(mode) => {
                let CounterMode {
                    key,
                    authentication,
                    salt,
                } = &**mode;
                let mut sent = [0; CM_TAG_BYTES];
                sent.copy_from_slice(&packet[end..]);
                let roc = (index >> 16) as u32;
                packet[end..end + 4].copy_from_slice(&roc.to_be_bytes());
                verify(authentication, &packet[..end + 4], &sent)?;
                let iv = counter_mode_iv(salt, header.ssrc, index);
                counter_mode(key, iv, &mut packet[header.header_bytes..end])
            }
            Cipher::Gcm { key, salt } => {
                let (clear, sealed) = packet.split_at_mut(header.header_bytes);
                open(key, gcm_nonce(salt, header.ssrc, index), clear, sealed)
            }
        }
    }

    /// Protects the compound `packet`, whose last bytes are the room for tag and index.
    pub(super) fn protect_rtcp(
        &self,
        ssrc: u32,
        packet: &mut [u8],
        index: u32,
    ) -> Result<(), SrtpError> {
        let end = packet.len() - self.profile.rtcp_overhead_bytes();
        let index_word = (E_BIT | index).to_be_bytes();
        match &self.rtcp {
            Cipher::CounterMode(mode) => {
                let CounterMode {
                    key,
                    authentication,
                    salt,
                } = &**mode;
                let iv = counter_mode_iv(salt, ssrc, u64::from(index));
                counter_mode(key, iv, &mut packet[RTCP_CLEAR_BYTES..end])?;
                packet[end..end + RTCP_INDEX_BYTES].copy_from_slice(&index_word);
                let (signed, tag) = packet.split_at_mut(end + RTCP_INDEX_BYTES);
                tag.copy_from_slice(&hmac::sign(authentication, signed).as_ref()[..CM_TAG_BYTES]);
            }
            Cipher::Gcm { key, salt } => {
                let (clear, rest) = packet.split_at_mut(RTCP_CLEAR_BYTES);
                let (payload, rest) = rest.split_at_mut(end - RTCP_CLEAR_BYTES);
                let (tag, trailer) = rest.split_at_mut(GCM_TAG_BYTES);
                let associated = rtcp_associated_data(clear, index_word);
                seal(
                    key,
                    gcm_nonce(salt, ssrc, u64::from(index)),
                    &associated,
                    payload,
                    tag,
                )?;
                trailer.copy_from_slice(&index_word);
            }
        }
        Ok(())
    }

    pub(super) fn unprotect_rtcp(
        &self,
        ssrc: u32,
        packet: &mut [u8],
        index: u32,
    ) -> Result<(), SrtpError> {
        let end = packet.len() - self.profile.rtcp_overhead_bytes();
        match &self.rtcp {
            Cipher::CounterMode(mode) => {
                let CounterMode {
                    key,
                    authentication,
                    salt,
                } = &**mode;
                let (signed, tag) = packet.split_at_mut(end + RTCP_INDEX_BYTES);
                verify(authentication, signed, tag)?;
                let iv = counter_mode_iv(salt, ssrc, u64::from(index));
                counter_mode(key, iv, &mut packet[RTCP_CLEAR_BYTES..end])
            }
            Cipher::Gcm { key, salt } => {
                let (clear, rest) = packet.split_at_mut(RTCP_CLEAR_BYTES);
                let (sealed, _) = rest.split_at_mut(end + GCM_TAG_BYTES - RTCP_CLEAR_BYTES);
                let associated = rtcp_associated_data(clear, (E_BIT | index).to_be_bytes());
                open(
                    key,
                    gcm_nonce(salt, ssrc, u64::from(index)),
                    &associated,
                    sealed,
                )
            }
        }
    }
}

/// RFC 7714 section 9.2.
fn rtcp_associated_data(
    clear: &[u8],
    index_word: [u8; RTCP_INDEX_BYTES],
) -> [u8; RTCP_CLEAR_BYTES + RTCP_INDEX_BYTES] {
    let mut associated = [0; RTCP_CLEAR_BYTES + RTCP_INDEX_BYTES];
    associated[..RTCP_CLEAR_BYTES].copy_from_slice(clear);
    associated[RTCP_CLEAR_BYTES..].copy_from_slice(&index_word);
    associated
}

fn seal(
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

fn open(key: &LessSafeKey, nonce: Nonce, clear: &[u8], sealed: &mut [u8]) -> Result<(), SrtpError> {
    let opened = key.open_in_place(nonce, Aad::from(clear), sealed);
    opened
        .map(|_| ())
        .map_err(|_| SrtpError::AuthenticationFailed)
}

fn verify(key: &hmac::Key, signed: &[u8], sent: &[u8]) -> Result<(), SrtpError> {
    let tag = hmac::sign(key, signed);
    let same = constant_time::verify_slices_are_equal(&tag.as_ref()[..CM_TAG_BYTES], sent);
    same.map_err(|_| SrtpError::AuthenticationFailed)
}

#[cfg(test)]
mod tests {
    //! The RFCs' vectors give session keys, which no caller can set: hence in here.

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
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

    const RTP: &str = "8040f17b 8041f8d3 5501a0b2
        47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
    const RTCP: &str = "81c8000d 4d617273
        4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    const RTCP_INDEX: u32 = 0x5d4;

    /// Session keys of RFC 7714 sections 16 and 17: key 00 01 02 …, salt "Quid pro quo".
    fn rfc7714_keys(profile: Profile) -> Keys {
        let key: Vec<u8> = (0..profile.key_bytes() as u8).collect();
        let cipher = || Cipher::new(profile, &key, &[], b"Quid pro quo").unwrap();
        Keys {
            profile,
            rtp: cipher(),
            rtcp: cipher(),
        }
    }

    #[test]
    fn gcm_packets_are_those_of_rfc7714_section_16() {
        let cases = [
            (
                Profile::AeadAes128Gcm,
                "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
                 899d7f27beb16a9152cf765ee4390cce",
            ),
            (
                Profile::AeadAes256Gcm,
                "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
                 7aa3db36dfffd6b0f9bb7878d7a76c13",
            ),
        ];
        for (profile, expected) in cases {
            let (keys, plain) = (rfc7714_keys(profile), hex(RTP));
            let header = Header::parse(&plain).unwrap();
            let mut packet = [&plain[..], &[0; GCM_TAG_BYTES]].concat();
            keys.protect_rtp(&header, &mut packet, 0).unwrap();
            assert_eq!(packet, hex(expected));
            keys.unprotect_rtp(&header, &mut packet, 0xf17b).unwrap();
            assert_eq!(packet[..plain.len()], plain);
        }
    }

    #[test]
    fn gcm_compounds_are_those_of_rfc7714_section_17() {
        let cases = [
            (
                Profile::AeadAes128Gcm,
                "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9
                 275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
            ),
            (
                Profile::AeadAes256Gcm,
                "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b
                 6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
            ),
        ];
        for (profile, expected) in cases {
            let (keys, plain) = (rfc7714_keys(profile), hex(RTCP));
            let mut packet = plain.clone();
            packet.resize(plain.len() + profile.rtcp_overhead_bytes(), 0);
            keys.protect_rtcp(0x4d61_7273, &mut packet, RTCP_INDEX)
                .unwrap();
            assert_eq!(packet, hex(expected));
            keys.unprotect_rtcp(0x4d61_7273, &mut packet, RTCP_INDEX)
                .unwrap();
            assert_eq!(packet[..plain.len()], plain);
        }
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
