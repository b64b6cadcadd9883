//! The keys of one direction, and what they do to whole packets (RFC 3711 section 4, RFC 7714).
#![forbid(unsafe_code)]

use super::cipher::{
    CM_TAG_BYTES, Cipher, CounterMode, GCM_TAG_BYTES, LABEL_RTCP, counter_mode, counter_mode_iv,
    counter_mode_key, gcm_nonce, open, salt_number, seal, verify,
};
use super::{Profile, SrtpError};
use crate::wire::rtp::Header;
use aws_lc_rs::hmac;

/// RTCP header and sender SSRC stay in clear.
pub(super) const RTCP_CLEAR_BYTES: usize = 8;
const RTCP_INDEX_BYTES: usize = 4;
pub(super) const E_BIT: u32 = 1 << 31;

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

#[cfg(test)]
mod tests {
    //! The RFC's vectors give session keys, which no caller can set: hence in here.

    use super::super::cipher::tests::hex;
    use super::*;

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
}
