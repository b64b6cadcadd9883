use salon_packets_core::wire::rtcp::{Packet, Packets};

use crate::support::*;

/// (numbers asked for, key frames asked for).
fn requests(compounds: &[Vec<u8>]) -> (Vec<u16>, usize) {
    let (mut numbers, mut keyframes) = (Vec::new(), 0);
    for packet in compounds
        .iter()
        .flat_map(|compound| Packets::new(compound))
        .flatten()
    {
        match packet {
            Packet::Nack(nack) if nack.media_ssrc == 1000 => {
                numbers.extend(nack.sequence_numbers())
            }
            Packet::Pli {
                media_ssrc: 1000, ..
            } => keyframes += 1,
            _ => {}
        }
    }
    (numbers, keyframes)
}

#[test]
fn ten_times_and_then_a_key_frame_is() {
    let mut world = World::new();
    let (mut publisher, _source) = world.publisher(video_source());
    let mut track = Track {
        sequence: 65_533,
        ..Track::video()
    };
    let frame = track.frame(true, 5);
    for packet in [&frame[0], &frame[3], &frame[4]] {
        world.send_rtp(&mut publisher, packet);
    }
    world.take_raw(publisher.address);
    world.advance(6 * MS);
    assert_eq!(
        requests(&world.take_rtcp(&mut publisher)),
        (vec![65_534, 65_535], 0)
    );
    world.send_rtp(&mut publisher, &frame[1]);
    let (mut tries, mut keyframes) = (1, 0);
    for _ in 0..150 {
        world.advance(10 * MS);
        let (numbers, asked) = requests(&world.take_rtcp(&mut publisher));
        assert!(numbers.iter().all(|number| *number == 65_535));
        tries += numbers.len();
        keyframes += asked;
        if keyframes > 0 {
            break;
        }
    }
    assert_eq!((tries, keyframes), (10, 1));
}

#[test]
fn a_retransmission_brings_what_was_never_seen_and_tells_the_round_trip() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    let frame = track.frame(true, 4);
    for packet in [&frame[0], &frame[1], &frame[3]] {
        world.send_rtp(&mut publisher, packet);
    }
    world.advance(10 * MS);
    let before = world.take_rtp(&mut viewer);
    assert_eq!(
        before[2].header.sequence_number,
        before[1].header.sequence_number + 2,
        "a loss stays a gap"
    );
    world.advance(20 * MS);

    let mut fields = track.fields(false);
    (
        fields.ssrc,
        fields.payload_type,
        fields.timestamp,
        fields.sequence_number,
    ) = (1001, 97, 90_000, 4321);
    let mut repair = 502u16.to_be_bytes().to_vec();
    repair.extend_from_slice(&frame[2][12..]);
    let repair = packet(&fields, &[], &repair);
    world.send_rtp(&mut publisher, &repair);
    let repaired = world.take_rtp(&mut viewer);
    assert_eq!(repaired.len(), 1);
    assert_eq!(
        repaired[0].header.sequence_number,
        before[1].header.sequence_number + 1
    );
    assert_eq!(*repaired[0].payload().last().unwrap(), 2);
    assert_eq!(repaired[0].header.ssrc, 7000);

    fields.sequence_number += 1;
    let probe = packet(&fields, &[], &[0, 1]);
    world.send_rtp(&mut publisher, &probe);
    assert!(
        world.take_rtp(&mut viewer).is_empty(),
        "a probe is not media"
    );
    let stats = world.engine.stats();
    assert_eq!(stats.sources[0].1.retransmissions_received, 1);
    assert_eq!(
        stats.sources[0].1.packets_lost, 1,
        "receiver reports do not count repairs"
    );
    let (_, transport) = stats
        .transports
        .iter()
        .find(|(id, _)| *id == publisher.id)
        .unwrap();
    assert_eq!(transport.round_trip_time_ms, Some(25.0));
}

#[test]
fn over_a_lossy_link_every_packet_of_every_viewer_arrives() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut viewers: Vec<(Peer, std::collections::BTreeMap<u16, u16>)> = (0..3)
        .map(|_| (world.viewer(source, video_sink()).0, Default::default()))
        .collect();
    let mut track = Track::video();
    let mut dice = Dice(7);
    let mut stored: std::collections::HashMap<u16, Vec<u8>> = Default::default();
    let mut rtx_sequence = 77;
    world.take_raw(publisher.address);
    for round in 0..300 {
        let frame = if round < 280 {
            track.frame(round == 0, 4)
        } else {
            Vec::new()
        };
        for packet in frame {
            stored.insert(u16::from_be_bytes([packet[2], packet[3]]), packet.clone());
            let protected = protect(&mut publisher, &packet);
            if round == 0 || !dice.hits(10) {
                world.deliver(publisher.address, &protected);
            }
        }
        let (numbers, _) = requests(&world.take_rtcp(&mut publisher));
        for number in numbers {
            let original = &stored[&number];
            let mut fields = track.fields(original[1] & 0x80 != 0);
            (fields.ssrc, fields.payload_type, fields.sequence_number) = (1001, 97, rtx_sequence);
            rtx_sequence += 1;
            let mut payload = number.to_be_bytes().to_vec();
            payload.extend_from_slice(&original[12..]);
            let protected = protect(&mut publisher, &packet(&fields, &[], &payload));
            if !dice.hits(10) {
                world.deliver(publisher.address, &protected);
            }
        }
        for (viewer, seen) in &mut viewers {
            for packet in world.take_rtp(viewer) {
                if round > 0 && dice.hits(10) {
                    continue;
                }
                let picture = |payload: &[u8]| {
                    u16::from_be_bytes([payload[2] & 0x7f, payload[3]]) * 4 + u16::from(payload[9])
                };
                if packet.header.ssrc == 7000 {
                    seen.insert(packet.header.sequence_number, picture(packet.payload()));
                } else {
                    let number = u16::from_be_bytes([packet.payload()[0], packet.payload()[1]]);
                    seen.insert(number, picture(&packet.payload()[2..]));
                }
            }
            let numbers: Vec<u16> = seen.keys().copied().collect();
            let missing: Vec<u16> = (numbers[0]..=*numbers.last().unwrap())
                .filter(|number| !seen.contains_key(number))
                .collect();
            if !missing.is_empty() {
                world.send_rtcp(viewer, |writer| {
                    writer.receiver_report(5, &[]).unwrap();
                    writer.nack(5, 7000, &missing).unwrap();
                });
            }
        }
        world.advance(33 * MS);
    }
    for (_, seen) in &viewers {
        let pictures: Vec<u16> = seen.values().copied().collect();
        // The tail may be lost without anybody noticing: nothing came after it.
        assert!(pictures.len() > 1100, "{}", pictures.len());
        assert!(is_continuous(&pictures));
        assert!(is_continuous(&seen.keys().copied().collect::<Vec<_>>()));
    }
}
