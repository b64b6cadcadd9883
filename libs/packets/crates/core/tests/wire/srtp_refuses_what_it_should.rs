use super::srtp_counts_roll_overs::{PROFILES, packet, pair, sealed};
use salon_packets_core::srtp::{MAX_OVERHEAD_BYTES, Profile, SrtpError, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::rtcp::Writer;

fn compound(ssrc: u32) -> Vec<u8> {
    let mut out = [0; 64];
    let mut writer = Writer::new(&mut out);
    writer.receiver_report(ssrc, &[]).unwrap();
    writer.pli(ssrc, 2).unwrap();
    let len = writer.len();
    out[..len].to_vec()
}

fn sealed_compound(sender: &mut SrtpSender, ssrc: u32) -> Vec<u8> {
    let mut buffer = compound(ssrc);
    let len = buffer.len();
    buffer.resize(len + MAX_OVERHEAD_BYTES, 0);
    let sealed = sender.protect_rtcp(&mut buffer, len).unwrap();
    assert_eq!(sealed, len + sender.profile().rtcp_overhead_bytes());
    buffer.truncate(sealed);
    buffer
}

#[test]
fn a_packet_is_taken_once() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile);
        for sequence in [100, 90, 1_000, 101] {
            assert!(
                receiver
                    .unprotect_rtp(&mut sealed(&sender, 7, sequence))
                    .is_ok()
            );
        }
        for sequence in [100, 90, 1_000, 101] {
            assert_eq!(
                receiver.unprotect_rtp(&mut sealed(&sender, 7, sequence)),
                Err(SrtpError::Replayed)
            );
        }
    }
}

#[test]
fn the_window_reaches_a_thousand_packets_back() {
    let (sender, mut receiver) = pair(Profile::AeadAes128Gcm);
    for sequence in [40_000, 40_000 - 1_023] {
        assert!(
            receiver
                .unprotect_rtp(&mut sealed(&sender, 7, sequence))
                .is_ok()
        );
    }
    let too_old = receiver.unprotect_rtp(&mut sealed(&sender, 7, 40_000 - 1_024));
    assert_eq!(too_old, Err(SrtpError::Replayed));
    // What lay in the window before a long jump is forgotten, and refused as too old.
    assert!(
        receiver
            .unprotect_rtp(&mut sealed(&sender, 7, 45_000))
            .is_ok()
    );
    assert_eq!(
        receiver.unprotect_rtp(&mut sealed(&sender, 7, 40_000)),
        Err(SrtpError::Replayed)
    );
    assert!(
        receiver
            .unprotect_rtp(&mut sealed(&sender, 7, 44_500))
            .is_ok()
    );
}

#[test]
fn every_packet_of_a_shuffled_stream_is_taken_exactly_once() {
    let (sender, mut receiver) = pair(Profile::Aes128CmSha1_80);
    let mut random = super::support::Random::new(3);
    let mut stream: Vec<u64> = (65_000..67_000).collect();
    for block in stream.chunks_mut(400) {
        for at in 0..block.len() {
            block.swap(at, random.below(block.len()));
        }
    }
    let taken = stream.iter().filter(|&&sequence| {
        receiver
            .unprotect_rtp(&mut sealed(&sender, 7, sequence))
            .is_ok()
    });
    let taken = taken.count();
    let again = stream.iter().filter(|&&sequence| {
        receiver
            .unprotect_rtp(&mut sealed(&sender, 7, sequence))
            .is_ok()
    });
    assert_eq!(again.count(), 0);
    assert_eq!(taken, 2_000);
}

#[test]
fn any_changed_byte_is_refused() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let rtp = sealed(&sender, 7, 5);
        let rtcp = sealed_compound(&mut sender, 7);
        for at in 0..rtp.len() {
            let mut changed = rtp.clone();
            changed[at] ^= 0x40;
            assert!(
                receiver.unprotect_rtp(&mut changed).is_err(),
                "{profile:?} RTP byte {at}"
            );
        }
        for at in 0..rtcp.len() {
            let mut changed = rtcp.clone();
            changed[at] ^= 0x40;
            assert!(
                receiver.unprotect_rtcp(&mut changed).is_err(),
                "{profile:?} RTCP byte {at}"
            );
        }
        assert!(receiver.unprotect_rtp(&mut rtp.clone()).is_ok());
        assert!(receiver.unprotect_rtcp(&mut rtcp.clone()).is_ok());
    }
}

#[test]
fn another_key_is_refused() {
    for profile in PROFILES {
        let (sender, _) = pair(profile);
        let mut receiver = SrtpReceiver::new(
            profile,
            &vec![9; profile.key_bytes() + profile.salt_bytes()],
        )
        .unwrap();
        let result = receiver.unprotect_rtp(&mut sealed(&sender, 7, 5));
        assert_eq!(result, Err(SrtpError::AuthenticationFailed));
    }
}

#[test]
fn rtcp_round_trips_and_is_taken_once() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let packets: Vec<_> = (0..200)
            .map(|i| sealed_compound(&mut sender, 7 + i % 2))
            .collect();
        for (i, packet) in packets.iter().enumerate().rev() {
            let mut packet = packet.clone();
            let len = receiver.unprotect_rtcp(&mut packet).unwrap();
            assert_eq!(packet[..len], compound(7 + i as u32 % 2));
        }
        for packet in &packets {
            assert_eq!(
                receiver.unprotect_rtcp(&mut packet.clone()),
                Err(SrtpError::Replayed)
            );
        }
    }
}

#[test]
fn unencrypted_rtcp_is_refused() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let mut packet = sealed_compound(&mut sender, 7);
        let at = match profile {
            Profile::Aes128CmSha1_80 => packet.len() - 14,
            _ => packet.len() - 4,
        };
        packet[at] &= 0x7f;
        assert_eq!(
            receiver.unprotect_rtcp(&mut packet),
            Err(SrtpError::NotEncrypted)
        );
    }
}

#[test]
fn streams_are_bounded_and_forgeries_take_no_place() {
    for profile in PROFILES {
        let (sender, _) = pair(profile);
        let key: Vec<u8> = (0..profile.key_bytes() + profile.salt_bytes())
            .map(|i| i as u8)
            .collect();
        let mut receiver = SrtpReceiver::with_max_ssrcs(profile, &key, 4).unwrap();
        for ssrc in 0..1_000 {
            let mut forged = sealed(&sender, ssrc, 1);
            *forged.last_mut().unwrap() ^= 1;
            assert_eq!(
                receiver.unprotect_rtp(&mut forged),
                Err(SrtpError::AuthenticationFailed)
            );
        }
        for ssrc in 0..4 {
            assert!(
                receiver
                    .unprotect_rtp(&mut sealed(&sender, ssrc, 1))
                    .is_ok()
            );
        }
        assert_eq!(receiver.rejected_ssrcs(), 0);
        assert_eq!(
            receiver.unprotect_rtp(&mut sealed(&sender, 4, 1)),
            Err(SrtpError::TooManySsrcs)
        );
        assert_eq!(receiver.rejected_ssrcs(), 1);
        assert!(
            receiver.unprotect_rtp(&mut sealed(&sender, 3, 2)).is_ok(),
            "known streams go on"
        );
    }
}

#[test]
fn lengths_are_checked() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let full = sealed(&sender, 7, 5);
        for len in 0..full.len() {
            assert!(receiver.unprotect_rtp(&mut full[..len].to_vec()).is_err());
            assert!(receiver.unprotect_rtcp(&mut full[..len].to_vec()).is_err());
        }
        let mut plain = packet(7, 5);
        let len = plain.len();
        assert_eq!(
            sender.protect_rtp_at(&mut plain, len, 0),
            Err(SrtpError::NoRoom)
        );
        assert_eq!(
            sender.protect_rtp_at(&mut plain, len + 1, 0),
            Err(SrtpError::Malformed)
        );
        assert_eq!(
            sender.protect_rtp(&mut plain, 11),
            Err(SrtpError::Malformed)
        );
        let mut plain = compound(7);
        let len = plain.len();
        assert_eq!(sender.protect_rtcp(&mut plain, len), Err(SrtpError::NoRoom));
        assert_eq!(
            sender.protect_rtcp(&mut plain, 7),
            Err(SrtpError::Malformed)
        );
        let too_long = vec![0; profile.key_bytes() + profile.salt_bytes() + 1];
        assert_eq!(
            SrtpSender::new(profile, &too_long).err(),
            Some(SrtpError::KeyLength)
        );
        assert_eq!(
            SrtpReceiver::new(profile, &too_long[2..]).err(),
            Some(SrtpError::KeyLength)
        );
    }
}
