use salon_packets_core::wire::rtp::Header;
use salon_packets_frames::{Codec, ColorSpace, FrameAssembler, LatestColorSpace, MAX_PACKET_BYTES};

use crate::support::*;

fn said(length: usize) -> Option<ColorSpace> {
    ColorSpace::read(&(1..=length as u8).collect::<Vec<u8>>())
}

#[test]
fn on_the_last_packet_of_a_frame_in_either_form_with_and_without_orientation() {
    let mut random = Random(8);
    for codec in [Codec::Vp8, Codec::H264] {
        for length in [4, 28] {
            for orientation in [None, Some(3)] {
                for bytes in [20, 1100, 1170, 1180, 5000] {
                    let color_space = said(length);
                    let mut packetizer = packetizer(codec);
                    packetizer.set_color_space(color_space.map(|one| (COLOR_SPACE_ID, one)));
                    let mut assembler = FrameAssembler::new(settings(codec));
                    let frame = frame(codec, true, bytes, &mut random);
                    let cut = packets(&mut packetizer, &frame, 90, orientation);
                    for (index, packet) in cut.iter().enumerate() {
                        let header = Header::parse(packet).unwrap();
                        let value = header.extensions(packet).find(COLOR_SPACE_ID);
                        assert_eq!(value.is_some(), index + 1 == cut.len());
                        assert!(packet.len() <= MAX_PACKET_BYTES);
                        assembler.on_packet(packet, 0);
                    }
                    let got = frames(&mut assembler).remove(0);
                    assert_eq!(got.data, frame);
                    assert_eq!(
                        (got.color_space, got.orientation),
                        (color_space, orientation)
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_of_another_length_says_nothing() {
    for length in (0..=255).filter(|length| !matches!(length, 4 | 28)) {
        assert_eq!(ColorSpace::read(&vec![1; length]), None);
    }
}

#[test]
fn what_was_said_holds_until_it_changes_or_a_key_frame_takes_it_back() {
    let mut latest = LatestColorSpace::default();
    latest.on_frame(true, said(4));
    latest.on_frame(false, None);
    assert_eq!(latest.get(), said(4));
    latest.on_frame(false, said(28));
    assert_eq!(latest.get(), said(28));
    latest.on_frame(true, None);
    assert_eq!(latest.get(), None);
}
