use super::support::hex;
use salon_packets_core::wire::WireError;
use salon_packets_core::wire::rtp::{
    Header, HeaderFields, HeaderMut, Kind, classify, write_header,
};

const FIELDS: HeaderFields = HeaderFields {
    marker: true,
    has_padding: false,
    payload_type: 96,
    sequence_number: 0xfffe,
    timestamp: 0x0102_0304,
    ssrc: 0xdead_beef,
};

#[test]
fn datagrams_are_sorted_by_their_first_bytes() {
    for first in 0..=255u8 {
        for second in 0..=255u8 {
            let expected = match first {
                0..=3 => Kind::Stun,
                20..=63 => Kind::Dtls,
                128..=191 if (192..=223).contains(&second) => Kind::Rtcp,
                128..=191 => Kind::Rtp,
                _ => Kind::Other,
            };
            assert_eq!(classify(&[first, second, 0, 0]), expected);
        }
    }
    assert_eq!(classify(&[]), Kind::Other);
    assert_eq!(classify(&[0x80]), Kind::Other);
}

#[test]
fn a_written_header_reads_back() {
    let mut out = [0; 64];
    let len = write_header(&mut out, &FIELDS, &[(3, &[1, 2]), (1, b"0")]).unwrap();
    assert_eq!(len, 24);
    let header = Header::parse(&out[..len]).unwrap();
    assert!(header.marker);
    assert_eq!(header.payload_type, 96);
    assert_eq!(header.sequence_number, 0xfffe);
    assert_eq!(header.timestamp, 0x0102_0304);
    assert_eq!(header.ssrc, 0xdead_beef);
    assert_eq!(header.header_bytes, len);
    assert_eq!(header.extensions(&out).find(3), Some(&[1, 2][..]));
    assert_eq!(header.extensions(&out).find(1), Some(&b"0"[..]));
    assert_eq!(header.payload(&out[..len]), Ok(len..len));

    assert_eq!(write_header(&mut out, &FIELDS, &[]), Ok(12));
    assert_eq!(Header::parse(&out[..12]).unwrap().extension_profile, None);
}

#[test]
fn a_header_that_does_not_fit_is_not_written() {
    let mut out = [0; 23];
    assert_eq!(
        write_header(&mut out, &FIELDS, &[(3, &[1, 2]), (1, b"0")]),
        Err(WireError::NoRoom)
    );
    assert_eq!(
        write_header(&mut out[..11], &FIELDS, &[]),
        Err(WireError::NoRoom)
    );
    let fields = HeaderFields {
        payload_type: 128,
        ..FIELDS
    };
    assert_eq!(
        write_header(&mut out, &fields, &[]),
        Err(WireError::OutOfRange)
    );
}

#[test]
fn csrcs_and_extension_move_the_payload() {
    let packet = hex("92600001 00000002 00000003 11111111 22222222 bede0001 10aa0000 c0ffee");
    let header = Header::parse(&packet).unwrap();
    assert_eq!(header.csrc_count, 2);
    assert_eq!(header.extension_profile, Some(0xbede));
    assert_eq!(header.payload(&packet), Ok(28..31));
}

#[test]
fn padding_is_validated_and_removed() {
    let padded = |tail: &str| {
        let packet = hex(&format!("a0600001 00000002 00000003 {tail}"));
        Header::parse(&packet).unwrap().payload(&packet)
    };
    assert_eq!(padded("aabb0002"), Ok(12..14));
    assert_eq!(padded("00000004"), Ok(12..12), "a packet of padding only");
    assert_eq!(padded("aabb0000"), Err(WireError::BadPadding));
    assert_eq!(padded("aabb0005"), Err(WireError::BadPadding));
    assert_eq!(padded("ff"), Err(WireError::BadPadding));
    assert_eq!(padded(""), Err(WireError::BadPadding));
}

#[test]
fn malformed_headers_are_refused() {
    let cases = [
        ("80600001 00000002 000000", WireError::Truncated),
        ("40600001 00000002 00000003", WireError::BadVersion),
        ("81600001 00000002 00000003 0000", WireError::Truncated),
        ("90600001 00000002 00000003 bede", WireError::Truncated),
        (
            "90600001 00000002 00000003 bede0002 00000000",
            WireError::Truncated,
        ),
        (
            "90600001 00000002 00000003 bedeffff 00000000",
            WireError::BadLength,
        ),
    ];
    for (bytes, error) in cases {
        assert_eq!(Header::parse(&hex(bytes)).err(), Some(error), "{bytes}");
    }
}

#[test]
fn setters_change_their_field_and_nothing_else() {
    let original = hex("b5e00001 00000002 00000003 11111111");
    let apply = |change: fn(&mut HeaderMut)| {
        let mut packet = original.clone();
        change(&mut HeaderMut::new(&mut packet).unwrap());
        packet
    };
    assert_eq!(
        apply(|h| h.set_marker(false)),
        hex("b5600001 00000002 00000003 11111111")
    );
    assert_eq!(
        apply(|h| h.set_padding(false)),
        hex("95e00001 00000002 00000003 11111111")
    );
    assert_eq!(
        apply(|h| h.set_payload_type(0xff)),
        hex("b5ff0001 00000002 00000003 11111111")
    );
    assert_eq!(
        apply(|h| h.set_payload_type(1)),
        hex("b5810001 00000002 00000003 11111111")
    );
    assert_eq!(
        apply(|h| h.set_sequence_number(0xabcd)),
        hex("b5e0abcd 00000002 00000003 11111111")
    );
    assert_eq!(
        apply(|h| h.set_timestamp(0xabcd_ef01)),
        hex("b5e00001 abcdef01 00000003 11111111")
    );
    assert_eq!(
        apply(|h| h.set_ssrc(0xabcd_ef01)),
        hex("b5e00001 00000002 abcdef01 11111111")
    );
    assert!(HeaderMut::new(&mut [0; 11]).is_err());
}
