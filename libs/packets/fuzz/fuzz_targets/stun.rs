//! STUN messages, verified under a fixed password.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salon_packets_core::wire::stun::{
    IntegrityKey, MAX_RESPONSE_BYTES, Message, Refusal, write_error,
};

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Message::parse(data) {
        let key = IntegrityKey::new(b"password");
        let _ = (
            message.kind(),
            message.local_ufrag(),
            message.fingerprint(),
            message.verify_integrity(&key),
        );
        let refusal = Refusal::UnknownAttributes(message.unknown_required());
        let mut out = [0; MAX_RESPONSE_BYTES];
        let len =
            write_error(&mut out, message.transaction_id(), refusal, Some(&key)).expect("it fits");
        assert!(
            Message::parse(&out[..len])
                .expect("our own answer")
                .verify_integrity(&key)
        );
    }
});
