//! Fixed-point arithmetic in the forms that compilers turn into one vector instruction each.

/// The high half of the product, rounded down: `a * b / 65536`.
#[inline(always)]
pub(crate) fn mul_high(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

/// The same of numbers without a sign.
#[inline(always)]
pub(crate) fn mul_high_unsigned(a: u16, b: u16) -> u16 {
    ((u32::from(a) * u32::from(b)) >> 16) as u16
}

/// Hides what the compiler could find out about a 16-bit number beyond its type, by a zero that it has to read from memory
/// anew for every pixel. Knowing more (a range, or that it stays the same), it rewrites 16-bit multiplications into 32-bit
/// ones, at several times the cost.
#[derive(Clone, Copy)]
pub(crate) struct Veil(pub(crate) u16);

impl Veil {
    /// The same number.
    #[inline(always)]
    pub(crate) fn over(self, x: u16) -> u16 {
        x ^ self.0
    }

    #[inline(always)]
    pub(crate) fn over_signed(self, x: i16) -> i16 {
        x ^ self.0 as i16
    }
}

/// To 0..1, without the treatment of NaN that `f32::clamp` pays for.
#[inline(always)]
pub(crate) fn unit(x: f32) -> f32 {
    let x = if x > 0.0 { x } else { 0.0 };
    if x < 1.0 { x } else { 1.0 }
}

/// The nearest integer of a number from 0 to 65535 (ties to even): adding 2^23 leaves the integer in the low bits.
#[inline(always)]
pub(crate) fn nearest(x: f32) -> u16 {
    (x + 8_388_608.0).to_bits() as u16
}

/// The natural logarithm of 1 to 8, from the four basic operations only, so that it is the same on every platform.
pub(crate) fn natural_log(x: f64) -> f64 {
    let z = (x - 1.0) / (x + 1.0);
    let mut power = z;
    let mut sum = 0.0;
    for term in 0..80 {
        sum += power / f64::from(2 * term + 1);
        power *= z * z;
    }
    2.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_the_libraries() {
        for step in 0..=700 {
            let x = 1.0 + f64::from(step) / 100.0;
            assert!((natural_log(x) - x.ln()).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn nearest_rounds() {
        assert_eq!(
            [0.0, 0.4, 0.6, 1.0, 32767.4, 65534.6].map(nearest),
            [0, 0, 1, 1, 32767, 65535]
        );
    }
}
