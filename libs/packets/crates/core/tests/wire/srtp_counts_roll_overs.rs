use salon_packets_core::srtp::{MAX_OVERHEAD_BYTES, Profile, SrtpError, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::rtp::{HeaderFields, write_header};

pub const PROFILES: [Profile; 3] = [
    Profile::Aes128CmSha1_80,
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
];

pub fn pair(profile: Profile) -> (SrtpSender, SrtpReceiver) {
    let key: Vec<u8> = (0..profile.key_bytes() + profile.salt_bytes())
        .map(|i| i as u8)
        .collect();
    (
        SrtpSender::new(profile, &key).unwrap(),
        SrtpReceiver::new(profile, &key).unwrap(),
    )
}

pub fn header(ssrc: u32, sequence_number: u16) -> Vec<u8> {
    let fields = HeaderFields {
        marker: false,
        has_padding: false,
        payload_type: 96,
        sequence_number,
        timestamp: 1,
        ssrc,
    };
    let mut out = [0; 64];
    let len = write_header(&mut out, &fields, &[(1, b"mid")]).unwrap();
    out[..len].to_vec()
}

pub fn packet(ssrc: u32, sequence_number: u16) -> Vec<u8> {
    [header(ssrc, sequence_number), b"payload".to_vec()].concat()
}

/// The protected packet with this unwrapped sequence number.
pub fn sealed(sender: &SrtpSender, ssrc: u32, sequence: u64) -> Vec<u8> {
    let mut buffer = packet(ssrc, sequence as u16);
    let len = buffer.len();
    buffer.resize(len + MAX_OVERHEAD_BYTES, 0);
    let len = sender
        .protect_rtp_at(&mut buffer, len, (sequence >> 16) as u32)
        .unwrap();
    buffer.truncate(len);
    buffer
}

fn opens(receiver: &mut SrtpReceiver, sender: &SrtpSender, sequence: u64) -> Result<(), SrtpError> {
    let mut buffer = sealed(sender, 7, sequence);
    let len = receiver.unprotect_rtp(&mut buffer)?;
    assert_eq!(buffer[..len], packet(7, sequence as u16));
    Ok(())
}

#[test]
fn a_stream_goes_on_through_many_roll_overs() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile);
        for sequence in (20_000..400_000u64).step_by(97) {
            assert_eq!(
                opens(&mut receiver, &sender, sequence),
                Ok(()),
                "{profile:?} {sequence}"
            );
        }
    }
}

#[test]
fn the_sender_tracks_the_same_counter_per_ssrc() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        for sequence in (30_000..200_000u64).step_by(501) {
            for ssrc in [7, 8] {
                let mut buffer = packet(ssrc, sequence as u16);
                let len = buffer.len();
                buffer.resize(len + MAX_OVERHEAD_BYTES, 0);
                let len = sender.protect_rtp(&mut buffer, len).unwrap();
                assert_eq!(buffer[..len], sealed(&sender, ssrc, sequence));
                assert!(receiver.unprotect_rtp(&mut buffer[..len]).is_ok());
            }
        }
    }
}

#[test]
fn loss_and_reordering_around_the_wrap_are_survived() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile);
        for sequence in [
            65_500,
            65_541,
            65_534,
            65_536,
            65_535,
            65_540,
            131_000 - 60_000,
            131_080 - 60_000,
        ] {
            assert_eq!(
                opens(&mut receiver, &sender, sequence),
                Ok(()),
                "{profile:?} {sequence}"
            );
        }
        // The wrap itself is lost, with 30,000 packets around it.
        let (sender, mut receiver) = pair(profile);
        for sequence in [50_000, 80_000, 110_000, 140_000] {
            assert_eq!(
                opens(&mut receiver, &sender, sequence),
                Ok(()),
                "{profile:?} {sequence}"
            );
        }
    }
}

#[test]
fn a_first_number_below_half_may_jump_or_reorder_before_the_first_wrap() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile);
        for sequence in [5, 3, 60_000, 65_535, 65_536, 65_530] {
            assert_eq!(
                opens(&mut receiver, &sender, sequence),
                Ok(()),
                "{profile:?} {sequence}"
            );
        }
    }
}

#[test]
fn the_counter_outlives_a_pause() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile);
        assert_eq!(opens(&mut receiver, &sender, 65_535), Ok(()));
        assert_eq!(opens(&mut receiver, &sender, 65_536), Ok(()));
        // Another stream talks for long; the first comes back where it was.
        for sequence in 0..3_000 {
            let mut buffer = sealed(&sender, 99, sequence);
            receiver.unprotect_rtp(&mut buffer).unwrap();
        }
        assert_eq!(opens(&mut receiver, &sender, 65_537), Ok(()));
    }
}

#[test]
fn forged_packets_do_not_move_the_counter() {
    for profile in PROFILES {
        let (sender, mut receiver) = pair(profile);
        assert_eq!(opens(&mut receiver, &sender, 100), Ok(()));
        for forged in [30_000, 60_000, 65_535, 20] {
            let mut buffer = sealed(&sender, 7, forged);
            *buffer.last_mut().unwrap() ^= 1;
            assert_eq!(
                receiver.unprotect_rtp(&mut buffer),
                Err(SrtpError::AuthenticationFailed)
            );
        }
        assert_eq!(opens(&mut receiver, &sender, 101), Ok(()));
        assert_eq!(opens(&mut receiver, &sender, 20), Ok(()));
    }
}

#[test]
fn scattered_payload_gives_the_same_packet() {
    for profile in PROFILES {
        let (sender, _) = pair(profile);
        let mut out = [0; 128];
        let parts: [&[u8]; 4] = [b"pay", b"", b"lo", b"ad"];
        let len = sender
            .protect_rtp_into(&header(7, 9), &parts, 3, &mut out)
            .unwrap();
        assert_eq!(out[..len], sealed(&sender, 7, 3 << 16 | 9));
        let room = len - 1;
        assert_eq!(
            sender.protect_rtp_into(&header(7, 9), &parts, 3, &mut out[..room]),
            Err(SrtpError::NoRoom)
        );
        assert_eq!(
            sender.protect_rtp_into(&packet(7, 9), &[], 3, &mut out),
            Err(SrtpError::Malformed)
        );
        let empty = sender
            .protect_rtp_into(&header(7, 10), &[], 3, &mut out)
            .unwrap();
        assert_eq!(empty, header(7, 10).len() + profile.rtp_overhead_bytes());
    }
}
