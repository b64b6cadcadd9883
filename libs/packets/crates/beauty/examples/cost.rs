//! Prints what one picture costs, a JSON line for each size, effect and instruction set.
//!
//! `cargo run --release --example cost`: medians in milliseconds of this thread's CPU time, strengths 50.

use salon_beauty::{
    Beautifier, InstructionSet, Picture, PictureMut, Plane, PlaneMut, Range, Strengths,
};
use std::time::Duration;

const ROUNDS: usize = 101;
const SIZES: [(usize, usize); 3] = [(640, 360), (1280, 720), (1920, 1080)];
/// Smooth, whiten, rosy, sharpen.
const EFFECTS: [(&str, [f32; 4]); 5] = [
    ("smooth", [50.0, 0.0, 0.0, 0.0]),
    ("whiten", [0.0, 50.0, 0.0, 0.0]),
    ("rosy", [0.0, 0.0, 50.0, 0.0]),
    ("sharpen", [0.0, 0.0, 0.0, 50.0]),
    ("all", [50.0, 50.0, 50.0, 50.0]),
];

/// What this thread has used of its processor.
#[allow(unsafe_code)]
fn cpu_time() -> Duration {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a live timespec, which the call fills.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    assert_eq!(status, 0, "a thread has a CPU clock");
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn main() {
    for (width, height) in SIZES {
        let mut state = 1u32;
        let mut noise = |base: u8| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            base + (state >> 28) as u8
        };
        let input = [(150, 1), (105, 2), (150, 2)].map(|(base, by)| {
            (0..width / by * (height / by))
                .map(|_| noise(base))
                .collect::<Vec<u8>>()
        });
        let mut output = input.clone();
        for set in InstructionSet::ALL {
            let Some(mut beautifier) = Beautifier::new(set) else {
                continue;
            };
            for (effect, [smooth, whiten, rosy, sharpen]) in EFFECTS {
                let strengths = Strengths {
                    smooth,
                    whiten,
                    rosy,
                    sharpen,
                };
                let mut rounds: Vec<f64> = (0..ROUNDS)
                    .map(|_| {
                        let size = |plane: usize| {
                            if plane == 0 {
                                (width, height)
                            } else {
                                (width / 2, height / 2)
                            }
                        };
                        let mut plane = 0;
                        let planes = input.each_ref().map(|data| {
                            let (width, height) = size(plane);
                            plane += 1;
                            Plane {
                                data,
                                stride: width,
                                width,
                                height,
                            }
                        });
                        plane = 0;
                        let out = output.each_mut().map(|data| {
                            let (width, height) = size(plane);
                            plane += 1;
                            PlaneMut {
                                data,
                                stride: width,
                                width,
                                height,
                            }
                        });
                        let start = cpu_time();
                        beautifier
                            .apply(
                                &Picture { planes },
                                &mut PictureMut { planes: out },
                                &strengths,
                                Range::Limited,
                            )
                            .expect("a picture");
                        (cpu_time() - start).as_secs_f64() * 1e3
                    })
                    .collect();
                rounds.sort_by(f64::total_cmp);
                println!(
                    r#"{{"size": "{width}x{height}", "effect": "{effect}", "instruction_set": "{}", "cpu_ms": {:.3}}}"#,
                    set.name(),
                    rounds[ROUNDS / 2]
                );
            }
        }
    }
}
