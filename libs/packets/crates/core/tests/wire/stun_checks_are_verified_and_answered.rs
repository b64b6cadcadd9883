use super::rfc5769_vectors::{
    PASSWORD, sample_ipv4_response, sample_ipv6_response, sample_request,
};
use super::support::hex;
use salon_packets_core::wire::WireError;
use salon_packets_core::wire::stun::{
    Fingerprint, IntegrityKey, MAX_RESPONSE_BYTES, Message, MessageKind, Refusal, Request, Role,
    write_error, write_request, write_success,
};

const TRANSACTION: [u8; 12] = *b"transaction!";

fn request(key: &IntegrityKey) -> Vec<u8> {
    let mut out = [0; 256];
    let request = Request {
        transaction_id: &TRANSACTION,
        username: b"ours:theirs",
        priority: 0x6e00_01ff,
        role: Role::Controlling(7),
        use_candidate: true,
    };
    let len = write_request(&mut out, &request, key).unwrap();
    out[..len].to_vec()
}

/// The value of an attribute, found the plain way.
fn attribute(message: &[u8], kind: u16) -> Option<Vec<u8>> {
    let mut rest = &message[20..];
    while let [a, b, c, d, value @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([*c, *d]));
        if u16::from_be_bytes([*a, *b]) == kind {
            return Some(value[..len].to_vec());
        }
        rest = &value[len.next_multiple_of(4)..];
    }
    None
}

#[test]
fn the_rfc5769_request_is_read_and_verified() {
    let bytes = sample_request();
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.kind(), MessageKind::BindingRequest);
    assert_eq!(message.username(), Some(&b"evtj:h6vY"[..]));
    assert_eq!(message.local_ufrag(), Some(&b"evtj"[..]));
    assert_eq!(message.priority(), Some(0x6e00_01ff));
    assert_eq!(
        message.role(),
        Some(Role::Controlled(0x932f_f9b1_5126_3b36))
    );
    assert!(!message.use_candidate());
    assert!(message.unknown_required().is_empty());
    assert!(message.verify_integrity(&IntegrityKey::new(PASSWORD)));
    assert!(!message.verify_integrity(&IntegrityKey::new(b"another")));
    assert_eq!(message.fingerprint(), Fingerprint::Valid);
}

#[test]
fn the_rfc5769_responses_are_verified() {
    for bytes in [sample_ipv4_response(), sample_ipv6_response()] {
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.kind(), MessageKind::BindingSuccess);
        assert!(message.verify_integrity(&IntegrityKey::new(PASSWORD)));
        assert_eq!(message.fingerprint(), Fingerprint::Valid);
    }
}

#[test]
fn success_maps_addresses_as_rfc5769_does() {
    let key = IntegrityKey::new(PASSWORD);
    let id = *Message::parse(&sample_request()).unwrap().transaction_id();
    let cases = [
        ("192.0.2.1:32853", sample_ipv4_response()),
        (
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
            sample_ipv6_response(),
        ),
    ];
    for (address, sample) in cases {
        let mut out = [0; MAX_RESPONSE_BYTES];
        let len = write_success(&mut out, &id, address.parse().unwrap(), &key).unwrap();
        assert_eq!(attribute(&out[..len], 0x0020), attribute(&sample, 0x0020));
        let answer = Message::parse(&out[..len]).unwrap();
        assert_eq!(answer.transaction_id(), &id);
        assert!(answer.verify_integrity(&key));
        assert_eq!(answer.fingerprint(), Fingerprint::Valid);
    }
}

#[test]
fn a_mapped_ipv4_address_is_answered_as_ipv4() {
    let key = IntegrityKey::new(PASSWORD);
    let mut out = [0; MAX_RESPONSE_BYTES];
    let len = write_success(
        &mut out,
        &TRANSACTION,
        "[::ffff:192.0.2.1]:32853".parse().unwrap(),
        &key,
    )
    .unwrap();
    assert_eq!(
        attribute(&out[..len], 0x0020),
        Some(hex("0001a147e112a643"))
    );
}

#[test]
fn our_own_request_reads_back() {
    let key = IntegrityKey::new(b"password");
    let bytes = request(&key);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.local_ufrag(), Some(&b"ours"[..]));
    assert_eq!(message.role(), Some(Role::Controlling(7)));
    assert!(message.use_candidate());
    assert!(message.verify_integrity(&key));
}

#[test]
fn any_changed_byte_breaks_integrity_or_parsing() {
    let key = IntegrityKey::new(b"password");
    let bytes = request(&key);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(message) = Message::parse(&changed) {
            let accepted =
                message.verify_integrity(&key) && message.fingerprint() == Fingerprint::Valid;
            assert!(!accepted, "byte {at}");
        }
    }
}

#[test]
fn attributes_after_integrity_do_not_count_but_fingerprint_does() {
    let key = IntegrityKey::new(b"password");
    let mut bytes = request(&key);
    // A second USERNAME and an unknown required attribute, put between MESSAGE-INTEGRITY and FINGERPRINT.
    let fingerprint_at = bytes.len() - 8;
    bytes.splice(
        fingerprint_at..fingerprint_at,
        hex("00060004 65766974 7abc0000"),
    );
    let len = (bytes.len() - 20) as u16;
    bytes[2..4].copy_from_slice(&len.to_be_bytes());
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.username(), Some(&b"ours:theirs"[..]));
    assert!(message.unknown_required().is_empty());
    assert!(
        message.verify_integrity(&key),
        "the length that is signed ends at MESSAGE-INTEGRITY"
    );
    assert_eq!(message.fingerprint(), Fingerprint::Invalid);
}

#[test]
fn only_the_first_integrity_counts() {
    let key = IntegrityKey::new(b"password");
    let mut bytes = request(&key);
    let at = bytes.len() - 8;
    let mut second = hex("00080014");
    second.resize(24, 0xee);
    bytes.splice(at..at, second);
    let len = (bytes.len() - 20) as u16;
    bytes[2..4].copy_from_slice(&len.to_be_bytes());
    assert!(Message::parse(&bytes).unwrap().verify_integrity(&key));
}

#[test]
fn a_request_without_integrity_or_fingerprint_is_told_apart() {
    let bytes = hex("00010008 2112a442 000102030405060708090a0b 00240004 00000001");
    let message = Message::parse(&bytes).unwrap();
    assert!(!message.has_integrity());
    assert!(!message.verify_integrity(&IntegrityKey::new(b"")));
    assert_eq!(message.fingerprint(), Fingerprint::Absent);
    assert_eq!(message.local_ufrag(), None);
}

#[test]
fn unknown_required_attributes_are_listed_and_optional_ones_are_not() {
    let bytes =
        hex("00010010 2112a442 000102030405060708090a0b 7abc0001 00000000 ffee0000 7abd0000");
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.unknown_required(), [0x7abc, 0x7abd]);
}

#[test]
fn many_unknown_attributes_are_bounded() {
    let mut bytes = hex("00010000 2112a442 000102030405060708090a0b");
    for i in 0..40u16 {
        bytes.extend_from_slice(&(0x4000 + i).to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
    }
    let len = (bytes.len() - 20) as u16;
    bytes[2..4].copy_from_slice(&len.to_be_bytes());
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.unknown_required().len(), 8);
    let mut out = [0; MAX_RESPONSE_BYTES];
    let refusal = Refusal::UnknownAttributes(message.unknown_required());
    assert!(
        write_error(
            &mut out,
            &TRANSACTION,
            refusal,
            Some(&IntegrityKey::new(b"p"))
        )
        .is_ok()
    );
}

#[test]
fn renomination_is_read() {
    let bytes = hex("00010008 2112a442 000102030405060708090a0b c0010004 00000005");
    assert_eq!(Message::parse(&bytes).unwrap().nomination(), Some(5));
}

#[test]
fn refusals_carry_their_code() {
    let key = IntegrityKey::new(b"password");
    let cases = [
        (Refusal::BadRequest, None, [4, 0]),
        (Refusal::Unauthorized, None, [4, 1]),
        (Refusal::UnknownAttributes(&[0x7abc]), Some(&key), [4, 20]),
        (Refusal::RoleConflict, Some(&key), [4, 87]),
    ];
    for (refusal, key, code) in cases {
        let mut out = [0; MAX_RESPONSE_BYTES];
        let len = write_error(&mut out, &TRANSACTION, refusal, key).unwrap();
        let answer = Message::parse(&out[..len]).unwrap();
        assert_eq!(answer.kind(), MessageKind::BindingError);
        assert_eq!(attribute(&out[..len], 0x0009).unwrap()[2..4], code);
        assert_eq!(answer.has_integrity(), key.is_some());
        assert!(key.is_none_or(|key| answer.verify_integrity(key)));
        assert_eq!(answer.fingerprint(), Fingerprint::Valid);
    }
    let mut out = [0; MAX_RESPONSE_BYTES];
    let len = write_error(
        &mut out,
        &TRANSACTION,
        Refusal::UnknownAttributes(&[0x7abc]),
        None,
    )
    .unwrap();
    assert_eq!(attribute(&out[..len], 0x000a), Some(hex("7abc")));
}

#[test]
fn malformed_messages_are_refused() {
    let cases = [
        ("", WireError::Truncated),
        ("00010000 2112a442 0001020304050607", WireError::Truncated),
        (
            "00010000 2112a443 000102030405060708090a0b",
            WireError::BadVersion,
        ),
        (
            "40010000 2112a442 000102030405060708090a0b",
            WireError::BadVersion,
        ),
        (
            "00010004 2112a442 000102030405060708090a0b",
            WireError::BadLength,
        ),
        (
            "00010002 2112a442 000102030405060708090a0b 0000",
            WireError::BadLength,
        ),
        (
            "00010004 2112a442 000102030405060708090a0b 0006ffff",
            WireError::BadLength,
        ),
        (
            "00010008 2112a442 000102030405060708090a0b 00240003 00000000",
            WireError::BadLength,
        ),
        (
            "00010008 2112a442 000102030405060708090a0b 00080004 00000000",
            WireError::BadLength,
        ),
        (
            "0001000c 2112a442 000102030405060708090a0b 80280004 00000000 ffee0000",
            WireError::BadValue,
        ),
    ];
    for (bytes, error) in cases {
        assert_eq!(Message::parse(&hex(bytes)).err(), Some(error), "{bytes}");
    }
}

#[test]
fn a_small_buffer_is_an_error() {
    let key = IntegrityKey::new(b"password");
    for room in 0..76 {
        let mut out = vec![0; room];
        let result = write_success(
            &mut out,
            &TRANSACTION,
            "[2001:db8::1]:1".parse().unwrap(),
            &key,
        );
        assert_eq!(result, Err(WireError::NoRoom));
    }
}
