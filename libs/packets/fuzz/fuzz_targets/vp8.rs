//! VP8 descriptors; rewriting never leaves the descriptor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salon_packets_core::wire::vp8::{Descriptor, is_keyframe};

fuzz_target!(|data: &[u8]| {
    is_keyframe(data);
    if let Ok(descriptor) = Descriptor::parse(data) {
        let mut copy = data.to_vec();
        descriptor.rewrite(&mut copy, 0x7fff, 0xff);
        assert_eq!(copy[descriptor.bytes..], data[descriptor.bytes..]);
        assert_eq!(
            Descriptor::parse(&copy).expect("still a descriptor").bytes,
            descriptor.bytes
        );
    }
});
