//! What the data thread costs while nothing is sent: with no transports, and with 100 connected viewers.
//!
//! `cargo run --release --example idle_cost` prints one JSON line per case.
#![forbid(unsafe_code)]

#[allow(dead_code)] // each benchmark uses a part of it
mod loopback;

use std::time::Duration;

use loopback::{Load, Loopback};

const LOAD: Load = Load {
    frames_per_second: 30,
    frame_packets: 4,
    is_uneven: true,
    has_audio: true,
};
const MEASURED: Duration = Duration::from_secs(3);

fn main() {
    for rooms in [0, 1] {
        let mut loopback = Loopback::start(rooms, 100, LOAD);
        loopback.active = 0;
        let measured = loopback.publish(MEASURED);
        println!(
            "{{\"transports\": {}, \"load_percent\": {:.3}}}",
            rooms * 101,
            measured.load_percent()
        );
    }
}
