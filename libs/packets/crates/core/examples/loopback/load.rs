//! What is sent, and when.

use std::time::Duration;

/// What every publisher sends.
#[derive(Clone, Copy)]
pub struct Load {
    pub frames_per_second: u32,
    pub frame_packets: u32,
    /// The packets of a frame differ by one byte, as libwebrtc cuts them.
    pub is_uneven: bool,
    pub has_audio: bool,
}

/// Somebody has to send something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    pub at_ns: u64,
    pub room: usize,
    pub is_audio: bool,
}

const AUDIO_INTERVAL: Duration = Duration::from_millis(20);

impl Load {
    fn interval_ns(&self, is_audio: bool) -> u64 {
        if is_audio {
            AUDIO_INTERVAL.as_nanos() as u64
        } else {
            1_000_000_000 / u64::from(self.frames_per_second)
        }
    }

    /// Publishers know nothing of each other: their phases are as good as random, so some collide.
    pub fn first_events(&self, begin_ns: u64, room: usize) -> impl Iterator<Item = Due> + use<> {
        let load = *self;
        let kinds = if self.has_audio { 2 } else { 1 };
        (0..kinds).map(move |kind| {
            let is_audio = kind == 1;
            let dice = (2 * room as u64 + kind + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let dice = (dice ^ (dice >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20;
            Due {
                at_ns: begin_ns + dice % load.interval_ns(is_audio),
                room,
                is_audio,
            }
        })
    }

    pub fn next(&self, event: Due) -> Due {
        Due {
            at_ns: event.at_ns + self.interval_ns(event.is_audio),
            ..event
        }
    }
}
