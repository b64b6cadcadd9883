//! The H.264 key-frame test.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salon_packets_core::wire::h264::is_keyframe;

fuzz_target!(|data: &[u8]| {
    is_keyframe(data);
});
