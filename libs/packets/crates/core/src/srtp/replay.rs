//! What a context remembers per SSRC: the highest index, and which indices were seen (RFC 3711 section 3.3).
#![forbid(unsafe_code)]

use super::SrtpError;

/// The 48-bit index nearest to the highest so far (RFC 3711 section 3.3.1).
///
/// A guess before the first roll-over is taken as a jump ahead within it: counters begin at 0, whatever the first
/// sequence number was.
pub(super) fn estimate_index(highest: Option<u64>, sequence_number: u16) -> u64 {
    let Some(highest) = highest else {
        return u64::from(sequence_number);
    };
    let step = sequence_number.wrapping_sub(highest as u16) as i16;
    highest
        .checked_add_signed(i64::from(step))
        .unwrap_or(u64::from(sequence_number))
}

/// Which of the last indices were seen (RFC 3711 section 3.3.2). Wide, because packets that were lost on the way may
/// be sent again under their old index.
pub(super) struct ReplayWindow {
    highest: u64,
    /// One bit per index, at the index modulo the width.
    seen: [u64; WINDOW_WORDS],
}

const WINDOW_WORDS: usize = 16;
const WINDOW: u64 = WINDOW_WORDS as u64 * 64;

impl ReplayWindow {
    fn new(first: u64) -> Self {
        let mut window = Self {
            highest: first,
            seen: [0; WINDOW_WORDS],
        };
        window.mark(first);
        window
    }

    fn slot(index: u64) -> (usize, u64) {
        ((index % WINDOW / 64) as usize, 1 << (index % 64))
    }

    pub(super) fn is_new(&self, index: u64) -> bool {
        let (word, bit) = Self::slot(index);
        index > self.highest || self.highest - index < WINDOW && self.seen[word] & bit == 0
    }

    /// Call only after authentication.
    pub(super) fn mark(&mut self, index: u64) {
        if index > self.highest + WINDOW {
            self.seen = [0; WINDOW_WORDS];
        } else {
            for passed in self.highest + 1..=index {
                let (word, bit) = Self::slot(passed);
                self.seen[word] &= !bit;
            }
        }
        self.highest = self.highest.max(index);
        let (word, bit) = Self::slot(index);
        self.seen[word] |= bit;
    }
}

/// State per SSRC: a short list of numbers to search, the states beside it.
pub(super) struct PerSsrc<T> {
    ssrcs: Vec<u32>,
    pub(super) states: Vec<T>,
    max: usize,
}

impl<T> PerSsrc<T> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            ssrcs: Vec::new(),
            states: Vec::new(),
            max,
        }
    }

    pub(super) fn position(&self, ssrc: u32) -> Option<usize> {
        self.ssrcs.iter().position(|&known| known == ssrc)
    }

    pub(super) fn insert(&mut self, ssrc: u32, state: T) -> Result<(), SrtpError> {
        if self.ssrcs.len() >= self.max {
            return Err(SrtpError::TooManySsrcs);
        }
        self.ssrcs.push(ssrc);
        self.states.push(state);
        Ok(())
    }
}

impl PerSsrc<ReplayWindow> {
    pub(super) fn highest(&self, position: Option<usize>) -> Option<u64> {
        position.map(|at| self.states[at].highest)
    }

    pub(super) fn is_new(&self, position: Option<usize>, index: u64) -> bool {
        position.is_none_or(|at| self.states[at].is_new(index))
    }

    pub(super) fn mark(
        &mut self,
        position: Option<usize>,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        match position {
            Some(at) => self.states[at].mark(index),
            None => self.insert(ssrc, ReplayWindow::new(index))?,
        }
        Ok(())
    }
}
