use super::support::hex;
use salon_packets_core::wire::{h264, vp8};

#[test]
fn vp8_needs_the_first_partition_start_and_a_clear_p_bit() {
    let cases = [
        ("10 00", true),
        ("10 50 9d012a", true),
        ("10 01", false),
        ("00 00", false),
        ("11 00", false),
        ("90 80 8005 00", true),
        ("90 80 8005 01", false),
        ("90 80 05 00", true),
        ("90 00 00", true),
        ("10", false),
        ("90 80 8005", false),
        ("", false),
        ("90", false),
    ];
    for (payload, expected) in cases {
        assert_eq!(vp8::is_keyframe(&hex(payload)), expected, "{payload}");
    }
}

#[test]
fn h264_is_recognised_in_every_packetisation() {
    let cases = [
        ("65 88", true),
        ("67 42", true),
        ("27", true),
        ("61 88", false),
        ("68 ce", false),
        ("06 05", false),
        // STAP-A: SEI then SPS; slices only; IDR second.
        ("18 0002 0605 0002 6742", true),
        ("18 0002 6188 0002 6188", false),
        ("18 0001 61 0001 65", true),
        ("18 0000 0001 65", true),
        // FU-A: first fragment of an IDR, a middle one, first fragment of a slice.
        ("7c 85 88", true),
        ("7c 05 88", false),
        ("7c 81 88", false),
        ("7c 87", true),
        // Cut short.
        ("", false),
        ("7c", false),
        ("18", false),
        ("18 00", false),
        ("18 0005 6588", false),
        ("18 ffff", false),
    ];
    for (payload, expected) in cases {
        assert_eq!(h264::is_keyframe(&hex(payload)), expected, "{payload}");
    }
}

#[test]
fn h264_parameter_sets_tell_their_ids() {
    let cases = [
        ("67 42e01f 8d", Some(0)),
        ("67 640028 acd9", Some(0)),
        ("67 42e01f 40", Some(1)),
        ("67 42e01f 0840", Some(15)),
        ("67 42e01f 0420", None),
        ("68 ce3c80", Some(0)),
        ("68 008000", Some(255)),
        ("68 008080", None),
        // Cut short, and what is none.
        ("67 42e01f", None),
        ("67 42e01f 04", None),
        ("68", None),
        ("68 00", None),
        ("65 88", None),
    ];
    for (payload, expected) in cases {
        let payload = hex(payload);
        let unit = h264::units(&payload).next().unwrap();
        assert_eq!(unit.parameter_set_id(), expected, "{payload:02x?}");
    }
}

#[test]
fn h264_idr_pictures_begin_with_macroblock_0() {
    let cases = [
        ("65 88", 1),
        ("65 41", 0),
        ("65", 0),
        ("61 88", 0),
        ("18 0002 6588 0002 6541", 1),
        ("7c 85 88", 1),
        ("7c 85 41", 0),
        ("7c 45 88", 0),
        ("7c 85", 0),
    ];
    for (payload, expected) in cases {
        let payload = hex(payload);
        let begin = h264::units(&payload).filter(|unit| unit.begins_idr_picture());
        assert_eq!(begin.count(), expected, "{payload:02x?}");
    }
}
