//! Unprotecting anything, and unprotecting what a sender made of anything: the path after authentication.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salon_packets_core::srtp::{MAX_OVERHEAD_BYTES, Profile, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::rtcp::Packets;
use salon_packets_core::wire::rtp::Header;

fuzz_target!(|data: &[u8]| {
    for profile in [
        Profile::Aes128CmSha1_80,
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
    ] {
        let key = vec![7; profile.key_bytes() + profile.salt_bytes()];
        let mut sender = SrtpSender::new(profile, &key).expect("the key has the right length");
        let mut receiver = SrtpReceiver::new(profile, &key).expect("the key has the right length");
        let _ = receiver.unprotect_rtp(&mut data.to_vec());
        let _ = receiver.unprotect_rtcp(&mut data.to_vec());

        let mut buffer = data.to_vec();
        buffer.resize(data.len() + MAX_OVERHEAD_BYTES, 0);
        if let Ok(len) = sender.protect_rtp(&mut buffer, data.len()) {
            let len = receiver
                .unprotect_rtp(&mut buffer[..len])
                .expect("our own packet");
            assert_eq!(&buffer[..len], data);
            let header = Header::parse(&buffer[..len]).expect("it was parsed before");
            let _ = (
                header.payload(&buffer[..len]),
                header.extensions(&buffer[..len]).count(),
            );
        }
        let mut buffer = data.to_vec();
        buffer.resize(data.len() + MAX_OVERHEAD_BYTES, 0);
        if let Ok(len) = sender.protect_rtcp(&mut buffer, data.len()) {
            let len = receiver
                .unprotect_rtcp(&mut buffer[..len])
                .expect("our own compound");
            assert_eq!(&buffer[..len], data);
            Packets::new(&buffer[..len]).count();
        }
    }
});
