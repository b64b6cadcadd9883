//! One packet and one compound as libsrtp protects them: this pins what the RFC vectors leave out, the derivation of GCM
//! session keys from master keys. Master key and salt are 00 01 02 ….

use super::srtp_counts_roll_overs::pair;
use super::support::hex;
use salon_packets_core::srtp::Profile;

const RTP: &str = "80600001 00000002 00000003 00 7061796c6f6164";
const RTCP: &str = "80c90001 00000007 81ce0002 00000007 00000009";

const CASES: [(Profile, &str, &str); 3] = [
    (
        Profile::Aes128CmSha1_80,
        "806000010000000200000003669d98a4f5ac907d80483d893fac147bd98e",
        "80c9000100000007bf69f15ae31adf006ff4d2af80000001706efb0eded4ab6188de",
    ),
    (
        Profile::AeadAes128Gcm,
        "806000010000000200000003526110c1542fa3a21abad26ed047910794871105bea8efe1",
        "80c9000100000007547332231f91ae3f114a604bf6f228b225de6c295fb77039ca82972680000001",
    ),
    (
        Profile::AeadAes256Gcm,
        "8060000100000002000000030bad7c7d7c81b536f7b4cf1652ba5d90bc9fc0f7e2835b67",
        "80c900010000000791b0094cac4e7e72d004ba8564b782aba3d6daccfa712248efc785b080000001",
    ),
];

#[test]
fn its_packets_open() {
    for (profile, rtp, rtcp) in CASES {
        let (_, mut receiver) = pair(profile);
        let (mut rtp, mut rtcp) = (hex(rtp), hex(rtcp));
        let len = receiver.unprotect_rtp(&mut rtp).unwrap();
        assert_eq!(rtp[..len], hex(RTP));
        let len = receiver.unprotect_rtcp(&mut rtcp).unwrap();
        assert_eq!(rtcp[..len], hex(RTCP));
    }
}

#[test]
fn our_packets_are_the_same() {
    for (profile, rtp, rtcp) in CASES {
        let (mut sender, _) = pair(profile);
        let protect_rtcp = |sender: &mut salon_packets_core::srtp::SrtpSender| {
            let mut buffer = hex(RTCP);
            buffer.resize(40, 0);
            let len = sender.protect_rtcp(&mut buffer, 20).unwrap();
            buffer.truncate(len);
            buffer
        };
        let mut buffer = hex(RTP);
        let len = buffer.len();
        buffer.resize(40, 0);
        let len = sender.protect_rtp(&mut buffer, len).unwrap();
        assert_eq!(buffer[..len], hex(rtp));
        // libsrtp counts SRTCP indices from 1, we from 0.
        protect_rtcp(&mut sender);
        assert_eq!(protect_rtcp(&mut sender), hex(rtcp));
    }
}
