//! The whole engine behind authentication: authentic packets of any content, RTCP, commands and time.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/core/tests/engine/hostile/mod.rs"]
mod hostile;

fuzz_target!(|data: &[u8]| hostile::run(data));
