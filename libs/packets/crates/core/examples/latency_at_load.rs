//! How much later a packet arrives because of the relay, while its data thread has work for about 30 % of a core.
//!
//! `cargo run --release --example latency_at_load [viewers per room...]` prints one JSON line per room size: many rooms
//! of 10, then rooms of 100. Every publisher sends a camera (30 frames/s of four packets) and a microphone; rooms are
//! added until the load is reached. Latency is from before the publisher's send call to the kernel's stamp on the
//! viewer's socket, less what loopback takes by itself, over every delivery; `last` is to each room's last viewer.
//! `waited_percent` tells how long the data thread was ready to run while something else had the processor: on a busy
//! machine that, not the relay, makes the slowest percent.
#![forbid(unsafe_code)]

#[allow(dead_code)] // each benchmark uses a part of it
mod loopback;

use std::time::Duration;

use loopback::{Load, Loopback, bare_latency_ns, percentile};

const LOAD: Load = Load {
    frames_per_second: 30,
    frame_packets: 4,
    is_uneven: true,
    has_audio: true,
};
const WANTED_PERCENT: f64 = 30.0;
/// Every viewer is an open file; a machine that needs more than these is told by the printed load.
const MAX_VIEWERS: usize = 900;
const TRIAL: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_millis(2500);

fn main() {
    let mut sizes: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .filter(|viewers| *viewers > 0)
        .collect();
    if sizes.is_empty() {
        sizes = vec![10, 100];
    }
    for viewers in sizes {
        report(viewers);
    }
}

fn report(viewers: usize) {
    let bare_ns = bare_latency_ns();
    let mut loopback = Loopback::start((MAX_VIEWERS / viewers).max(1), viewers, LOAD);
    // What a packet costs depends on the load, so the second trial is near it already.
    loopback.active = 300_usize.div_ceil(viewers).min(loopback.rooms.len());
    for _ in 0..2 {
        let trial = loopback.publish(TRIAL);
        let rooms = loopback.active as f64 * WANTED_PERCENT / trial.load_percent().max(1.0);
        loopback.active = (rooms.round() as usize).clamp(1, loopback.rooms.len());
    }
    let measured = loopback.publish(MEASURED);
    let all = &measured.latencies_ns;
    let last = &measured.last_latencies_ns;
    let added_us = |sorted, percent| percentile(sorted, percent).saturating_sub(bare_ns) / 1000;
    println!(
        "{{\"viewers_per_room\": {viewers}, \"rooms\": {}, \"load_percent\": {:.1}, \"bench_load_percent\": {:.1}, \"waited_percent\": {:.1}, \
         \"packets_delivered\": {}, \"packets_left_out\": {}, \"packets_expected\": {}, \"cpu_us_per_packet\": {:.3}, \"bare_latency_us\": {:.1}, \
         \"latency_us_p50\": {}, \"latency_us_p99\": {}, \"last_latency_us_p50\": {}, \"last_latency_us_p99\": {}}}",
        loopback.active,
        measured.load_percent(),
        measured.bench_cpu_ns as f64 * 100.0 / measured.elapsed_ns as f64,
        measured.waited_ns as f64 * 100.0 / measured.elapsed_ns as f64,
        measured.delivered,
        measured.left_out,
        measured.expected,
        measured.cost_us(),
        f64::from(bare_ns) / 1000.0,
        added_us(all, 50),
        added_us(all, 99),
        added_us(last, 50),
        added_us(last, 99),
    );
}
