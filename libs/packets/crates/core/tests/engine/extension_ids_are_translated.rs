use salon_packets_core::wire::extensions::ExtensionKind::*;

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
