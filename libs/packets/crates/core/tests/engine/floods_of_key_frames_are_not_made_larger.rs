use salon_packets_core::config::{Codec, SinkConfig};

use crate::key_frames_get_their_parameter_sets::*;
use crate::stage::{H264, sink_of, source_of};
use crate::support::*;

/// Its first slice begins, and that is all.
const BEGINNING: &[u8] = &[0x65, 0x80];
/// At once; more of them come one in 100 ms.
const AT_ONCE: usize = 4;

fn count_sets(payloads: &[Vec<u8>]) -> usize {
    let sets = stap(&[SPS, PPS]);
    payloads.iter().filter(|payload| **payload == sets).count()
}

#[test]
fn a_frame_that_begins_a_hundred_times_gets_parameter_sets_once() {
    let mut scene = Scene::new(with_signalled(&[SPS, PPS]));
    let mut viewer = scene.viewer();
    let link = scene.world.link();
    let local_consumer = SinkConfig {
        nack: false,
        rtx_ssrc: None,
        ..sink_of(H264)
    };
    scene
        .world
        .add_local_sink(link, scene.source, local_consumer);
    // Over two seconds: the frame stays the same.
    for packet in scene.packets(&[BEGINNING; 100]) {
        scene.send(&[packet]);
        scene.world.advance(20 * MS);
    }
    let received = scene.world.take_rtp(&mut viewer);
    assert!(is_continuous(&sequences(&received)));
    let seen = payloads(&received);
    assert_eq!((seen.len(), count_sets(&seen)), (101, 1));
    let local = payloads(&scene.world.take_local(link).0);
    assert_eq!((local.len(), count_sets(&local)), (101, 1));
    let fragment: &[u8] = &[0x7c, 0x85, 0x80];
    scene.frame(&[fragment; 100]);
    assert_eq!(count_sets(&scene.seen(&mut viewer)), 1);
}

#[test]
fn a_flood_of_frames_gets_parameter_sets_a_few_times() {
    let mut scene = Scene::new(with_signalled(&[SPS, PPS]));
    let mut viewer = scene.viewer();
    for _ in 0..400 {
        scene.frame(&[BEGINNING]);
        scene.world.advance(MS / 4);
    }
    let received = scene.world.take_rtp(&mut viewer);
    assert!(is_continuous(&sequences(&received)));
    let seen = payloads(&received);
    assert_eq!((seen.len(), count_sets(&seen)), (400 + AT_ONCE, AT_ONCE));
    // A new viewer gets them at once, and so does everybody when the flood is over.
    let mut late = scene.viewer();
    scene.frame(&[BEGINNING]);
    assert_eq!(count_sets(&scene.seen(&mut late)), 1);
    scene.world.advance(SECOND);
    scene.seen(&mut viewer);
    scene.frame(&[BEGINNING]);
    assert_eq!(count_sets(&scene.seen(&mut viewer)), 1);
}

#[test]
fn a_flood_of_payload_types_gets_parameter_sets_a_few_times() {
    let other = Codec {
        payload_type: 108,
        rtx_payload_type: None,
        ..H264
    };
    let mut config = with_signalled(&[SPS, PPS]);
    config.codecs.push(other);
    config
        .parameter_sets
        .extend([signalled(108, SPS), signalled(108, PPS)]);
    let mut scene = Scene::new(config);
    let both = SinkConfig {
        alternatives: vec![(102, H264), (108, other)],
        ..sink_of(H264)
    };
    let mut viewer = scene.world.viewer(scene.source, both).0;
    for place in 0..200 {
        let mut packets = scene.packets(&[BEGINNING]);
        packets[0][1] = 0x80 | [102, 108][place % 2];
        scene.send(&packets);
    }
    let seen = scene.seen(&mut viewer);
    assert_eq!((seen.len(), count_sets(&seen)), (200 + AT_ONCE, AT_ONCE));
}

#[test]
fn a_stream_of_key_frames_alone_is_repaired_as_late_as_any_other() {
    let mut scene = Scene::new(with_signalled(&[SPS, PPS]));
    let mut viewer = scene.viewer();
    let mut lost = Vec::new();
    for place in 0_u8..180 {
        let unit = [0x65, 0x88, place];
        let packets = scene.packets(&[&unit, &[0x65, 0x42, place]]);
        if place == 60 {
            scene.send(&packets[..1]);
            lost.push(packets[1].clone());
        } else {
            scene.send(&packets);
        }
        scene.world.advance(SECOND / 60);
    }
    let received = scene.world.take_rtp(&mut viewer);
    scene.send(&lost);
    let late = scene.world.take_rtp(&mut viewer);
    assert_eq!(payloads(&late), [[0x65, 0x42, 60]]);
    let mut all = sequences(&received);
    let before = received
        .iter()
        .position(|packet| packet.payload() == [0x65, 0x88, 60])
        .unwrap();
    all.insert(before + 1, late[0].header.sequence_number);
    assert!(is_continuous(&all), "in the place that was left for it");
}

#[test]
fn a_packet_full_of_parameter_sets_leaves_sixteen() {
    let mut scene = Scene::new(source_of(H264, 1000));
    let mut viewer = scene.viewer();
    let sets: Vec<Vec<u8>> = (0_u8..250)
        .map(|id| {
            let coded = u32::from(id) + 1;
            let bits = (coded << (2 * coded.leading_zeros() - 31)).to_be_bytes();
            vec![0x68, bits[0], bits[1], id]
        })
        .collect();
    let full = stap(&sets.iter().map(Vec::as_slice).take(220).collect::<Vec<_>>());
    scene.frame(&[SPS, BEGINNING]);
    for _ in 0..3 {
        scene.frame(&[&full, &[0x41, 0x9a]]);
    }
    scene.seen(&mut viewer);
    scene.frame(&[BEGINNING]);
    let mut expected = vec![SPS];
    expected.extend(sets[205..220].iter().map(Vec::as_slice));
    assert_eq!(scene.seen(&mut viewer), [&stap(&expected)[..], BEGINNING]);
}
