//! What the fuzz target `engine_media` does for hours, for two seconds from fixed seeds.

use std::time::{Duration, Instant};

use crate::hostile;
use crate::support::Dice;

/// A slow machine does fewer; the first ones are the same everywhere.
const TIME_LIMIT: Duration = Duration::from_secs(2);
const INPUTS: u64 = 4000;

#[test]
fn whatever_they_hold() {
    let begin = Instant::now();
    for seed in 1..=INPUTS {
        let mut dice = Dice(seed);
        let mut random = || {
            dice.hits(1);
            (dice.0 >> 33) as u8
        };
        // Bytes that are mostly zero make mostly well-made packets; with other odds, mostly bad ones.
        let odds = [255, 128, 40, 10][seed as usize % 4];
        let bytes: Vec<u8> = (0..1500)
            .map(|_| if random() <= odds { random() } else { 0 })
            .collect();
        hostile::run(&bytes);
        if begin.elapsed() > TIME_LIMIT {
            assert!(seed > 20, "only {seed} inputs in {TIME_LIMIT:?}");
            return;
        }
    }
}
