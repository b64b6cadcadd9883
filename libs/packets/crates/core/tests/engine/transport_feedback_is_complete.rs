use salon_packets_core::wire::extensions::ExtensionKind;
use salon_packets_core::wire::rtcp::{Packet, Packets};
use salon_packets_core::wire::rtp::HeaderFields;
use salon_packets_core::wire::twcc::{Arrival, Report};

use crate::support::*;

/// (number, arrived) of every status, and the media SSRCs named.
fn feedback(compounds: &[Vec<u8>]) -> (Vec<(u16, bool)>, Vec<u32>) {
    let (mut statuses, mut ssrcs) = (Vec::new(), Vec::new());
    for packet in compounds
        .iter()
        .flat_map(|compound| Packets::new(compound))
        .flatten()
    {
        if let Packet::TransportFeedback(feedback) = packet {
            statuses.extend(
                feedback
                    .statuses()
                    .map(|status| (status.sequence, status.delta_us.is_some())),
            );
            ssrcs.push(feedback.media_ssrc);
        }
    }
    (statuses, ssrcs)
}

#[test]
fn every_50_ms_with_a_media_ssrc_counting_unknown_ssrcs_and_telling_losses_between_reports() {
    let mut world = World::new();
    let (mut publisher, _) = world.publisher(video_source());
    let mut number = 65_500u16;
    let mut all = Vec::new();
    for round in 0..20u16 {
        for place in 0..4u16 {
            number = number.wrapping_add(1);
            if (round, place) == (5, 3) || (round, place) == (6, 0) {
                continue;
            }
            // Probes come on an SSRC that nobody announced, in padding.
            let fields = HeaderFields {
                marker: false,
                has_padding: place == 2,
                payload_type: 96,
                sequence_number: round * 4 + place,
                timestamp: 1,
                ssrc: if place == 2 { 99_999 } else { 1000 },
            };
            let packet = packet(
                &fields,
                &[(5, &number.to_be_bytes())],
                if place == 2 { &[0, 2] } else { &[0x90; 8] },
            );
            world.send_rtp(&mut publisher, &packet);
        }
        world.advance(50 * MS);
        let (statuses, ssrcs) = feedback(&world.take_rtcp(&mut publisher));
        assert_eq!(ssrcs.len(), 1, "one report in 50 ms");
        assert_ne!(ssrcs[0], 0);
        all.extend(statuses);
    }
    let numbers: Vec<u16> = all.iter().map(|(number, _)| *number).collect();
    assert!(is_continuous(&numbers));
    assert_eq!(numbers.len(), 80);
    assert_eq!(all.iter().filter(|(_, arrived)| !arrived).count(), 2);
}

#[test]
fn nothing_is_reported_for_packets_that_are_not_authentic() {
    let mut world = World::new();
    let (mut publisher, _) = world.publisher(video_source());
    let mut forged = protect(
        &mut publisher,
        &Track::video().frame_with(true, 1, &[(5, &[0, 9])])[0],
    );
    forged[30] ^= 1;
    world.deliver(publisher.address, &forged);
    world.advance(SECOND);
    assert!(feedback(&world.take_rtcp(&mut publisher)).0.is_empty());
    assert_eq!(world.engine.stats().sources[0].1.packets_received, 0);
}

#[test]
fn a_viewers_feedback_and_remb_become_an_estimate() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut config = video_sink();
    config.transport_cc = true;
    config.extensions = extensions(&[(ExtensionKind::TransportWideCc, 3)]);
    let (mut viewer, _) = world.viewer(source, config);
    let mut track = Track::video();
    let mut count = 0;
    for round in 0..100u8 {
        for mut packet in track.frame(round == 0, 4) {
            packet.resize(1012, 1);
            world.send_rtp(&mut publisher, &packet);
        }
        world.advance(33 * MS);
        let arrivals: Vec<Arrival> = world
            .take_rtp(&mut viewer)
            .iter()
            .map(|packet| Arrival {
                sequence: i64::from(u16::from_be_bytes(
                    packet.extension(3).unwrap().try_into().unwrap(),
                )),
                at_us: world.now_ns / 1000,
            })
            .collect();
        let base = arrivals[0].sequence;
        if arrivals
            .windows(2)
            .all(|pair| pair[0].sequence < pair[1].sequence)
        {
            world.send_rtcp(&mut viewer, |writer| {
                let report = Report {
                    sender_ssrc: 5,
                    media_ssrc: 7000,
                    feedback_count: round,
                    base_sequence: base,
                    arrivals: &arrivals,
                };
                assert_eq!(writer.transport_feedback(&report), Ok(4));
            });
            count += 1;
        }
    }
    assert!(count > 90);
    let estimate_bps = world.engine.stats().sinks[0].1.estimate_bps.unwrap();
    assert!(
        (850_000..1_150_000).contains(&estimate_bps),
        "{estimate_bps} of 970,000"
    );
    world.send_rtcp(&mut viewer, |writer| {
        writer.receiver_report(5, &[]).unwrap();
        writer.remb(5, 450_000, &[7000]).unwrap();
    });
    let told_bps = world.engine.stats().sinks[0].1.estimate_bps.unwrap();
    assert!(
        (445_000..=450_000).contains(&told_bps),
        "the viewer's own word counts"
    );
}
