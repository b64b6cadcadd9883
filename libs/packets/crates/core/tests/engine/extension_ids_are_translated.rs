use salon_packets_core::wire::extensions::ExtensionKind::{self, *};

use crate::support::*;

#[test]
fn between_the_publishers_and_each_viewers_connection() {
    let mut world = World::new();
    let mut source = audio_source();
    source.extensions = extensions(&[
        (Mid, 1),
        (AudioLevel, 2),
        (AbsCaptureTime, 3),
        (AbsSendTime, 6),
        (TransportWideCc, 7),
        (VideoOrientation, 8),
        (DependencyDescriptor, 9),
    ]);
    let (mut publisher, source) = world.publisher(source);
    let mut wide = audio_sink();
    wide.mid = "sink".into();
    wide.extensions = extensions(&[
        (Mid, 9),
        (AudioLevel, 14),
        (TransportWideCc, 1),
        (AbsSendTime, 2),
        (DependencyDescriptor, 4),
    ]);
    wide.transport_cc = true;
    let mut two_byte = audio_sink();
    two_byte.extensions = extensions(&[(AudioLevel, 200)]);
    let (mut first, _) = world.viewer(source, wide);
    let (mut second, _) = world.viewer(source, two_byte);
    let (mut third, _) = world.viewer(source, audio_sink());

    let mut track = Track::audio();
    let structure = [7; 40];
    let elements: [(u8, &[u8]); 6] = [
        (1, b"a"),
        (2, &[0x85]),
        (3, &[9; 8]),
        (6, &[1, 2, 3]),
        (7, &[0, 1]),
        (9, &structure),
    ];
    let packet = track.sample(&elements);
    world.send_rtp(&mut publisher, &packet);
    let packet = track.sample(&elements);
    world.send_rtp(&mut publisher, &packet);

    let received = world.take_rtp(&mut first);
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].extension(9), Some(&b"sink"[..]));
    assert_eq!(received[0].extension(14), Some(&[0x85][..]));
    assert_eq!(
        received[0].extension(4),
        Some(&structure[..]),
        "longer than the one-byte form can say"
    );
    assert_ne!(
        received[0].extension(2),
        Some(&[1, 2, 3][..]),
        "send time is ours"
    );
    let number = |index: usize| {
        u16::from_be_bytes(received[index].extension(1).unwrap().try_into().unwrap())
    };
    assert_eq!(number(1), number(0).wrapping_add(1));
    assert_eq!(
        received[0].header.extensions(&received[0].bytes).count(),
        5,
        "capture time was not negotiated"
    );

    let received = world.take_rtp(&mut second);
    assert_eq!(received[0].extension(200), Some(&[0x85][..]));
    let received = world.take_rtp(&mut third);
    assert_eq!(received[0].header.extension_profile, None);
    assert_eq!(received[0].payload(), b"opus payload");
}

#[test]
fn unknown_and_cut_extensions_do_no_harm() {
    let mut world = World::new();
    let mut source = audio_source();
    source.extensions = extensions(&[(AudioLevel, 2)]);
    let (mut publisher, source) = world.publisher(source);
    let mut config = audio_sink();
    config.extensions = extensions(&[(AudioLevel, 2)]);
    let (mut viewer, _) = world.viewer(source, config);
    let mut track = Track::audio();
    // One-byte form: an unknown id, padding, id 15 which ends the block, and an element that overruns it.
    for block in [
        [0x30, 1, 0x20, 0x85],
        [0, 0, 0x20, 0x85],
        [0xf0, 1, 0x20, 0x85],
        [0x2f, 1, 2, 3],
    ] {
        let mut packet = track.sample(&[]);
        packet[0] |= 0x10;
        packet.splice(12..12, [0xbe, 0xde, 0, 1].into_iter().chain(block));
        world.send_rtp(&mut publisher, &packet);
    }
    let levels: Vec<_> = world
        .take_rtp(&mut viewer)
        .iter()
        .map(|packet| packet.extension(2).map(<[u8]>::to_vec))
        .collect();
    assert_eq!(levels, [Some(vec![0x85]), Some(vec![0x85]), None, None]);
}

/// What the relay passes on, each as short and as long as it is written.
const PASSED: [(ExtensionKind, usize, usize); 10] = [
    (AudioLevel, 1, 2),
    (VideoOrientation, 1, 1),
    (PlayoutDelay, 3, 3),
    (AbsCaptureTime, 8, 16),
    (ColorSpace, 4, 28),
    (VideoContentType, 1, 1),
    (VideoTiming, 13, 13),
    (VideoFrameTrackingId, 2, 2),
    (CorruptionDetection, 1, 16),
    (InbandComfortNoise, 1, 1),
];

fn passing(
    ids: &[(ExtensionKind, u16)],
    viewers_ids: &[(ExtensionKind, u16)],
    mixes: bool,
) -> (World, Peer, Peer) {
    let mut world = World::new();
    let mut source = video_source();
    source.extensions = extensions(ids);
    let (publisher, source) = world.publisher(source);
    let mut sink = video_sink();
    sink.extensions = extensions(viewers_ids);
    sink.mixed_extensions = mixes;
    let (viewer, _) = world.viewer(source, sink);
    (world, publisher, viewer)
}

#[test]
fn everything_that_needs_no_rewriting_is_passed_on_with_the_viewers_id() {
    for (publishers_first, viewers_first) in [(1, 5), (3, 40), (200, 1), (100, 220)] {
        for (kind, shortest, longest) in PASSED {
            for length in [shortest, longest] {
                let ids = [(kind, publishers_first)];
                let (mut world, mut publisher, mut viewer) =
                    passing(&ids, &[(kind, viewers_first)], true);
                let value: Vec<u8> = (0..length as u8).map(|byte| byte + 33).collect();
                let id = publishers_first as u8;
                for packet in Track::video().frame_with(true, 2, &[(id, &value)]) {
                    world.send_rtp(&mut publisher, &packet);
                }
                for packet in world.take_rtp(&mut viewer) {
                    assert_eq!(packet.extension(viewers_first as u8), Some(&value[..]));
                }
            }
        }
    }
}

#[test]
fn all_at_once_fit_a_packet() {
    let number = |first: u16| {
        let kinds = PASSED.iter().zip(first..);
        kinds
            .map(|((kind, ..), id)| (*kind, id))
            .collect::<Vec<_>>()
    };
    let (mut world, mut publisher, mut viewer) = passing(&number(1), &number(20), true);
    let values: Vec<Vec<u8>> = PASSED
        .iter()
        .map(|(_, _, longest)| vec![7; *longest])
        .collect();
    let elements: Vec<(u8, &[u8])> = (1..).zip(values.iter().map(Vec::as_slice)).collect();
    for packet in Track::video().frame_with(true, 1, &elements) {
        world.send_rtp(&mut publisher, &packet);
    }
    let received = world.take_rtp(&mut viewer);
    for (id, value) in (20..).zip(&values) {
        assert_eq!(received[0].extension(id), Some(&value[..]));
    }
}

#[test]
fn a_viewer_of_one_form_gets_what_that_can_say() {
    let ids = [(ColorSpace, 3), (VideoOrientation, 4)];
    let (mut world, mut publisher, mut viewer) =
        passing(&ids, &[(ColorSpace, 8), (VideoOrientation, 9)], false);
    let mut track = Track::video();
    for length in [4, 28] {
        let value = vec![5; length];
        for packet in track.frame_with(true, 1, &[(3, &value), (4, &[1])]) {
            world.send_rtp(&mut publisher, &packet);
        }
    }
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received[0].extension(8), Some(&[5; 4][..]));
    assert_eq!(received[1].extension(8), None);
    for packet in &received {
        assert_eq!(packet.header.extension_profile, Some(0xbede));
        assert_eq!(packet.extension(9), Some(&[1][..]));
    }
}

#[test]
fn values_longer_than_any_are_left_out_and_the_last_of_two_counts() {
    let number = |first: u16| {
        let kinds = PASSED.iter().zip(first..);
        kinds
            .map(|((kind, ..), id)| (*kind, id))
            .collect::<Vec<_>>()
    };
    let (mut world, mut publisher, mut viewer) = passing(&number(1), &number(1), true);
    let mut track = Track::video();
    let long = [9; 40];
    let mut elements: Vec<(u8, &[u8])> = (1..=10).map(|id| (id, &long[..])).collect();
    let mut packets = track.frame_with(true, 1, &elements);
    elements = vec![(5, &[1; 4]); 60];
    elements.push((5, &[2; 4]));
    packets.extend(track.frame_with(true, 1, &elements));
    for packet in packets {
        world.send_rtp(&mut publisher, &packet);
    }
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received[0].header.extension_profile, None);
    assert_eq!(received[1].extension(5), Some(&[2; 4][..]));
    assert_eq!(received[1].header.extensions(&received[1].bytes).count(), 1);
}
