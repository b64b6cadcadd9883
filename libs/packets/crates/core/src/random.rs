//! Random starts of sequence numbers. Not for secrets: an observer sees these numbers in clear anyway.

/// splitmix64.
#[derive(Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A first sequence number in 1..2^15: far from the wrap, so that a loss around the start cannot confuse
    /// the roll-over counter (RFC 3711 section 3.3.1).
    pub(crate) fn first_sequence(&mut self) -> i64 {
        (self.next() & 0x7ffe) as i64 + 1
    }
}
