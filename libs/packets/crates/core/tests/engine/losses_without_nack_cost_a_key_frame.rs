use salon_packets_core::config::{KeyframeFeedback, SourceConfig};
use salon_packets_core::wire::rtcp::{Packet, Packets};

use crate::support::*;

/// (PLIs, numbers of FIRs, numbers asked for by NACK).
fn requests(compounds: &[Vec<u8>]) -> (usize, Vec<u8>, usize) {
    let mut found = (0, Vec::new(), 0);
    for packet in compounds
        .iter()
        .flat_map(|compound| Packets::new(compound))
        .flatten()
    {
        match packet {
            Packet::Pli {
                media_ssrc: 1000, ..
            } => found.0 += 1,
            Packet::Fir(fir) => {
                let ours = fir.entries().filter(|(ssrc, _)| *ssrc == 1000);
                found.1.extend(ours.map(|(_, number)| number));
            }
            Packet::Nack(nack) => found.2 += nack.sequence_numbers().count(),
            _ => {}
        }
    }
    found
}

struct Encoder {
    world: World,
    peer: Peer,
    track: Track,
}

impl Encoder {
    /// It has sent a key frame to a viewer, who asked for it.
    fn new(keyframe_feedback: KeyframeFeedback) -> Self {
        let mut world = World::new();
        let (peer, source) = world.publisher(SourceConfig {
            nack: false,
            keyframe_feedback,
            ..video_source()
        });
        let _viewer = world.viewer(source, video_sink());
        let mut encoder = Self {
            world,
            peer,
            track: Track::video(),
        };
        encoder.send(true, |_| true);
        encoder.wait(3 * SECOND);
        encoder
    }

    fn send(&mut self, is_key: bool, arrives: impl Fn(usize) -> bool) {
        let packets = self.track.frame(is_key, 4);
        for (place, packet) in packets.iter().enumerate() {
            if arrives(place) {
                self.world.send_rtp(&mut self.peer, packet);
            }
        }
    }

    fn wait(&mut self, by_ns: u64) -> (usize, Vec<u8>, usize) {
        self.world.advance(by_ns);
        requests(&self.world.take_rtcp(&mut self.peer))
    }
}

#[test]
fn which_is_asked_for_until_it_comes() {
    for lost in [0, 1, 2] {
        let mut encoder = Encoder::new(KeyframeFeedback::Pli);
        encoder.send(false, |place| place != lost);
        encoder.send(false, |_| true);
        assert_eq!(encoder.wait(50 * MS), (1, vec![], 0));
        assert_eq!(encoder.wait(SECOND), (2, vec![], 0), "repeated");
        encoder.send(true, |_| true);
        assert_eq!(encoder.wait(3 * SECOND), (0, vec![], 0));
    }
}

#[test]
fn by_fir_where_that_alone_is_offered_with_a_new_number_each_time() {
    let mut encoder = Encoder::new(KeyframeFeedback::Fir);
    encoder.send(false, |place| place != 1);
    let (plis, first, _) = encoder.wait(50 * MS);
    encoder.send(true, |_| true);
    encoder.wait(2 * SECOND);
    encoder.send(false, |place| place != 2);
    let (_, second, _) = encoder.wait(50 * MS);
    assert_eq!((plis, first.len(), second.len()), (0, 1, 1));
    assert_eq!(second[0], first[0].wrapping_add(1));
}

#[test]
fn and_late_packets_cost_nothing() {
    let mut encoder = Encoder::new(KeyframeFeedback::Pli);
    for _ in 0..20 {
        let packets = encoder.track.frame(false, 5);
        for index in [0, 2, 3, 4] {
            encoder.world.send_rtp(&mut encoder.peer, &packets[index]);
        }
        encoder.world.advance(20 * MS);
        encoder.world.send_rtp(&mut encoder.peer, &packets[1]);
        assert_eq!(encoder.wait(13 * MS), (0, vec![], 0));
    }
}

#[test]
fn but_nobody_is_asked_who_offers_no_way_to() {
    let mut encoder = Encoder::new(KeyframeFeedback::NotOffered);
    encoder.send(false, |place| place != 1);
    encoder.send(false, |_| true);
    assert_eq!(encoder.wait(3 * SECOND), (0, vec![], 0));
}

#[test]
fn and_a_long_gap_is_one_loss() {
    let mut encoder = Encoder::new(KeyframeFeedback::Pli);
    for _ in 0..100 {
        encoder.send(false, |_| false);
    }
    encoder.send(false, |_| true);
    assert_eq!(encoder.wait(100 * MS), (1, vec![], 0));
}
