use salon_packets_core::config::Codec;

use crate::support::*;

/// A frame as libwebrtc cuts it: the later parts are one byte longer.
fn uneven_frame(track: &mut Track, keyframe: bool) -> Vec<Vec<u8>> {
    let mut frame = track.frame(keyframe, 4);
    for (place, packet) in frame.iter_mut().enumerate() {
        packet.resize(700 + place / 2, 7);
    }
    frame
}

fn batch(publisher: &mut Peer, packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    packets
        .iter()
        .map(|packet| protect(publisher, packet))
        .collect()
}

#[test]
fn so_that_one_call_sends_them_and_the_payload_is_what_it_was() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    let frame = uneven_frame(&mut track, true);
    let datagrams = batch(&mut publisher, &frame);
    world.deliver_batch(publisher.address, &datagrams);
    let received = world.take_rtp(&mut viewer);
    assert_eq!(
        received
            .iter()
            .map(|packet| packet.bytes.len())
            .collect::<Vec<_>>(),
        [701; 4]
    );
    assert_eq!(
        received
            .iter()
            .map(|packet| packet.header.has_padding)
            .collect::<Vec<_>>(),
        [true, true, false, false]
    );
    for (packet, original) in received.iter().zip(&frame) {
        assert_eq!(packet.payload()[5..], original[17..]);
    }
}

#[test]
fn but_only_within_a_frame_and_a_byte() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    let mut packets = [track.frame(true, 2), track.frame(false, 2)].concat();
    for (packet, len) in packets.iter_mut().zip([300, 302, 303, 303]) {
        packet.resize(len, 7);
    }
    let datagrams = batch(&mut publisher, &packets);
    world.deliver_batch(publisher.address, &datagrams);
    let received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 4);
    assert!(received.iter().all(|packet| !packet.header.has_padding));
    assert!(is_continuous(&sequences(&received)));
}

#[test]
fn and_a_padded_packet_is_sent_again_as_it_was() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let mut config = video_sink();
    config.rtx_ssrc = None;
    config.codec = Codec {
        rtx_payload_type: None,
        ..config.codec
    };
    let (mut viewer, _) = world.viewer(source, config);
    let datagrams = batch(&mut publisher, &uneven_frame(&mut Track::video(), true));
    world.deliver_batch(publisher.address, &datagrams);
    let raw = world.take_raw(viewer.address);
    let number = u16::from_be_bytes([raw[0][2], raw[0][3]]);
    world.send_rtcp(&mut viewer, |writer| {
        writer.receiver_report(5, &[]).unwrap();
        writer.nack(5, 7000, &[number]).unwrap();
    });
    assert_eq!(world.take_raw(viewer.address), [raw[0].clone()]);
}

#[test]
fn and_a_batch_of_several_frames_with_a_late_beginning_is_sent_once_each() {
    let mut world = World::new();
    let (mut publisher, source) = world.publisher(video_source());
    let (mut viewer, _) = world.viewer(source, video_sink());
    let mut track = Track::video();
    let mut packets = [
        track.frame(false, 1),
        track.frame(true, 3),
        track.frame(false, 2),
    ]
    .concat();
    packets.swap(1, 3);
    let datagrams = batch(&mut publisher, &packets);
    world.deliver_batch(publisher.address, &datagrams[..3]);
    assert!(world.take_rtp(&mut viewer).is_empty());
    world.deliver_batch(publisher.address, &datagrams[3..]);
    let mut received = world.take_rtp(&mut viewer);
    assert_eq!(received.len(), 5);
    received.sort_by_key(|packet| packet.header.sequence_number);
    assert!(is_continuous(&sequences(&received)));
}
