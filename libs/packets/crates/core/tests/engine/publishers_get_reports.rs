use salon_packets_core::wire::rtcp::{Packet, Packets, SenderInfo};

use crate::support::*;

#[test]
fn with_loss_jitter_and_the_time_since_their_own_report() {
    let mut world = World::new();
    let (mut publisher, _) = world.publisher(audio_source());
    let mut track = Track {
        sequence: 65_530,
        ..Track::audio()
    };
    let info = SenderInfo {
        ssrc: 2000,
        ntp: 0x1111_2222_3333_4444,
        rtp_timestamp: 0,
        packet_count: 0,
        octet_count: 0,
    };
    let sample = track.sample(&[]);
    world.send_rtp(&mut publisher, &sample);
    world.advance(2 * SECOND);
    world.take_raw(publisher.address);
    let mut block = None;
    for round in 0..100 {
        let sample = track.sample(&[]);
        if round % 5 != 0 {
            world.send_rtp(&mut publisher, &sample);
        }
        if round == 40 {
            world.send_rtcp(&mut publisher, |writer| {
                writer.sender_report(&info, &[]).unwrap()
            });
        }
        world.advance(20 * MS);
        for compound in world.take_rtcp(&mut publisher) {
            for packet in Packets::new(&compound).flatten() {
                if let Packet::ReceiverReport { mut blocks, .. } = packet {
                    block = blocks.next().or(block);
                }
            }
        }
    }
    let block = block.unwrap();
    assert_eq!(block.ssrc, 2000);
    assert!(
        (45..=60).contains(&block.fraction_lost),
        "a fifth of 256: {}",
        block.fraction_lost
    );
    assert!(
        (9..=20).contains(&block.cumulative_lost),
        "{}",
        block.cumulative_lost
    );
    assert!(block.extended_highest_sequence > 65_536, "one cycle");
    assert_eq!(block.last_sr, 0x2222_3333);
    let delay_ms = u64::from(block.delay_since_last_sr) * 1000 / 65_536;
    assert!((1..=1200).contains(&delay_ms), "{delay_ms}");
}

#[test]
fn with_a_rising_remb_where_they_know_nothing_better() {
    let mut world = World::new();
    let mut config = video_source();
    (config.transport_cc, config.remb) = (false, true);
    let (mut publisher, _) = world.publisher(config);
    let mut track = Track::video();
    let mut estimates = Vec::new();
    for second in 0..12 {
        // About 0.9 Mbit/s, then what was allowed.
        for _ in 0..100 {
            for mut packet in track.frame(second == 0, 2) {
                packet.resize(560, 0);
                world.send_rtp(&mut publisher, &packet);
            }
            world.advance(10 * MS);
        }
        for compound in world.take_rtcp(&mut publisher) {
            for packet in Packets::new(&compound).flatten() {
                if let Packet::Remb(remb) = packet {
                    assert_eq!(remb.ssrcs().collect::<Vec<_>>(), [1000]);
                    estimates.push(remb.bitrate_bps);
                }
            }
        }
    }
    assert!(estimates.len() >= 11, "every second");
    assert!(estimates.windows(2).all(|pair| pair[1] >= pair[0]));
    assert!(
        (1_600_000..2_000_000).contains(estimates.last().unwrap()),
        "twice what it sends: {estimates:?}"
    );
}
