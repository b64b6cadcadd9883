//! Packet status chunks: symbols in, run-length and status-vector chunks out.
#![forbid(unsafe_code)]

use super::{LARGE_DELTA, NOT_RECEIVED, ONE_BIT_SYMBOLS, TWO_BIT_SYMBOLS};

const MAX_RUN: usize = 0x1fff;

/// Status symbols on their way into chunks (section 3.1.1 to 3.1.4).
#[derive(Clone, Copy)]
pub(super) struct Chunks {
    /// The pending symbols; of a run longer than this only the first counts.
    pending: [u8; ONE_BIT_SYMBOLS],
    len: usize,
    is_run: bool,
    has_large: bool,
    pub(super) written: usize,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self {
            pending: [0; ONE_BIT_SYMBOLS],
            len: 0,
            is_run: true,
            has_large: false,
            written: 0,
        }
    }

    /// Length of the chunk area if it ended here.
    pub(super) fn bytes(&self) -> usize {
        self.written + if self.len > 0 { 2 } else { 0 }
    }

    fn takes(&self, symbol: u8) -> bool {
        self.len < TWO_BIT_SYMBOLS
            || self.len < ONE_BIT_SYMBOLS && !self.has_large && symbol != LARGE_DELTA
            || self.len < MAX_RUN && self.is_run && self.pending[0] == symbol
    }

    pub(super) fn push(&mut self, out: &mut [u8], symbol: u8) {
        if !self.takes(symbol) {
            self.flush(out, false);
        }
        if let Some(slot) = self.pending.get_mut(self.len) {
            *slot = symbol;
        }
        self.is_run = self.len == 0 || self.is_run && self.pending[0] == symbol;
        self.has_large |= symbol == LARGE_DELTA;
        self.len += 1;
    }

    pub(super) fn push_lost(&mut self, out: &mut [u8], mut count: usize) {
        while count > 0 {
            // A long run need not be counted one by one.
            let is_long = self.is_run && (ONE_BIT_SYMBOLS..MAX_RUN).contains(&self.len);
            if is_long && self.pending[0] == NOT_RECEIVED {
                let more = count.min(MAX_RUN - self.len);
                self.len += more;
                count -= more;
            } else {
                self.push(out, NOT_RECEIVED);
                count -= 1;
            }
        }
    }

    /// Writes what is pending: always a single chunk.
    pub(super) fn finish(&mut self, out: &mut [u8]) {
        if self.len > 0 {
            self.flush(out, true);
        }
    }

    /// Writes one chunk and keeps the symbols that did not fit. Beyond the end of `out` it only counts.
    /// Only the last chunk may hold fewer symbols than it has bits for.
    fn flush(&mut self, out: &mut [u8], is_last: bool) {
        let symbols = &self.pending[..self.len.min(ONE_BIT_SYMBOLS)];
        let (chunk, used) = if self.is_run {
            (u16::from(self.pending[0]) << 13 | self.len as u16, self.len)
        } else if self.len <= TWO_BIT_SYMBOLS || self.len < ONE_BIT_SYMBOLS && !is_last {
            let bits = symbols.iter().take(TWO_BIT_SYMBOLS).enumerate();
            let bits = bits.fold(0, |bits, (i, &symbol)| {
                bits | u16::from(symbol) << (12 - 2 * i)
            });
            (0xc000 | bits, self.len.min(TWO_BIT_SYMBOLS))
        } else {
            let bits = symbols.iter().enumerate();
            let bits = bits.fold(0, |bits, (i, &symbol)| bits | u16::from(symbol) << (13 - i));
            (0x8000 | bits, self.len)
        };
        if let Some(field) = out.get_mut(self.written..self.written + 2) {
            field.copy_from_slice(&chunk.to_be_bytes());
        }
        let (kept, written, len) = (
            self.pending,
            self.written + 2,
            self.len.min(ONE_BIT_SYMBOLS),
        );
        *self = Self {
            written,
            ..Self::new()
        };
        for &symbol in kept.get(used..len).unwrap_or_default() {
            self.push(out, symbol);
        }
    }
}
