use salon_packets_core::wire::rtp::Header;
use salon_packets_core::wire::vp8::Descriptor;
use salon_packets_frames::{Codec, MAX_PACKET_BYTES, NothingToSend, is_keyframe};

use crate::support::*;

#[test]
fn of_any_frame_at_most_1200_bytes_and_one_byte_apart() {
    let mut random = Random(1);
    for codec in [Codec::Vp8, Codec::H264] {
        let mut packetizer = packetizer(codec);
        for len in (1..6_000).step_by(7).chain([500_000]) {
            let orientation = (len % 2 == 0).then_some(3);
            let frame = frame(codec, false, len, &mut random);
            assert!(!is_keyframe(codec, &frame));
            let packets = packets(&mut packetizer, &frame, 9_000, orientation);
            assert!(packets.len() <= frame.len() / 1_100 + 1, "{len}");
            let sizes: Vec<_> = packets.iter().map(Vec::len).collect();
            let (longest, shortest) = (*sizes.iter().max().unwrap(), *sizes.iter().min().unwrap());
            assert!(
                longest <= MAX_PACKET_BYTES && longest - shortest <= 1,
                "{sizes:?}"
            );
            assert!(sizes.is_sorted_by(|a, b| a >= b), "the longer ones first");
        }
    }
}

#[test]
fn numbered_and_marked_with_the_orientation_on_the_last() {
    let mut random = Random(2);
    let mut packetizer = packetizer(Codec::Vp8);
    let mut expected = None;
    for picture in 0..20u32 {
        let frame = frame(Codec::Vp8, picture == 0, 5_000, &mut random);
        let packets = packets(&mut packetizer, &frame, picture * 3_000, Some(2));
        for (index, packet) in packets.iter().enumerate() {
            let header = Header::parse(packet).unwrap();
            let is_last = index + 1 == packets.len();
            assert_eq!(header.marker, is_last);
            assert_eq!(header.ssrc, SSRC);
            assert_eq!(header.timestamp, picture * 3_000);
            assert_eq!(header.payload_type, PAYLOAD_TYPE);
            assert_eq!(
                header.extensions(packet).find(ORIENTATION_ID),
                is_last.then_some(&[2][..])
            );
            let number = *expected.get_or_insert(header.sequence_number);
            assert_eq!(header.sequence_number, number, "across the wrap of 15 bits");
            expected = Some(number.wrapping_add(1));
            let payload = &packet[header.payload(packet).unwrap()];
            let descriptor = Descriptor::parse(payload).unwrap();
            assert_eq!(descriptor.is_frame_start(), index == 0);
            assert_eq!(
                descriptor.is_keyframe_start(payload),
                index == 0 && picture == 0
            );
            let id = descriptor.picture_id.unwrap();
            assert!(id.is_long);
            assert_eq!(u32::from(id.value), (0x7fff + picture) & 0x7fff);
        }
    }
}

#[test]
fn a_frame_that_left_in_part_leaves_one_number_out_and_one_that_did_not_none() {
    let mut random = Random(3);
    let mut packetizer = packetizer(Codec::Vp8);
    let frame = frame(Codec::Vp8, true, 5_000, &mut random);
    let mut first = |sent: usize| {
        let packets = packetizer.cut(&frame, 0, None).unwrap();
        let packet = packets.iter().next().unwrap();
        let header = Header::parse(packet).unwrap();
        let id = Descriptor::parse(&packet[header.header_bytes..])
            .unwrap()
            .picture_id
            .unwrap();
        packetizer.sent(sent);
        (header.sequence_number, id.value)
    };
    let start = first(0).0;
    assert_eq!(first(3), (start, 0x7fff));
    assert_eq!(first(5), (start.wrapping_add(4), 0));
    assert_eq!(first(0), (start.wrapping_add(9), 1));
}

#[test]
fn nothing_is_made_of_nothing() {
    for (codec, frame) in [
        (Codec::Vp8, &[][..]),
        (Codec::H264, &[]),
        (Codec::H264, &[1, 2, 3]),
        (Codec::H264, &[0, 0, 0, 1]),
        (Codec::H264, &[0, 0, 1, 9, 0x10]),
        (Codec::H264, &[0, 0, 1, 0x7c, 0x85]),
    ] {
        let refused = packetizer(codec).cut(frame, 0, None).err();
        assert_eq!(refused, Some(NothingToSend), "{frame:?}");
        assert!(!is_keyframe(codec, frame));
    }
}
