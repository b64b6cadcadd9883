//! Frames out of packets of any content, in any order, with any loss; and any bytes cut into packets.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/frames/tests/frames/hostile.rs"]
mod hostile;

fuzz_target!(|data: &[u8]| hostile::run(data));
