use super::support::hex;
use salon_packets_core::wire::WireError;
use salon_packets_core::wire::extensions::{
    AudioLevel, ExtensionIds, ExtensionKind, Extensions, abs_send_time, audio_level,
    transport_sequence, write, written_bytes,
};

fn read(profile: u16, data: &str) -> Vec<(u8, Vec<u8>)> {
    let data = hex(data);
    Extensions::new(profile, &data)
        .map(|element| (element.id, element.data.to_vec()))
        .collect()
}

#[test]
fn one_byte_elements_are_read_around_padding() {
    assert_eq!(
        read(0xbede, "10aa 0000 21bbcc 00"),
        [(1, vec![0xaa]), (2, vec![0xbb, 0xcc])]
    );
    assert_eq!(read(0xbede, "00000000"), []);
}

#[test]
fn two_byte_elements_are_read_with_any_appbits() {
    for profile in 0x1000..=0x100f {
        assert_eq!(
            read(profile, "0f01aa 00 1000 ff02bbcc"),
            [(15, vec![0xaa]), (16, vec![]), (255, vec![0xbb, 0xcc])]
        );
    }
}

#[test]
fn id_15_ends_a_one_byte_block() {
    assert_eq!(read(0xbede, "10aa f0 20bb"), [(1, vec![0xaa])]);
    assert_eq!(read(0xbede, "10aa f3 20bb"), [(1, vec![0xaa])]);
}

#[test]
fn id_0_with_a_length_ends_a_one_byte_block() {
    assert_eq!(read(0xbede, "10aa 02bbccdd 20bb"), [(1, vec![0xaa])]);
}

#[test]
fn an_element_that_overruns_is_not_given() {
    assert_eq!(read(0xbede, "10aa 23bbcc"), [(1, vec![0xaa])]);
    assert_eq!(read(0xbede, "10"), []);
    assert_eq!(read(0x1000, "0101aa 0205bb"), [(1, vec![0xaa])]);
    assert_eq!(read(0x1000, "01"), []);
}

#[test]
fn other_profiles_have_no_elements() {
    assert_eq!(read(0x1010, "10aa"), []);
    assert_eq!(read(0x0000, "10aa"), []);
}

#[test]
fn the_smaller_form_is_written_when_it_can() {
    let long = [7; 17];
    type Elements<'a> = &'a [(u8, &'a [u8])];
    let cases: [(Elements, u16); 6] = [
        (&[(1, &[1]), (14, &[2; 16])], 0xbede),
        (&[(1, &[1]), (15, &[2])], 0x1000),
        (&[(1, &long)], 0x1000),
        (&[(1, &[])], 0x1000),
        (&[(255, &[9; 255])], 0x1000),
        (&[(1, &[1, 2, 3])], 0xbede),
    ];
    for (elements, profile) in cases {
        let mut out = [0xee; 512];
        let len = write(&mut out, elements).unwrap();
        assert_eq!(len, written_bytes(elements));
        assert_eq!(u16::from_be_bytes([out[0], out[1]]), profile);
        assert_eq!(
            usize::from(u16::from_be_bytes([out[2], out[3]])) * 4 + 4,
            len
        );
        let back: Vec<_> = Extensions::new(profile, &out[4..len])
            .map(|e| (e.id, e.data))
            .collect();
        assert_eq!(back, elements);
        assert_eq!(out[len], 0xee);
        assert_eq!(write(&mut out[..len - 1], elements), Err(WireError::NoRoom));
    }
    assert_eq!(write(&mut [], &[]), Ok(0));
}

#[test]
fn what_no_form_can_hold_is_refused() {
    let mut out = [0; 512];
    assert_eq!(write(&mut out, &[(0, &[1])]), Err(WireError::OutOfRange));
    assert_eq!(
        write(&mut out, &[(1, &[0; 256])]),
        Err(WireError::OutOfRange)
    );
}

#[test]
fn uris_and_kinds_are_one_to_one() {
    for (at, kind) in ExtensionKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, at);
        assert_eq!(ExtensionKind::from_uri(kind.uri()), Some(kind));
    }
    assert_eq!(
        ExtensionKind::from_uri("urn:3gpp:video-orientation"),
        Some(ExtensionKind::VideoOrientation)
    );
    assert_eq!(
        ExtensionKind::from_uri("urn:3gpp:video-orientation:6"),
        None
    );
}

#[test]
fn ids_are_found_both_ways_and_replaced() {
    let mut ids = ExtensionIds::new();
    assert_eq!(ids.id(ExtensionKind::Mid), None);
    ids.set(ExtensionKind::Mid, 4).unwrap();
    ids.set(ExtensionKind::Rid, 200).unwrap();
    assert_eq!(
        (ids.id(ExtensionKind::Mid), ids.kind(4)),
        (Some(4), Some(ExtensionKind::Mid))
    );
    assert_eq!(
        (ids.id(ExtensionKind::Rid), ids.kind(200)),
        (Some(200), Some(ExtensionKind::Rid))
    );
    ids.set(ExtensionKind::Mid, 5).unwrap();
    assert_eq!(ids.kind(4), None);
    ids.set(ExtensionKind::Rid, 5).unwrap();
    assert_eq!(
        (ids.id(ExtensionKind::Mid), ids.kind(5)),
        (None, Some(ExtensionKind::Rid))
    );
    assert_eq!(ids.kind(200), None);
    ids.set(ExtensionKind::Rid, 5).unwrap();
    assert_eq!(
        (ids.id(ExtensionKind::Rid), ids.kind(5)),
        (Some(5), Some(ExtensionKind::Rid))
    );
    assert_eq!(ids.set(ExtensionKind::Rid, 0), Err(WireError::OutOfRange));
    assert_eq!(ids.kind(0), None);
}

#[test]
fn values_are_read_and_made() {
    assert_eq!(abs_send_time(0), [0, 0, 0]);
    assert_eq!(abs_send_time(1_000_000), [4, 0, 0], "one second is 2^18");
    assert_eq!(
        abs_send_time(64_000_000 + 1_000_000),
        [4, 0, 0],
        "64 s are a full circle"
    );
    assert_eq!(abs_send_time(u64::MAX).len(), 3);
    assert_eq!(
        audio_level(&[0x85]),
        Some(AudioLevel {
            voice: true,
            level_dbov: 5
        })
    );
    assert_eq!(
        audio_level(&[0x7f, 0]),
        Some(AudioLevel {
            voice: false,
            level_dbov: 127
        })
    );
    assert_eq!(audio_level(&[]), None);
    assert_eq!(transport_sequence(&[0xab, 0xcd]), Some(0xabcd));
    assert_eq!(transport_sequence(&[0xab, 0xcd, 0, 0]), Some(0xabcd));
    assert_eq!(transport_sequence(&[0xab]), None);
}
