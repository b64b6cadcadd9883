use salon_packets_core::command::Command;
use salon_packets_core::event::Event;
use salon_packets_core::wire::extensions::ExtensionKind;
use salon_packets_core::wire::rtp::HeaderFields;

use crate::support::*;

fn picture_and_tl0(packet: &Rtp) -> (u16, u8) {
    let payload = packet.payload();
    (
        u16::from_be_bytes([payload[2] & 0x7f, payload[3]]),
        payload[4],
    )
}

#[test]
fn vp8_picture_ids_go_on_after_a_pause() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, sink) = world.viewer(source, video_sink());
    let mut track = Track {
        picture: 0x7ffe,
        tl0: 254,
        ..Track::video()
    };
    let mut ids = Vec::new();
    for round in 0..30 {
        if round % 5 == 0 {
            world.command(Command::PauseSink { sink, paused: true });
            for packet in track.frame(true, 2) {
                world.send_rtp(&mut publisher, &packet);
            }
            world.command(Command::PauseSink {
                sink,
                paused: false,
            });
        }
        for packet in track.frame(round % 5 == 0, 2) {
            world.send_rtp(&mut publisher, &packet);
        }
        ids.extend(world.take_rtp(&mut viewer).iter().map(picture_and_tl0));
    }
    assert_eq!(ids.len(), 60);
    let first = ids[0];
    for (index, id) in ids.iter().enumerate() {
        let frame = (index / 2) as u16;
        assert_eq!(
            *id,
            (
                (first.0 + frame) & 0x7fff,
                first.1.wrapping_add(frame as u8)
            )
        );
    }
}

#[test]
fn a_new_ssrc_of_the_source_is_the_same_stream_to_the_viewer() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut old = Track::video();
    for packet in [old.frame(true, 2), old.frame(false, 2)].concat() {
        world.send_rtp(&mut publisher, &packet);
    }
    world.advance(40 * MS);
    let mut new = Track {
        ssrc: 4242,
        sequence: 31,
        timestamp: 17,
        picture: 9,
        tl0: 200,
        ..Track::video()
    };
    let mid: [(u8, &[u8]); 1] = [(4, b"v")];
    for packet in [
        new.frame_with(true, 2, &mid),
        new.frame_with(false, 1, &mid),
    ]
    .concat()
    {
        world.send_rtp(&mut publisher, &packet);
    }
    world.advance(500 * MS);
    for packet in new.frame(false, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    // A straggler of the old stream must not turn it back.
    let straggler = old.frame(false, 1);
    world.send_rtp(&mut publisher, &straggler[0]);
    for packet in new.frame(false, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 9);
    assert!(received.iter().all(|packet| packet.header.ssrc == 7000));
    assert!(is_continuous(&sequences(&received)));
    assert_eq!(
        picture_and_tl0(&received[4]).0,
        picture_and_tl0(&received[3]).0 + 1
    );
    let elapsed = received[4]
        .header
        .timestamp
        .wrapping_sub(received[3].header.timestamp);
    assert_eq!(elapsed, 40 * 90, "as much later as it came later");
    assert_eq!(
        received[6]
            .header
            .timestamp
            .wrapping_sub(received[4].header.timestamp),
        3000
    );
}

#[test]
fn padding_before_the_media_of_a_new_ssrc_is_nothing_to_the_viewer() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    for packet in Track::video().frame(true, 2) {
        world.send_rtp(&mut publisher, &packet);
    }
    let mut new = Track {
        ssrc: 4242,
        sequence: 34,
        ..Track::video()
    };
    let mid: [(u8, &[u8]); 1] = [(4, b"v")];
    for sequence_number in [31, 33, 32] {
        let fields = HeaderFields {
            sequence_number,
            has_padding: true,
            ..new.fields(false)
        };
        world.send_rtp(&mut publisher, &packet(&fields, &mid, &[0, 0, 0, 4]));
    }
    world.advance(500 * MS);
    for packet in new.frame_with(true, 2, &mid) {
        world.send_rtp(&mut publisher, &packet);
    }
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 4);
    assert!(is_continuous(&sequences(&received)));
}

#[test]
fn ssrcs_are_learned_from_mid_or_from_a_payload_type_of_one_section() {
    let mut world = World::new();
    let mut learned = video_source();
    learned.ssrcs.clear();
    let (mut publisher, source) = world.publisher(learned.clone());
    learned.mid = "other".into();
    world.add_source(&publisher, learned);
    let mut audio = audio_source();
    audio.ssrcs.clear();
    let audio = world.add_source(&publisher, audio);
    let (mut viewer, _) = world.viewer(source, video_sink());
    world.add_sink(&viewer, audio, audio_sink());

    let mut track = Track {
        ssrc: 51,
        ..Track::video()
    };
    let unnamed = track.frame(true, 1);
    world.send_rtp(&mut publisher, &unnamed[0]);
    assert!(
        world.take_rtp(&mut viewer).is_empty(),
        "two sections use this payload type"
    );
    for packet in track.frame_with(true, 1, &[(4, b"v")]) {
        world.send_rtp(&mut publisher, &packet);
    }
    for packet in track.frame(false, 1) {
        world.send_rtp(&mut publisher, &packet);
    }
    assert_eq!(world.take_rtp(&mut viewer).len(), 2, "named once is enough");
    let sample = Track {
        ssrc: 52,
        ..Track::audio()
    }
    .sample(&[]);
    world.send_rtp(&mut publisher, &sample);
    assert_eq!(world.take_rtp(&mut viewer).len(), 1);
    let stranger = Track {
        ssrc: 53,
        ..Track::audio()
    }
    .sample(&[(4, b"nobody")]);
    world.send_rtp(&mut publisher, &stranger);
    assert!(world.take_rtp(&mut viewer).is_empty());
}

#[test]
fn a_source_that_falls_silent_stops_and_starts_again() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(audio_source());
    let mut track = Track::audio();
    let mut heard = Vec::new();
    for _ in 0..2 {
        let sample = track.sample(&[]);
        world.send_rtp(&mut publisher, &sample);
        world.advance(7 * SECOND);
        world.check(&publisher, publisher.address, false);
        heard.append(&mut world.events);
    }
    heard.retain(|event| {
        matches!(
            event,
            Event::SourceStarted { .. } | Event::SourceStopped { .. }
        )
    });
    let transport = publisher.id;
    let (started, stopped) = (
        Event::SourceStarted { transport, source },
        Event::SourceStopped { transport, source },
    );
    assert_eq!(heard, [started.clone(), stopped.clone(), started, stopped]);
}

#[test]
fn a_microphone_in_silence_is_not_a_stopped_source() {
    let mut world = World::new();
    let (mut publisher, _) = world.publisher(audio_source());
    let mut track = Track::audio();
    // Opus with DTX says something every 400 ms.
    for _ in 0..50 {
        let sample = track.sample(&[]);
        world.send_rtp(&mut publisher, &sample);
        world.advance(400 * MS);
    }
    let stopped = |event: &Event| matches!(event, Event::SourceStopped { .. });
    assert!(!world.events.iter().any(stopped));
}

#[test]
fn a_viewer_without_the_codec_gets_nothing_and_no_gap() {
    let mut world = World::new();
    let mut config = video_source();
    config.codecs.push(salon_packets_core::config::Codec {
        name: salon_packets_core::config::CodecName::H264,
        payload_type: 102,
        ..VP8
    });
    config.extensions = extensions(&[(ExtensionKind::Mid, 4)]);
    let (mut publisher, source) = world.publisher(config);
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    for round in 0..6 {
        track.payload_type = if round % 2 == 0 { 96 } else { 102 };
        for packet in track.frame(true, 2) {
            world.send_rtp(&mut publisher, &packet);
        }
    }
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 6);
    assert!(is_continuous(&sequences(&received)));
}
