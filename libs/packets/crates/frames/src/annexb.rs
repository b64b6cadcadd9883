//! Annex B byte streams: NAL units between start codes (ITU-T H.264 Annex B).

pub(crate) const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// The NAL units of a byte stream, without start codes and the zeros around them; empty ones are left out.
pub(crate) struct Units<'a> {
    /// Begins right after a start code.
    rest: Option<&'a [u8]>,
}

impl<'a> Units<'a> {
    /// What stands before the first start code is no unit.
    pub(crate) fn new(stream: &'a [u8]) -> Self {
        Self {
            rest: start_code(stream).map(|at| &stream[at + 3..]),
        }
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let stream = self.rest.take()?;
            let end = match start_code(stream) {
                Some(at) => {
                    self.rest = Some(&stream[at + 3..]);
                    at
                }
                None => stream.len(),
            };
            // A unit never ends in zero (section 7.4.1): they belong to the next start code, or are padding.
            let unit = &stream[..end];
            let len = unit.iter().rposition(|&byte| byte != 0);
            if let Some(last) = len {
                return Some(&unit[..=last]);
            }
        }
    }
}

/// Where the next 00 00 01 is.
fn start_code(stream: &[u8]) -> Option<usize> {
    let mut at = 0;
    // Only every third byte needs a look as long as it is above 1.
    while let Some(&[a, b, c]) = stream.get(at..)?.first_chunk() {
        match (a, b, c) {
            (0, 0, 1) => return Some(at),
            (_, _, 2..) => at += 3,
            (_, 0, 0) => at += 1,
            (_, _, 0) => at += 2,
            _ => at += 3,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Units;

    fn units(stream: &[u8]) -> Vec<Vec<u8>> {
        Units::new(stream).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn units_are_found_behind_long_and_short_start_codes() {
        assert_eq!(
            units(&[0, 0, 0, 1, 7, 1, 0, 0, 1, 8, 2, 0, 0, 0, 1, 5]),
            [vec![7, 1], vec![8, 2], vec![5]]
        );
        assert_eq!(
            units(&[9, 9, 0, 0, 1, 5, 0, 1, 0, 0]),
            [[5, 0, 1]],
            "zeros at the end are padding"
        );
        assert!(units(&[]).is_empty());
        assert!(units(&[0, 0, 1]).is_empty());
        assert!(units(&[0, 0, 1, 0, 0, 1]).is_empty());
        assert!(units(&[1, 2, 3, 4]).is_empty());
    }

    #[test]
    fn every_position_of_a_start_code_is_found() {
        for before in 0..9 {
            for filler in [0, 1, 2, 255] {
                let mut stream = vec![0, 0, 1];
                stream.extend(std::iter::repeat_n(filler, before));
                stream.push(3);
                stream.extend([0, 0, 1, 4]);
                let found = units(&stream);
                assert_eq!(found.last().unwrap(), &[4], "{stream:?}");
            }
        }
    }
}
