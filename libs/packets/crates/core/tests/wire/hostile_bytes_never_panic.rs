//! Seeded mutations of good packets through every reader. The fuzz targets go deeper; this runs everywhere.

use super::rfc5769_vectors::{PASSWORD, sample_ipv6_response, sample_request};
use super::srtp_counts_roll_overs::{PROFILES, packet, pair, sealed};
use super::support::{Random, hex};
use salon_packets_core::srtp::MAX_OVERHEAD_BYTES;
use salon_packets_core::wire::extensions::Extensions;
use salon_packets_core::wire::rtcp::{Packet, Packets, ReportBlock, SenderInfo, Writer};
use salon_packets_core::wire::rtp::{Header, classify};
use salon_packets_core::wire::stun::{IntegrityKey, Message};
use salon_packets_core::wire::twcc::{Arrival, Feedback, Report, write};
use salon_packets_core::wire::{h264, vp8};

const ROUNDS: usize = 40_000;

fn for_mutations(seed: u64, samples: &[Vec<u8>], mut read: impl FnMut(&[u8])) {
    let mut random = Random::new(seed);
    for round in 0..ROUNDS {
        let bytes = random.mutated(&samples[round % samples.len()]);
        read(&bytes);
    }
    for len in 0..64 {
        let noise: Vec<u8> = (0..len).map(|_| random.byte()).collect();
        read(&noise);
    }
}

fn compound() -> Vec<u8> {
    let mut out = [0; 1_000];
    let mut writer = Writer::new(&mut out);
    writer
        .sender_report(&SenderInfo::default(), &[ReportBlock::default(); 2])
        .unwrap();
    writer.sdes_cname(1, b"cname").unwrap();
    writer.nack(1, 2, &[1, 5, 9, 700]).unwrap();
    writer.fir(1, 2, 3).unwrap();
    writer.remb(1, 1_000_000, &[2, 3]).unwrap();
    let arrivals = [(1, 64_000), (2, 64_300), (9, 900_000)]
        .map(|(sequence, at_us)| Arrival { sequence, at_us });
    let report = Report {
        sender_ssrc: 1,
        media_ssrc: 2,
        feedback_count: 0,
        base_sequence: 0,
        arrivals: &arrivals,
    };
    writer.transport_feedback(&report).unwrap();
    writer.bye(&[1, 2]).unwrap();
    let len = writer.len();
    out[..len].to_vec()
}

#[test]
fn stun() {
    let key = IntegrityKey::new(PASSWORD);
    for_mutations(1, &[sample_request(), sample_ipv6_response()], |bytes| {
        if let Ok(message) = Message::parse(bytes) {
            let _ = (
                message.kind(),
                message.fingerprint(),
                message.local_ufrag(),
                message.unknown_required(),
            );
            message.verify_integrity(&key);
        }
    });
}

#[test]
fn rtp_and_extensions() {
    let samples = [
        packet(1, 2),
        hex("b2600001 00000002 00000003 11111111 22222222 10000002 01020304 05060003 c0ffee02"),
    ];
    for_mutations(2, &samples, |bytes| {
        classify(bytes);
        if let Ok(header) = Header::parse(bytes) {
            assert!(header.header_bytes <= bytes.len());
            if let Ok(payload) = header.payload(bytes) {
                assert!(bytes.get(payload).is_some());
            }
            assert!(
                header
                    .extensions(bytes)
                    .map(|element| element.data.len())
                    .sum::<usize>()
                    <= bytes.len()
            );
            // A header and another packet's bytes do not belong together, and still do no harm.
            let _ = (
                header.payload(&bytes[..12]),
                header.extensions(&bytes[..12]).count(),
            );
        }
        for profile in [0xbede, 0x1000, 0x100f, 7] {
            Extensions::new(profile, bytes).count();
        }
    });
}

#[test]
fn rtcp_and_feedback() {
    for_mutations(3, &[compound()], |bytes| {
        let mut packets = 0;
        for packet in Packets::new(bytes) {
            packets += 1;
            match packet {
                Ok(Packet::SenderReport(_, blocks) | Packet::ReceiverReport { blocks, .. }) => {
                    assert!(blocks.count() <= 31);
                }
                Ok(Packet::Nack(nack)) => {
                    assert!(nack.sequence_numbers().count() <= bytes.len() / 4 * 17)
                }
                Ok(Packet::Fir(fir)) => assert!(fir.entries().count() <= bytes.len() / 8),
                Ok(Packet::Remb(remb)) => assert!(remb.ssrcs().count() <= 255),
                Ok(Packet::Bye(ssrcs)) => assert!(ssrcs.count() <= 31),
                Ok(Packet::TransportFeedback(feedback)) => {
                    assert_eq!(
                        feedback.statuses().count(),
                        usize::from(feedback.status_count)
                    );
                }
                Ok(Packet::Pli { .. } | Packet::Other { .. }) | Err(_) => {}
            }
        }
        assert!(packets <= bytes.len() / 4 + 1);
    });
}

#[test]
fn feedback_bodies() {
    let samples = [
        hex("00000001 00000002 00070003 00000000 c600 01 ffff"),
        hex("00000001 00000002 ffff0010 ffffffff bfff 2002 00010203 04050607 08090a0b 0c0d0e0f"),
    ];
    for_mutations(4, &samples, |bytes| {
        if let Ok(feedback) = Feedback::parse(bytes) {
            assert_eq!(
                feedback.statuses().count(),
                usize::from(feedback.status_count)
            );
        }
    });
}

#[test]
fn feedback_writing_of_any_arrivals() {
    let mut random = Random::new(5);
    for _ in 0..2_000 {
        let mut sequence = random.next() as i64 >> random.below(63);
        let arrivals: Vec<_> = (0..random.below(50))
            .map(|_| {
                sequence = sequence.saturating_add(random.next() as i64 >> (30 + random.below(33)));
                Arrival {
                    sequence,
                    at_us: random.next() >> random.below(63),
                }
            })
            .collect();
        let report = Report {
            sender_ssrc: 1,
            media_ssrc: 2,
            feedback_count: 0,
            base_sequence: sequence.saturating_sub(random.below(1_000) as i64),
            arrivals: &arrivals,
        };
        let mut out = vec![0; random.below(300)];
        if let Ok(written) = write(&mut out, &report) {
            assert!(matches!(
                Packets::new(&out[..written.bytes]).next(),
                Some(Ok(Packet::TransportFeedback(_)))
            ));
        }
    }
}

#[test]
fn codec_payloads() {
    let samples = [
        hex("90 f0 92ab 11 a5 00 9d012a"),
        hex("18 0002 0605 0002 6742"),
        hex("7c 85 88"),
    ];
    for_mutations(6, &samples, |bytes| {
        h264::is_keyframe(bytes);
        for unit in h264::units(bytes) {
            unit.parameter_set_id();
            unit.begins_idr_picture();
            assert!(unit.whole.is_none_or(|whole| whole.len() <= bytes.len()));
        }
        vp8::is_keyframe(bytes);
        if let Ok(descriptor) = vp8::Descriptor::parse(bytes) {
            assert!(descriptor.bytes <= bytes.len());
            let mut copy = bytes.to_vec();
            descriptor.rewrite(&mut copy, 0x7fff, 0xff);
            assert_eq!(copy[descriptor.bytes..], bytes[descriptor.bytes..]);
        }
    });
}

#[test]
fn protected_packets() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let mut rtcp = compound();
        let len = rtcp.len();
        rtcp.resize(len + MAX_OVERHEAD_BYTES, 0);
        let len = sender.protect_rtcp(&mut rtcp, len).unwrap();
        rtcp.truncate(len);
        let samples = [sealed(&sender, 7, 5), rtcp];
        for_mutations(7, &samples, |bytes| {
            if let Ok(len) = receiver.unprotect_rtp(&mut bytes.to_vec()) {
                assert!(len <= bytes.len());
            }
            if let Ok(len) = receiver.unprotect_rtcp(&mut bytes.to_vec()) {
                assert!(len <= bytes.len());
            }
        });
    }
}
