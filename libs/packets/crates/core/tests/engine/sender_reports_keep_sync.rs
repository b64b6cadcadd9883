use salon_packets_core::wire::rtcp::{Packet, Packets, ReportBlock, SenderInfo};

use crate::support::*;

/// The publisher's NTP clock is hours off, and counts from `START_NS`.
fn publisher_ntp(at_ns: u64) -> u64 {
    let since = at_ns - START_NS + 5_000 * SECOND;
    ((since / SECOND) << 32) | (((since % SECOND) << 32) / SECOND)
}

fn rtp_time(at_ns: u64, clock_rate_hz: u64, first: u32) -> u32 {
    first.wrapping_add(((at_ns - START_NS) * clock_rate_hz / SECOND) as u32)
}

fn send_report(
    world: &mut World,
    publisher: &mut Peer,
    ssrc: u32,
    clock_rate_hz: u64,
    first: u32,
    delay_ns: u64,
) {
    let sent_ns = world.now_ns - delay_ns;
    let info = SenderInfo {
        ssrc,
        ntp: publisher_ntp(sent_ns),
        rtp_timestamp: rtp_time(sent_ns, clock_rate_hz, first),
        packet_count: 1,
        octet_count: 1,
    };
    world.send_rtcp(publisher, |writer| {
        writer.sender_report(&info, &[]).unwrap()
    });
}

fn reports(compounds: &[Vec<u8>]) -> Vec<SenderInfo> {
    let packets = compounds
        .iter()
        .flat_map(|compound| Packets::new(compound))
        .flatten();
    packets
        .filter_map(|packet| {
            if let Packet::SenderReport(info, _) = packet {
                Some(info)
            } else {
                None
            }
        })
        .collect()
}

/// Media time of a report, in seconds since `START_NS` of the publisher, minus its wall time.
fn media_minus_wall(info: &SenderInfo, clock_rate_hz: f64, first: u32) -> f64 {
    let media = f64::from(info.rtp_timestamp.wrapping_sub(first)) / clock_rate_hz;
    media - (info.ntp as f64 / 4_294_967_296.0)
}

#[test]
fn audio_and_video_of_a_publisher_stay_in_step_whatever_the_delay_of_its_reports() {
    let mut world = World::new();
    let (mut publisher, video) = world.publisher(video_source());
    let audio = world.add_source(&publisher, audio_source());
    let (mut viewer, _) = world.viewer(video, video_sink());
    world.add_sink(&viewer, audio, audio_sink());
    let (mut video_track, mut audio_track) = (Track::video(), Track::audio());
    let (video_first, audio_first) = (0xffff_f000, 123_456);
    let mut dice = Dice(3);
    world.advance(SECOND);
    let (mut pairs, mut worst): (u32, f64) = (0, 0.0);
    for round in 0..400 {
        world.advance(33 * MS);
        video_track.timestamp = rtp_time(world.now_ns, 90_000, video_first);
        audio_track.timestamp = rtp_time(world.now_ns, 48_000, audio_first);
        for packet in video_track.frame(round == 0, 1) {
            world.send_rtp(&mut publisher, &packet);
        }
        let sample = audio_track.sample(&[]);
        world.send_rtp(&mut publisher, &sample);
        if round == 0 {
            assert!(
                reports(&world.take_rtcp(&mut viewer)).is_empty(),
                "the publisher's clock is not known yet"
            );
        }
        if round % 30 == 1 {
            let jitter = if dice.hits(50) { 180 * MS } else { 5 * MS };
            send_report(
                &mut world,
                &mut publisher,
                1000,
                90_000,
                video_first,
                jitter,
            );
            send_report(
                &mut world,
                &mut publisher,
                2000,
                48_000,
                audio_first,
                2 * MS,
            );
        }
        let seen = reports(&world.take_rtcp(&mut viewer));
        for info in &seen {
            let other = seen
                .iter()
                .find(|other| other.ssrc != info.ssrc && other.ntp == info.ntp);
            if let (7000, Some(other)) = (info.ssrc, other) {
                let apart = media_minus_wall(info, 90_000.0, video_first)
                    - media_minus_wall(other, 48_000.0, audio_first);
                worst = worst.max(apart.abs());
                pairs += 1;
            }
        }
    }
    assert!(pairs > 5, "both were reported");
    assert!(worst < 0.002, "{worst} s apart");
}

#[test]
fn the_first_report_follows_the_first_packet_and_counts_are_the_viewers() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut track = Track::video();
    for packet in track.frame(true, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    world.advance(MS);
    send_report(&mut world, &mut publisher, 1000, 90_000, 0, MS);
    let (mut viewer, _) = world.viewer(source, video_sink());
    for packet in track.frame(true, 3) {
        world.send_rtp(&mut publisher, &packet);
    }
    world.advance(MS);
    let compounds = world.take_rtcp(&mut viewer);
    let seen = reports(&compounds);
    assert_eq!(
        (
            seen.len(),
            seen[0].ssrc,
            seen[0].packet_count,
            seen[0].octet_count
        ),
        (1, 7000, 3, 30)
    );
    assert!(
        compounds[0].windows(9).any(|bytes| bytes == b"publisher"),
        "the CNAME is in the same compound"
    );

    // The viewer answers 20 ms later, having held the report for 5 ms of these.
    world.advance(20 * MS);
    let block = ReportBlock {
        ssrc: 7000,
        fraction_lost: 64,
        cumulative_lost: 3,
        extended_highest_sequence: 0,
        jitter_ts: 9,
        last_sr: (seen[0].ntp >> 16) as u32,
        delay_since_last_sr: 328,
    };
    world.send_rtcp(&mut viewer, |writer| {
        writer.receiver_report(5, &[block]).unwrap()
    });
    let stats = world.engine.stats();
    let (_, transport) = stats
        .transports
        .iter()
        .find(|(id, _)| *id == viewer.id)
        .unwrap();
    let round_trip_ms = transport.round_trip_time_ms.unwrap();
    assert!((14.0..17.0).contains(&round_trip_ms), "{round_trip_ms}");
    assert_eq!(
        (
            stats.sinks[0].1.fraction_lost,
            stats.sinks[0].1.packets_lost
        ),
        (0.25, 3)
    );
}

#[test]
fn a_jump_of_the_publishers_clock_is_followed_not_averaged() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(audio_source());
    let (mut viewer, _) = world.viewer(source, audio_sink());
    let mut track = Track::audio();
    let mut offsets = Vec::new();
    for (second, jump) in [0u64, 0, 3600, 3600].into_iter().enumerate() {
        let sample = track.sample(&[]);
        world.send_rtp(&mut publisher, &sample);
        let ntp = publisher_ntp(world.now_ns) + (jump << 32);
        let info = SenderInfo {
            ssrc: 2000,
            ntp,
            rtp_timestamp: 48_000 * second as u32,
            packet_count: 1,
            octet_count: 1,
        };
        world.send_rtcp(&mut publisher, |writer| {
            writer.sender_report(&info, &[]).unwrap()
        });
        world.take_raw(viewer.address);
        world.advance(SECOND);
        offsets.extend(
            reports(&world.take_rtcp(&mut viewer))
                .last()
                .map(|info| media_minus_wall(info, 48_000.0, 0)),
        );
    }
    assert_eq!(offsets.len(), 4);
    let spread = offsets
        .iter()
        .map(|offset| (offset - offsets[0]).abs())
        .fold(0.0, f64::max);
    assert!(spread < 0.002, "{offsets:?}");
}
