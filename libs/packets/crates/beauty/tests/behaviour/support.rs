//! Pictures that tests make, with rows apart and a known byte between them.
use salon_beauty::{
    Beautifier, InstructionSet, Picture, PictureMut, Plane, PlaneMut, Range, Strengths,
};

pub const NOTHING: Strengths = Strengths {
    smooth: 0.0,
    whiten: 0.0,
    rosy: 0.0,
    sharpen: 0.0,
};

pub fn smooth(smooth: f32) -> Strengths {
    Strengths { smooth, ..NOTHING }
}

pub fn whiten(whiten: f32) -> Strengths {
    Strengths { whiten, ..NOTHING }
}

pub fn rosy(rosy: f32) -> Strengths {
    Strengths { rosy, ..NOTHING }
}

pub fn sharpen(sharpen: f32) -> Strengths {
    Strengths { sharpen, ..NOTHING }
}

pub fn all(strength: f32) -> Strengths {
    Strengths {
        smooth: strength,
        whiten: strength,
        rosy: strength,
        sharpen: strength,
    }
}

/// Y, U and V, each with `padding` bytes of `guard` after every row and before the first.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    pub width: usize,
    pub height: usize,
    pub padding: usize,
    pub guard: u8,
    planes: [Vec<u8>; 3],
}

impl Frame {
    pub fn new(width: usize, height: usize, padding: usize, guard: u8) -> Self {
        let plane = |by: usize| vec![guard; padding + (width / by + padding) * (height / by)];
        Self {
            width,
            height,
            padding,
            guard,
            planes: [plane(1), plane(2), plane(2)],
        }
    }

    /// Tight rows, each sample from (plane, x, y).
    pub fn made(width: usize, height: usize, sample: impl Fn(usize, usize, usize) -> u8) -> Self {
        let mut frame = Self::new(width, height, 0, 0);
        frame.fill(sample);
        frame
    }

    /// One colour.
    pub fn flat(width: usize, height: usize, yuv: [u8; 3]) -> Self {
        Self::made(width, height, |plane, _, _| yuv[plane])
    }

    pub fn fill(&mut self, sample: impl Fn(usize, usize, usize) -> u8) {
        for plane in 0..3 {
            let (width, height) = self.size(plane);
            for y in 0..height {
                for x in 0..width {
                    self.set(plane, x, y, sample(plane, x, y));
                }
            }
        }
    }

    pub fn size(&self, plane: usize) -> (usize, usize) {
        if plane == 0 {
            (self.width, self.height)
        } else {
            (self.width / 2, self.height / 2)
        }
    }

    fn at(&self, plane: usize, x: usize, y: usize) -> usize {
        self.padding + y * (self.size(plane).0 + self.padding) + x
    }

    pub fn get(&self, plane: usize, x: usize, y: usize) -> u8 {
        self.planes[plane][self.at(plane, x, y)]
    }

    pub fn set(&mut self, plane: usize, x: usize, y: usize, value: u8) {
        let at = self.at(plane, x, y);
        self.planes[plane][at] = value;
    }

    /// The plane's samples without padding.
    pub fn samples(&self, plane: usize) -> Vec<u8> {
        let (width, height) = self.size(plane);
        (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .map(|(x, y)| self.get(plane, x, y))
            .collect()
    }

    /// Rows become columns.
    pub fn transposed(&self) -> Self {
        Self::made(self.height, self.width, |plane, x, y| self.get(plane, y, x))
    }

    /// The same samples with other padding.
    pub fn padded(&self, padding: usize, guard: u8) -> Self {
        let mut frame = Self::new(self.width, self.height, padding, guard);
        frame.fill(|plane, x, y| self.get(plane, x, y));
        frame
    }

    /// Whether every byte between rows is what it was made as.
    pub fn guards_are_untouched(&self) -> bool {
        let mut cleared = self.clone();
        cleared.fill(|_, _, _| self.guard);
        cleared.planes.iter().flatten().all(|&b| b == self.guard)
    }

    pub fn picture(&self) -> Picture<'_> {
        let plane = |i: usize| {
            let (width, height) = self.size(i);
            Plane {
                data: &self.planes[i][self.padding..],
                stride: width + self.padding,
                width,
                height,
            }
        };
        Picture {
            planes: [plane(0), plane(1), plane(2)],
        }
    }

    pub fn picture_mut(&mut self) -> PictureMut<'_> {
        let sizes = [self.size(0), self.size(1), self.size(2)];
        let padding = self.padding;
        let [y, u, v] = &mut self.planes;
        let plane = |data, (width, height): (usize, usize)| -> PlaneMut<'_> {
            let data: &mut Vec<u8> = data;
            PlaneMut {
                data: &mut data[padding..],
                stride: width + padding,
                width,
                height,
            }
        };
        PictureMut {
            planes: [plane(y, sizes[0]), plane(u, sizes[1]), plane(v, sizes[2])],
        }
    }

    /// The picture with effects, by the best instruction set.
    pub fn with(&self, strengths: Strengths) -> Self {
        self.with_range(strengths, Range::Limited)
    }

    pub fn with_range(&self, strengths: Strengths, range: Range) -> Self {
        let mut beautifier = Beautifier::new(InstructionSet::best()).expect("the best is there");
        let mut out = Self::new(self.width, self.height, 0, 0);
        beautifier
            .apply(&self.picture(), &mut out.picture_mut(), &strengths, range)
            .expect("a picture");
        out
    }
}

/// Noise of a place, 0 to 255: the same in every language with 32-bit integers (see `golden/README.md`).
pub fn noise(plane: usize, x: usize, y: usize) -> u8 {
    let mut h = (x as u32)
        .wrapping_mul(374_761_393)
        .wrapping_add((y as u32).wrapping_mul(668_265_263))
        .wrapping_add((plane as u32).wrapping_mul(2_246_822_519));
    h ^= h >> 13;
    h = h.wrapping_mul(1_274_126_177);
    h ^= h >> 16;
    (h >> 24) as u8
}

/// The golden frames' input: skin with spots and noise, stripes of another colour, a grey ramp. See `golden/README.md`.
pub fn test_card(width: usize, height: usize) -> Frame {
    Frame::made(width, height, |plane, x, y| {
        let by = if plane == 0 { 1 } else { 2 };
        let (px, py) = (x * by, y * by);
        let jitter = i32::from(noise(plane, x, y) % 9) - 4;
        let value = if py >= height * 7 / 8 {
            [(px * 255 / (width - 1)) as i32, 128, 128][plane]
        } else if px >= width * 5 / 8 {
            let stripe = if px / 6 % 2 == 0 { 60 } else { 180 };
            [stripe + jitter, 140, 118][plane]
        } else {
            let (dx, dy) = ((px % 24) as i32 - 12, (py % 24) as i32 - 12);
            let spot = if dx * dx + dy * dy <= 6 { 45 } else { 0 };
            let light = 90 + (px * 100 / width) as i32;
            [light - spot + jitter, 108 + jitter / 2, 152 + jitter / 2][plane]
        };
        value.clamp(0, 255) as u8
    })
}

/// Skin of one colour with noise of about `sigma` levels.
pub fn noisy_skin(width: usize, height: usize, yuv: [u8; 3], sigma: f64) -> Frame {
    Frame::made(width, height, |plane, x, y| {
        if plane > 0 {
            return yuv[plane];
        }
        // The sum of four even distributions is near enough to a normal one.
        let sum: u32 = (0..4).map(|k| u32::from(noise(k + 3, x, y))).sum();
        let normal = (f64::from(sum) - 510.0) / 147.8;
        (f64::from(yuv[0]) + sigma * normal)
            .round()
            .clamp(16.0, 235.0) as u8
    })
}

pub fn deviation(samples: &[u8]) -> f64 {
    let n = samples.len() as f64;
    let mean = samples.iter().map(|&s| f64::from(s)).sum::<f64>() / n;
    (samples
        .iter()
        .map(|&s| (f64::from(s) - mean).powi(2))
        .sum::<f64>()
        / n)
        .sqrt()
}
