use super::support::hex;
use salon_packets_core::wire::WireError;
use salon_packets_core::wire::vp8::{Descriptor, MAX_DESCRIPTOR_BYTES, PictureId, TemporalLayer};

#[test]
fn every_field_is_read() {
    let descriptor = Descriptor::parse(&hex("b3 f0 92ab 11 a5 00")).unwrap();
    assert!(descriptor.is_non_reference);
    assert!(descriptor.is_partition_start);
    assert_eq!(descriptor.partition, 3);
    assert_eq!(
        descriptor.picture_id,
        Some(PictureId {
            value: 0x12ab,
            is_long: true
        })
    );
    assert_eq!(descriptor.tl0_pic_idx, Some(0x11));
    assert_eq!(
        descriptor.temporal_layer,
        Some(TemporalLayer {
            id: 2,
            is_sync: true
        })
    );
    assert_eq!(descriptor.key_idx, Some(5));
    assert_eq!(descriptor.bytes, MAX_DESCRIPTOR_BYTES);
    assert!(!descriptor.is_frame_start());
}

#[test]
fn absent_fields_take_no_room() {
    let cases = [
        ("10", 1),
        ("10 00", 1),
        ("90 00", 2),
        ("90 80 05", 3),
        ("90 80 8005", 4),
        ("90 40 05", 3),
        ("90 20 40", 3),
        ("90 10 05", 3),
        ("90 c0 05 06", 4),
    ];
    for (payload, bytes) in cases {
        assert_eq!(
            Descriptor::parse(&hex(payload)).unwrap().bytes,
            bytes,
            "{payload}"
        );
    }
    let descriptor = Descriptor::parse(&hex("90 10 e5")).unwrap();
    assert_eq!(
        (descriptor.temporal_layer, descriptor.key_idx),
        (None, Some(5))
    );
}

#[test]
fn a_descriptor_cut_short_is_refused() {
    for payload in ["", "80", "90 80", "90 80 80", "90 c0 05", "90 a0 8005"] {
        assert_eq!(
            Descriptor::parse(&hex(payload)).err(),
            Some(WireError::Truncated),
            "{payload}"
        );
    }
}

#[test]
fn ids_are_rewritten_in_their_width_and_nothing_else_changes() {
    let cases = [
        ("90 f0 92ab 11 a5 77", 0x7ffe, "90 f0 fffe 22 a5 77"),
        ("90 f0 92ab 11 a5 77", 0xffff, "90 f0 ffff 22 a5 77"),
        ("90 f0 12 11 a5 77", 0x01ff, "90 f0 7f 22 a5 77"),
        ("90 80 8000 77", 3, "90 80 8003 77"),
        ("90 40 11 77", 3, "90 40 22 77"),
        ("90 20 40 77", 3, "90 20 40 77"),
        ("10 77", 3, "10 77"),
    ];
    for (before, picture_id, after) in cases {
        let mut payload = hex(before);
        let descriptor = Descriptor::parse(&payload).unwrap();
        descriptor.rewrite(&mut payload, picture_id, 0x22);
        assert_eq!(payload, hex(after), "{before}");
        assert_eq!(Descriptor::parse(&payload).unwrap().bytes, descriptor.bytes);
    }
}

#[test]
fn rewriting_a_shorter_copy_touches_only_what_is_there() {
    let descriptor = Descriptor::parse(&hex("90 f0 92ab 11 a5 77")).unwrap();
    for len in 0..MAX_DESCRIPTOR_BYTES {
        descriptor.rewrite(&mut vec![0; len], 1, 2);
    }
}
