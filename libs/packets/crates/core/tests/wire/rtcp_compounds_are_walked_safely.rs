use super::support::hex;
use salon_packets_core::wire::rtcp::{
    Packet, Packets, ReportBlock, SenderInfo, Writer, sender_ssrc,
};
use salon_packets_core::wire::twcc;
use salon_packets_core::wire::{WireError, rtcp};

const BLOCK: ReportBlock = ReportBlock {
    ssrc: 1,
    fraction_lost: 2,
    cumulative_lost: -3,
    extended_highest_sequence: 0x0001_0004,
    jitter_ts: 5,
    last_sr: 6,
    delay_since_last_sr: 7,
};
const INFO: SenderInfo = SenderInfo {
    ssrc: 9,
    ntp: 0x0102_0304_0506_0708,
    rtp_timestamp: 10,
    packet_count: 11,
    octet_count: 12,
};

fn one(bytes: &[u8]) -> Result<Packet<'_>, WireError> {
    let mut packets = Packets::new(bytes);
    let first = packets.next().expect("one packet");
    assert!(packets.next().is_none());
    first
}

fn written(compose: impl Fn(&mut Writer)) -> Vec<u8> {
    let mut out = [0xee; 1200];
    let mut writer = Writer::new(&mut out);
    compose(&mut writer);
    let len = writer.len();
    assert_eq!(len % 4, 0);
    out[..len].to_vec()
}

#[test]
fn what_is_written_reads_back() {
    let bytes = written(|writer| {
        writer.sender_report(&INFO, &[BLOCK, BLOCK]).unwrap();
        writer.receiver_report(20, &[BLOCK]).unwrap();
        writer.sdes_cname(9, b"room-7").unwrap();
        writer.pli(30, 31).unwrap();
        writer.fir(40, 41, 42).unwrap();
        writer.bye(&[50, 51]).unwrap();
    });
    assert_eq!(sender_ssrc(&bytes), Ok(9));
    let packets: Vec<_> = Packets::new(&bytes).map(Result::unwrap).collect();
    assert_eq!(packets.len(), 6);
    let Packet::SenderReport(info, blocks) = &packets[0] else {
        panic!("SR first")
    };
    assert_eq!(*info, INFO);
    assert_eq!(blocks.clone().collect::<Vec<_>>(), [BLOCK, BLOCK]);
    let Packet::ReceiverReport { ssrc: 20, blocks } = &packets[1] else {
        panic!("RR second")
    };
    assert_eq!(blocks.clone().collect::<Vec<_>>(), [BLOCK]);
    assert!(matches!(
        packets[2],
        Packet::Other {
            packet_type: 202,
            count: 1
        }
    ));
    assert!(matches!(
        packets[3],
        Packet::Pli {
            sender_ssrc: 30,
            media_ssrc: 31
        }
    ));
    let Packet::Fir(fir) = &packets[4] else {
        panic!("FIR fifth")
    };
    assert_eq!(fir.entries().collect::<Vec<_>>(), [(41, 42)]);
    let Packet::Bye(ssrcs) = &packets[5] else {
        panic!("BYE sixth")
    };
    assert_eq!(ssrcs.clone().collect::<Vec<_>>(), [50, 51]);
}

#[test]
fn cname_chunks_end_in_zeros_on_a_word() {
    for len in 0..=255 {
        let cname = vec![b'x'; len];
        let bytes = written(|writer| writer.sdes_cname(9, &cname).unwrap());
        assert_eq!(
            usize::from(u16::from_be_bytes([bytes[2], bytes[3]])) * 4 + 4,
            bytes.len()
        );
        assert_eq!(&bytes[8..10], [1, len as u8]);
        assert_eq!(&bytes[10..10 + len], cname);
        let tail = &bytes[10 + len..];
        assert!((1..=4).contains(&tail.len()) && tail.iter().all(|&byte| byte == 0));
    }
    let mut out = [0; 400];
    assert_eq!(
        Writer::new(&mut out).sdes_cname(9, &[b'x'; 256]),
        Err(WireError::OutOfRange)
    );
}

#[test]
fn cumulative_loss_is_signed_and_clamped() {
    for (lost, expected) in [
        (i32::MIN, -0x80_0000),
        (i32::MAX, 0x7f_ffff),
        (-1, -1),
        (0, 0),
    ] {
        let block = ReportBlock {
            cumulative_lost: lost,
            ..BLOCK
        };
        let bytes = written(|writer| writer.receiver_report(1, &[block]).unwrap());
        let Ok(Packet::ReceiverReport { mut blocks, .. }) = one(&bytes) else {
            panic!("RR")
        };
        let block = blocks.next().unwrap();
        assert_eq!((block.cumulative_lost, block.fraction_lost), (expected, 2));
    }
}

#[test]
fn nacks_give_back_the_numbers_put_in() {
    let cases: [&[u16]; 6] = [
        &[5],
        &[5, 6, 21, 22],
        &[65_534, 65_535, 0, 14, 15],
        &[1, 100, 200, 300],
        &[
            10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
        ],
        &[7, 23, 39],
    ];
    for missing in cases {
        let bytes = written(|writer| assert_eq!(writer.nack(1, 2, missing), Ok(missing.len())));
        let Ok(Packet::Nack(nack)) = one(&bytes) else {
            panic!("NACK")
        };
        assert_eq!((nack.sender_ssrc, nack.media_ssrc), (1, 2));
        assert_eq!(nack.sequence_numbers().collect::<Vec<_>>(), missing);
    }
}

#[test]
fn a_nack_says_how_many_numbers_fitted() {
    let missing: Vec<u16> = (0..10).map(|i| i * 100).collect();
    let mut out = [0; 12 + 3 * 4 + 3];
    let mut writer = Writer::new(&mut out);
    assert_eq!(writer.nack(1, 2, &missing), Ok(3));
    assert_eq!(writer.len(), 24);
    assert_eq!(writer.nack(1, 2, &missing), Err(WireError::NoRoom));
    assert_eq!(writer.nack(1, 2, &[]), Err(WireError::OutOfRange));
    assert_eq!(writer.len(), 24);
}

#[test]
fn remb_rates_keep_eighteen_bits() {
    for rate in [
        0,
        1,
        0x3_ffff,
        0x4_0000,
        1_234_567,
        10_000_000_000,
        u64::MAX,
    ] {
        let bytes = written(|writer| writer.remb(1, rate, &[7, 8]).unwrap());
        let Ok(Packet::Remb(remb)) = one(&bytes) else {
            panic!("REMB")
        };
        assert_eq!(remb.ssrcs().collect::<Vec<_>>(), [7, 8]);
        assert!(
            remb.bitrate_bps <= rate && rate - remb.bitrate_bps <= rate >> 17,
            "{rate} {}",
            remb.bitrate_bps
        );
    }
    // Mantissa 1, exponent 63 is the last that fits; mantissa 2 saturates.
    for (value, rate) in [
        ("00fc0001", 1 << 63),
        ("00fc0002", u64::MAX),
        ("00fc0000", 0),
    ] {
        let bytes = hex(&format!("8fce0004 00000001 00000000 52454d42 {value}"));
        let Ok(Packet::Remb(remb)) = one(&bytes) else {
            panic!("REMB")
        };
        assert_eq!(remb.bitrate_bps, rate);
    }
}

#[test]
fn another_application_layer_message_is_not_remb() {
    let bytes = hex("8fce0003 00000001 00000000 58585858");
    assert!(matches!(
        one(&bytes),
        Ok(Packet::Other {
            packet_type: 206,
            count: 15
        })
    ));
}

#[test]
fn padded_transport_feedback_is_accepted_anywhere() {
    // One packet received after 1 ms, one byte of padding counted by the P bit; twice, as libwebrtc may send them.
    let feedback = hex("afcd0005 00000001 00000002 00070001 00000400 20010401");
    let twice = [&feedback[..], &feedback[..]].concat();
    let packets: Vec<_> = Packets::new(&twice).collect();
    assert_eq!(packets.len(), 2);
    for packet in packets {
        let Ok(Packet::TransportFeedback(feedback)) = packet else {
            panic!("feedback")
        };
        let statuses: Vec<_> = feedback.statuses().collect();
        assert_eq!(
            statuses,
            [twcc::Status {
                sequence: 7,
                delta_us: Some(1_000)
            }]
        );
    }
}

#[test]
fn impossible_padding_spoils_one_packet_only() {
    let bytes = hex("a0c90001 000000ff 81ce0002 00000001 00000002");
    let packets: Vec<_> = Packets::new(&bytes).collect();
    assert_eq!(packets[0].as_ref().err(), Some(&WireError::BadPadding));
    assert!(matches!(packets[1], Ok(Packet::Pli { .. })));
}

#[test]
fn profile_extensions_after_reports_are_ignored() {
    let bytes = hex("80c90003 00000001 aaaaaaaa bbbbbbbb");
    let Ok(Packet::ReceiverReport {
        ssrc: 1,
        mut blocks,
    }) = one(&bytes)
    else {
        panic!("RR")
    };
    assert!(blocks.next().is_none());
}

#[test]
fn counts_beyond_the_packet_are_errors() {
    for bytes in [
        "81c90001 00000001",
        "9fc80006 00000001 00000000 00000000 00000000 00000000 00000000",
        "82cb0001 00000001",
        "8fce0004 00000001 00000000 52454d42 02000001",
    ] {
        assert_eq!(
            one(&hex(bytes)).err(),
            Some(WireError::BadLength),
            "{bytes}"
        );
    }
    for bytes in [
        "80c80000",
        "80c90000",
        "81cd0000",
        "81cd0001 00000001",
        "81ce0000",
        "84ce0000",
        "8fcd0000",
    ] {
        assert_eq!(
            one(&hex(bytes)).err(),
            Some(WireError::Truncated),
            "{bytes}"
        );
    }
}

#[test]
fn a_wrong_outer_length_ends_the_walk() {
    for (bytes, error) in [
        ("80c9ffff 00000001", WireError::BadLength),
        ("80c90002 00000001", WireError::BadLength),
        ("40c90001 00000001", WireError::BadVersion),
        ("80c9", WireError::Truncated),
    ] {
        assert_eq!(one(&hex(bytes)).err(), Some(error), "{bytes}");
    }
    let bytes = hex("81ce0002 00000001 00000002 80");
    let packets: Vec<_> = Packets::new(&bytes).collect();
    assert!(packets[0].is_ok());
    assert_eq!(packets[1].as_ref().err(), Some(&WireError::Truncated));
    assert_eq!(packets.len(), 2);
}

#[test]
fn xr_and_unknown_types_are_walked_over() {
    let bytes = hex("80cf0002 00000001 04000000 80cc0000 81ce0002 00000001 00000002");
    let packets: Vec<_> = Packets::new(&bytes).map(Result::unwrap).collect();
    assert!(matches!(
        packets[0],
        Packet::Other {
            packet_type: 207,
            ..
        }
    ));
    assert!(matches!(
        packets[1],
        Packet::Other {
            packet_type: 204,
            ..
        }
    ));
    assert!(matches!(packets[2], Packet::Pli { .. }));
}

#[test]
fn fir_targets_come_from_the_entries() {
    let bytes = hex("84ce0006 00000001 00000000 00000007 05000000 00000008 06000000");
    let Ok(Packet::Fir(fir)) = one(&bytes) else {
        panic!("FIR")
    };
    assert_eq!(fir.entries().collect::<Vec<_>>(), [(7, 5), (8, 6)]);
}

#[test]
fn a_packet_that_does_not_fit_leaves_the_compound_as_it_was() {
    let mut out = [0; 19];
    let mut writer = Writer::new(&mut out);
    writer.receiver_report(1, &[]).unwrap();
    assert_eq!(writer.pli(1, 2), Err(WireError::NoRoom));
    assert_eq!(
        writer.receiver_report(1, &[BLOCK; 32]),
        Err(WireError::OutOfRange)
    );
    assert_eq!(writer.len(), 8);
    assert!(!writer.is_empty());
    writer.receiver_report(2, &[]).unwrap();
    assert_eq!(Packets::new(&out[..16]).filter(Result::is_ok).count(), 2);
    assert_eq!(rtcp::sender_ssrc(&out[..7]), Err(WireError::Truncated));
}
