//! What one forwarded packet costs: one publisher, N viewers, real loopback sockets and the real socket loop.
//!
//! `cargo run --release --example fanout_cost [-- uneven] [N...]` prints one JSON line per N. With `uneven` the packets of
//! a frame differ by one byte, as libwebrtc cuts them; without, they are equal. `ratio` is the CPU time of the data
//! thread per packet received by viewers over the cost of one loopback `sendto` + `recv` measured right before and after:
//! the same machine drifts by a third within an hour, the ratio does not. Latency is that to the last of the N.
#![forbid(unsafe_code)]

#[allow(dead_code)] // each benchmark uses a part of it
mod loopback;

use std::time::Duration;

use loopback::{Load, Loopback, Measured, calibrate_us, percentile};

const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_millis(2500);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_uneven = arguments.iter().any(|argument| argument == "uneven");
    let mut counts: Vec<usize> = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok())
        .filter(|viewers| *viewers > 0)
        .collect();
    if counts.is_empty() {
        counts = vec![1, 10, 50, 100];
    }
    for viewers in counts {
        let before_us = calibrate_us();
        let measured = measure(viewers, is_uneven);
        let calibration_us = (before_us + calibrate_us()) / 2.0;
        println!(
            "{{\"viewers\": {viewers}, \"is_uneven\": {is_uneven}, \"packets_delivered\": {}, \"packets_expected\": {}, \"cpu_us_per_packet\": {:.3}, \
             \"calibration_us\": {calibration_us:.3}, \"ratio\": {:.3}, \"latency_us_p50\": {}, \"latency_us_p99\": {}}}",
            measured.delivered,
            measured.expected,
            measured.cost_us(),
            measured.cost_us() / calibration_us,
            percentile(&measured.last_latencies_ns, 50) / 1000,
            percentile(&measured.last_latencies_ns, 99) / 1000,
        );
    }
}

fn measure(viewers: usize, is_uneven: bool) -> Measured {
    let load = Load {
        frames_per_second: 110,
        frame_packets: 4,
        is_uneven,
        has_audio: false,
    };
    let mut loopback = Loopback::start(1, viewers, load);
    loopback.publish(WARM_UP);
    loopback.publish(MEASURED)
}
