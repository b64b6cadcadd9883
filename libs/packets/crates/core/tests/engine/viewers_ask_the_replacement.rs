use salon_packets_core::command::Command;
use salon_packets_core::wire::rtcp::{Packet, Packets, SenderInfo};

use crate::stage::Maker::{Camera, Transcoder};
use crate::stage::*;
use crate::support::*;

fn switched_to(lag_ms: u64) -> Stage {
    let mut stage = Stage::new(VP8, lag_ms);
    stage.run(8);
    stage.switch_to();
    stage.run(8);
    assert_eq!(stage.moves().len(), 1);
    stage
}

fn nack(stage: &mut Stage, numbers: &[u16]) -> Vec<Rtp> {
    let (world, viewer) = (&mut stage.world, &mut stage.viewer);
    world.send_rtcp(viewer, |writer| {
        writer.receiver_report(55, &[]).unwrap();
        writer.nack(55, 7000, numbers).unwrap();
    });
    world.take_rtp(viewer)
}

#[test]
fn for_packets_it_has_sent_and_the_source_for_those_before() {
    let mut stage = switched_to(30);
    let seen = stage.take_seen();
    let newest = |maker: Maker| seen.iter().rfind(|one| one.maker == maker).unwrap();
    for one in [newest(Camera), newest(Transcoder)] {
        let answers = nack(&mut stage, &[one.sequence]);
        assert_eq!(answers.len(), 1);
        let payload = answers[0].payload();
        assert_eq!(answers[0].header.timestamp, one.timestamp);
        assert_eq!(payload[..2], one.sequence.to_be_bytes());
        let [.., maker, _, place] = *payload else {
            panic!("{payload:?}");
        };
        assert_eq!((maker, place), (one.maker as u8, one.place));
    }
    // And after the way back, the replacement for what it had sent.
    stage.switch_back();
    stage.run(5);
    stage.take_seen();
    let one = newest(Transcoder);
    stage.world.advance(100 * MS);
    let answers = nack(&mut stage, &[one.sequence]);
    let payload = answers[0].payload();
    assert_eq!(payload[payload.len() - 3], Transcoder as u8);
}

#[test]
fn for_key_frames() {
    let mut stage = switched_to(30);
    stage.world.take_local(stage.link);
    stage.world.take_rtcp(&mut stage.publisher);
    stage.world.advance(SECOND);
    stage.world.send_rtcp(&mut stage.viewer, |writer| {
        writer.receiver_report(5, &[]).unwrap();
        writer.pli(5, 7000).unwrap();
    });
    let (_, rtcp) = stage.world.take_local(stage.link);
    assert_eq!(plis(&rtcp), [REPLACEMENT_SSRC]);
    assert_eq!(plis(&stage.world.take_rtcp(&mut stage.publisher)), []);
}

#[test]
fn from_the_beginning_if_they_come_while_it_replaces() {
    let mut stage = switched_to(30);
    let (mut second, sink) = stage.world.viewer(stage.source, sink_of(VP8));
    let mut seen = Vec::new();
    for _ in 0..10 {
        stage.run(1);
        seen.extend(stage.world.take_rtp(&mut second).iter().map(Seen::of));
    }
    stage.switch_back();
    for _ in 0..10 {
        stage.run(1);
        seen.extend(stage.world.take_rtp(&mut second).iter().map(Seen::of));
    }
    check(&mut seen, VP8.name);
    assert!(seen[0].is_key);
    assert_eq!(makers(&seen), [Transcoder, Camera]);
    let stats = stage.world.engine.stats();
    let sinks_of = |wanted: u64| {
        let (_, source) = stats.sources.iter().find(|(id, _)| *id == wanted).unwrap();
        source.sinks
    };
    assert_eq!(
        (sinks_of(stage.source), sinks_of(stage.replacement)),
        (3, 0),
        "the local consumer and both viewers are the source's"
    );
    stage.world.command(Command::RemoveSink { sink });
    stage.run(5);
    assert!(stage.world.take_rtp(&mut second).is_empty());
}

#[test]
fn who_waits_for_a_key_frame_at_the_cut_begins_with_the_replacement() {
    let mut stage = Stage::new(VP8, 30);
    stage.run(8);
    let (mut second, _) = stage.world.viewer(stage.source, sink_of(VP8));
    stage.world.take_rtcp(&mut stage.publisher);
    stage.camera_owes_key = false;
    stage.switch_to();
    let mut seen = Vec::new();
    for _ in 0..8 {
        stage.camera_owes_key = false;
        stage.run(1);
        seen.extend(stage.world.take_rtp(&mut second).iter().map(Seen::of));
    }
    check(&mut seen, VP8.name);
    assert_eq!((makers(&seen), seen[0].is_key), (vec![Transcoder], true));
}

#[test]
fn a_paused_viewer_stays_paused_and_goes_on_with_whoever_feeds_then() {
    let mut stage = Stage::new(VP8, 30);
    stage.run(8);
    let sink = stage.sink;
    let pause = |stage: &mut Stage, paused| {
        stage.world.command(Command::PauseSink { sink, paused });
    };
    pause(&mut stage, true);
    stage.switch_to();
    stage.run(10);
    assert_eq!(makers(&stage.seen), [Camera]);
    pause(&mut stage, false);
    stage.run(6);
    pause(&mut stage, true);
    stage.switch_back();
    stage.run(10);
    assert_eq!(makers(&stage.seen), [Camera, Transcoder]);
    pause(&mut stage, false);
    stage.run(6);
    assert_eq!(makers(&stage.take_seen()), [Camera, Transcoder, Camera]);
}

#[test]
fn but_their_sender_reports_say_what_the_source_says_of_its_clock() {
    let mut stage = Stage::new(VP8, 60);
    let began_ns = stage.world.now_ns;
    let first_timestamp = stage.timestamp;
    for round in 0..150 {
        match round {
            // Something else entirely is what the transcoder says of itself.
            5 | 60 => {
                let info = SenderInfo {
                    ssrc: REPLACEMENT_SSRC,
                    ntp: 77 << 32,
                    rtp_timestamp: 1234,
                    ..SenderInfo::default()
                };
                let mut buffer = [0; 200];
                let mut writer = salon_packets_core::wire::rtcp::Writer::new(&mut buffer);
                writer.sender_report(&info, &[]).unwrap();
                let len = writer.len();
                stage.world.deliver_local(stage.link, &buffer[..len]);
            }
            3 | 33 | 63 | 93 | 123 => {
                let elapsed_ns = stage.world.now_ns - began_ns;
                let ticks = (elapsed_ns * 90_000 / SECOND) as u32;
                let seconds = 9_000 * SECOND + elapsed_ns;
                let info = SenderInfo {
                    ssrc: 1000,
                    ntp: ((seconds / SECOND) << 32) | (((seconds % SECOND) << 32) / SECOND),
                    rtp_timestamp: first_timestamp.wrapping_add(ticks),
                    ..SenderInfo::default()
                };
                stage.world.send_rtcp(&mut stage.publisher, |writer| {
                    writer.sender_report(&info, &[]).unwrap();
                });
            }
            40 => stage.switch_to(),
            100 => stage.switch_back(),
            _ => {}
        }
        stage.run(1);
    }
    let packets = stage.viewer_rtcp.iter();
    let packets = packets
        .flat_map(|compound| Packets::new(compound))
        .flatten();
    let reports: Vec<SenderInfo> = packets
        .filter_map(|packet| match packet {
            Packet::SenderReport(info, _) => Some(info),
            _ => None,
        })
        .collect();
    assert_eq!(makers(&stage.take_seen()).len(), 3);
    assert!(reports.len() >= 4, "{}", reports.len());
    let offset = |info: &SenderInfo| {
        let media = f64::from(info.rtp_timestamp.wrapping_sub(first_timestamp)) / 90_000.0;
        media - info.ntp as f64 / 4_294_967_296.0
    };
    let apart = reports
        .iter()
        .map(|info| (offset(info) - offset(&reports[0])).abs())
        .fold(0.0, f64::max);
    assert!(apart < 0.002, "{apart} s");
}
