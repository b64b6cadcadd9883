use salon_packets_core::config::{Codec, CodecName, SourceConfig};

use crate::support::*;

/// The same pictures at once under several SSRCs, in the order they are sent in.
struct Section {
    world: World,
    publisher: Peer,
    viewer: Peer,
    tracks: Vec<Track>,
    /// Last payload byte of what the viewer got, in order: the place of its SSRC among those sent.
    seen: Vec<u8>,
    asked: Vec<u32>,
}

impl Section {
    fn new(config: SourceConfig, ssrcs: &[u32]) -> Self {
        let mut world = World::new();
        let codec = config.codecs[0];
        let (publisher, source) = world.publisher(config);
        let mut sink = video_sink();
        sink.codec.name = codec.name;
        let (viewer, _) = world.viewer(source, sink);
        let tracks = ssrcs.iter().zip(0..).map(|(ssrc, place)| Track {
            ssrc: *ssrc,
            payload_type: codec.payload_type,
            sequence: 500 + 1000 * place,
            ..Track::video()
        });
        Self {
            tracks: tracks.collect(),
            world,
            publisher,
            viewer,
            seen: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// One picture of each of these, and the time until the next.
    fn picture(&mut self, places: &[usize], is_key: bool, every_ns: u64) {
        let h264 = |is_key| if is_key { [0x65, 0x88] } else { [0x41, 0x9a] };
        for place in places {
            let track = &mut self.tracks[*place];
            let mut packet = track.frame_with(is_key, 1, &[(4, b"v")]).remove(0);
            if track.payload_type == H264.payload_type {
                packet.truncate(packet.len() - 10);
                packet.extend(h264(is_key));
            }
            packet.push(*place as u8);
            self.world.send_rtp(&mut self.publisher, &packet);
        }
        self.world.advance(every_ns);
        let compounds = self.world.take_rtcp(&mut self.publisher);
        self.asked.extend(plis(&compounds));
        let received = self.world.take_rtp(&mut self.viewer);
        let places = received
            .iter()
            .map(|packet| *packet.payload().last().unwrap());
        self.seen.extend(places);
    }

    fn pictures(&mut self, places: &[usize], count: usize) {
        for index in 0..count {
            self.picture(places, index == 0, 33 * MS);
        }
    }
}

const H264: Codec = Codec {
    name: CodecName::H264,
    payload_type: 102,
    clock_rate_hz: 90_000,
    rtx_payload_type: Some(103),
};

fn config(codec: Codec, ssrcs: &[(u32, Option<u32>)]) -> SourceConfig {
    SourceConfig {
        codecs: vec![codec],
        ssrcs: ssrcs.to_vec(),
        ..video_source()
    }
}

#[test]
fn viewers_get_every_picture_of_the_declared_one_or_of_the_first() {
    for codec in [VP8, H264] {
        let all = [(1000, Some(1001)), (1100, None), (1200, Some(1201))];
        for (declared, count) in [(3, 3), (1, 3), (0, 3), (2, 2), (1, 2), (0, 2)] {
            let ssrcs = [1000, 1100, 1200];
            let mut section = Section::new(config(codec, &all[..declared]), &ssrcs[..count]);
            let places: Vec<usize> = (0..count).collect();
            section.pictures(&places, 60);
            assert_eq!(section.seen, [0; 60], "{codec:?} {declared} {count}");
            assert!(section.asked.iter().all(|ssrc| *ssrc == 1000));
        }
    }
}

#[test]
fn the_declared_one_is_waited_for_though_others_begin() {
    for places in [&[2, 1, 0][..], &[1, 0], &[2, 0]] {
        let declared = [(1000, None), (1100, None), (1200, None)];
        let mut section = Section::new(config(VP8, &declared), &[1000, 1100, 1200]);
        section.pictures(&places[..places.len() - 1], 10);
        section.pictures(places, 40);
        assert_eq!(section.seen, [0; 40]);
    }
}

#[test]
fn slow_pictures_do_not_look_like_silence() {
    for order in [[0, 1, 2], [2, 1, 0]] {
        let declared = [(1000, None), (1100, None), (1200, None)];
        let mut section = Section::new(config(VP8, &declared), &[1000, 1100, 1200]);
        for index in 0..12 {
            section.picture(&order, index == 0, 2 * SECOND);
        }
        assert_eq!(section.seen, [0; 12]);
    }
}

#[test]
fn an_encoder_that_begins_anew_is_followed_with_its_first_key_frame() {
    for declared in [
        &[(1000, Some(1001))][..],
        &[],
        &[(1000, None), (1100, None)],
    ] {
        let mut section = Section::new(config(VP8, declared), &[1000, 1100]);
        section.pictures(&[0], 30);
        section.pictures(&[1], 30);
        assert_eq!(section.seen, [[0; 30], [1; 30]].concat());
    }
}

#[test]
fn one_that_begins_in_the_middle_is_asked_for_a_key_frame_at_once() {
    for codec in [VP8, H264] {
        let mut section = Section::new(config(codec, &[]), &[1000, 1100, 1200]);
        section.pictures(&[0, 1, 2], 30);
        section.asked.clear();
        for _ in 0..17 {
            section.picture(&[1, 2], false, 33 * MS);
        }
        assert_eq!(section.asked, [1100], "{codec:?}");
        section.pictures(&[1, 2], 30);
        assert_eq!(section.seen, [[0; 30], [1; 30]].concat());
    }
}

#[test]
fn who_comes_back_later_does_not_take_over() {
    let mut section = Section::new(config(VP8, &[(1000, None)]), &[1000, 1100]);
    section.pictures(&[0], 10);
    section.pictures(&[1], 30);
    section.pictures(&[0, 1], 40);
    assert_eq!(section.seen, [vec![0; 10], vec![1; 70]].concat());
}

#[test]
fn another_streams_retransmissions_are_not_taken_for_this_ones() {
    let declared = [(1000, Some(1001)), (1100, Some(1101))];
    for config in [
        config(VP8, &declared),
        config(VP8, &declared[..1]),
        config(VP8, &[]),
    ] {
        let mut section = Section::new(config, &[1000, 1100]);
        section.pictures(&[0, 1], 10);
        let mut fields = section.tracks[1].fields(true);
        (fields.ssrc, fields.payload_type) = (1101, 97);
        // As a probe: numbers of the second stream, some of which the first one has not reached.
        for number in 505..525u16 {
            fields.sequence_number = number;
            let mut payload = number.to_be_bytes().to_vec();
            payload.extend([0x90, 0xc0, 0x80, 1, 1, 1, 0, 0, 99]);
            let probe = packet(&fields, &[(4, b"v")], &payload);
            section.world.send_rtp(&mut section.publisher, &probe);
        }
        section.pictures(&[0, 1], 10);
        assert_eq!(section.seen, [0; 20]);
    }
}

#[test]
fn a_retransmission_stream_nobody_named_is_known_by_what_it_answers() {
    let mut section = Section::new(config(VP8, &[]), &[1000]);
    section.pictures(&[0], 5);
    let mut lost = section.tracks[0].frame(false, 1).remove(0);
    lost.push(77);
    for _ in 0..2 {
        section.picture(&[0], false, 33 * MS);
    }
    let mut fields = section.tracks[0].fields(true);
    (fields.ssrc, fields.payload_type, fields.sequence_number) = (4321, 97, 9);
    let mut payload = lost[2..4].to_vec();
    payload.extend_from_slice(&lost[12..]);
    let repair = packet(&fields, &[(4, b"v")], &payload);
    section.world.send_rtp(&mut section.publisher, &repair);
    section.pictures(&[0], 1);
    assert_eq!(section.seen, [0, 0, 0, 0, 0, 0, 0, 77, 0]);
}
