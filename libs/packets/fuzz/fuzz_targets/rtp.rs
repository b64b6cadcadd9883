//! RTP headers and header extensions; what is read is written again and must read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salon_packets_core::wire::extensions::{Extensions, ONE_BYTE_PROFILE, TWO_BYTE_PROFILE, write};
use salon_packets_core::wire::rtp::{Header, classify};

fuzz_target!(|data: &[u8]| {
    classify(data);
    if let Ok(header) = Header::parse(data) {
        if let Ok(payload) = header.payload(data) {
            assert!(data.get(payload).is_some());
        }
        let elements: Vec<(u8, &[u8])> = header
            .extensions(data)
            .map(|element| (element.id, element.data))
            .collect();
        let mut out = vec![0; 4 + elements.len() * 2 + data.len() + 3];
        let len = write(&mut out, &elements).expect("what was read can be written");
        if len > 0 {
            let profile = u16::from_be_bytes([out[0], out[1]]);
            let again: Vec<(u8, &[u8])> = Extensions::new(profile, &out[4..len])
                .map(|e| (e.id, e.data))
                .collect();
            assert_eq!(again, elements);
        }
    }
    for profile in [ONE_BYTE_PROFILE, TWO_BYTE_PROFILE] {
        Extensions::new(profile, data).count();
    }
});
