//! Prints what protecting and unprotecting one packet costs, one JSON line per profile and operation.
//!
//! `cargo run --release --example seal_cost [payload bytes]`; the median of seven rounds, on one core.
#![forbid(unsafe_code)]

use salon_packets_core::srtp::{MAX_OVERHEAD_BYTES, Profile, SrtpReceiver, SrtpSender};
use salon_packets_core::wire::rtp::{HeaderFields, HeaderMut, write_header};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 7;
const PACKETS: u32 = 60_000;

fn median_us(mut run: impl FnMut(u32)) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS as u32)
        .map(|round| {
            let start = Instant::now();
            for i in 0..PACKETS {
                run(round * PACKETS + i);
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(PACKETS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

fn main() {
    let payload_bytes = std::env::args()
        .nth(1)
        .and_then(|arg| arg.parse().ok())
        .unwrap_or(1_100);
    let payload = vec![0x5a; payload_bytes];
    let mut header = [0; 64];
    let fields = HeaderFields {
        marker: false,
        has_padding: false,
        payload_type: 96,
        sequence_number: 0,
        timestamp: 1,
        ssrc: 0x1234_5678,
    };
    let elements: [(u8, &[u8]); 2] = [(3, &[0; 2]), (4, b"0")];
    let header_bytes = write_header(&mut header, &fields, &elements).expect("the header fits");
    let header = &mut header[..header_bytes];

    for profile in [
        Profile::Aes128CmSha1_80,
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
    ] {
        let key = vec![7; profile.key_bytes() + profile.salt_bytes()];
        let sender = SrtpSender::new(profile, &key).expect("the key has the right length");
        let mut out = vec![0; header_bytes + payload_bytes + MAX_OVERHEAD_BYTES];
        let plain_bytes = header_bytes + payload_bytes;

        let into_us = median_us(|i| {
            HeaderMut::new(header)
                .expect("a header")
                .set_sequence_number(i as u16);
            let len = sender.protect_rtp_into(header, &[&payload], i >> 16, &mut out);
            black_box(len.expect("room"));
        });
        let in_place_us = median_us(|i| {
            HeaderMut::new(&mut out)
                .expect("a header")
                .set_sequence_number(i as u16);
            black_box(
                sender
                    .protect_rtp_at(&mut out, plain_bytes, i >> 16)
                    .expect("room"),
            );
        });

        // Protection is paid for outside the measured part: the packets of a round are prepared in advance.
        let mut receiver = SrtpReceiver::new(profile, &key).expect("the key has the right length");
        let mut rounds: Vec<f64> = (0..ROUNDS as u32)
            .map(|round| {
                let mut packets: Vec<Vec<u8>> = (0..5_000)
                    .map(|i| {
                        let index = round * 5_000 + i;
                        HeaderMut::new(header)
                            .expect("a header")
                            .set_sequence_number(index as u16);
                        let mut packet = vec![0; plain_bytes + profile.rtp_overhead_bytes()];
                        let written =
                            sender.protect_rtp_into(header, &[&payload], index >> 16, &mut packet);
                        packet.truncate(written.expect("room"));
                        packet
                    })
                    .collect();
                let start = Instant::now();
                for packet in &mut packets {
                    black_box(receiver.unprotect_rtp(packet).expect("authentic"));
                }
                start.elapsed().as_secs_f64() * 1e6 / packets.len() as f64
            })
            .collect();
        rounds.sort_by(f64::total_cmp);

        for (operation, us) in [
            ("protect_into", into_us),
            ("protect_in_place", in_place_us),
            ("unprotect", rounds[ROUNDS / 2]),
        ] {
            println!(
                r#"{{"profile":"{profile:?}","operation":"{operation}","payload_bytes":{payload_bytes},"us_per_packet":{us:.3}}}"#
            );
        }
    }
}
