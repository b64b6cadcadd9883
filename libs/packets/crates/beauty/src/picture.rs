//! Pictures as borrowed planes with row strides, checked before a pixel is touched.

use std::fmt;

/// The smallest and largest side of the luma plane.
pub const MIN_SIDE_PX: usize = 16;
pub const MAX_SIDE_PX: usize = 8192;

/// One plane to read: rows of `width` bytes, `stride` bytes apart.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    pub data: &'a [u8],
    pub stride: usize,
    pub width: usize,
    pub height: usize,
}

/// One plane to write.
pub struct PlaneMut<'a> {
    pub data: &'a mut [u8],
    pub stride: usize,
    pub width: usize,
    pub height: usize,
}

/// Y, U and V of one picture to read.
#[derive(Clone, Copy)]
pub struct Picture<'a> {
    pub planes: [Plane<'a>; 3],
}

/// Y, U and V of one picture to write.
pub struct PictureMut<'a> {
    pub planes: [PlaneMut<'a>; 3],
}

/// Why a picture was refused. Nothing has been written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Problem {
    /// A side of the luma plane is odd or not from 16 to 8192.
    Size { width: usize, height: usize },
    /// A plane's size does not follow from the luma plane's.
    PlaneSize {
        plane: usize,
        width: usize,
        height: usize,
    },
    /// A row is longer than the distance between rows, or the buffer is too short for them.
    Stride { plane: usize },
    /// A strength is not a number from 0 to 100.
    Strength { name: &'static str, value: f32 },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Size { width, height } => write!(
                f,
                "a picture of {width}x{height}: both sides are even and from {MIN_SIDE_PX} to {MAX_SIDE_PX}"
            ),
            Self::PlaneSize {
                plane,
                width,
                height,
            } => write!(
                f,
                "plane {} has {width}x{height}, which does not fit the others",
                ["Y", "U", "V"][plane]
            ),
            Self::Stride { plane } => {
                write!(
                    f,
                    "plane {}: rows overlap or leave the buffer",
                    ["Y", "U", "V"][plane]
                )
            }
            Self::Strength { name, value } => write!(f, "{name} is {value}, not from 0 to 100"),
        }
    }
}

impl std::error::Error for Problem {}

/// The bytes that rows of this shape span, or None where the numbers make no sense.
fn span(width: usize, height: usize, stride: usize) -> Option<usize> {
    if stride < width {
        return None;
    }
    (height - 1).checked_mul(stride)?.checked_add(width)
}

/// Whether (length, stride, width, height) of three planes are a picture of `width` x `height`.
fn check(
    width: usize,
    height: usize,
    planes: [(usize, usize, usize, usize); 3],
) -> Result<(), Problem> {
    let side = |px: usize| (MIN_SIDE_PX..=MAX_SIDE_PX).contains(&px) && px.is_multiple_of(2);
    if !side(width) || !side(height) {
        return Err(Problem::Size { width, height });
    }
    for (plane, (len, stride, plane_width, plane_height)) in planes.into_iter().enumerate() {
        let expected = if plane == 0 {
            (width, height)
        } else {
            (width / 2, height / 2)
        };
        if (plane_width, plane_height) != expected {
            return Err(Problem::PlaneSize {
                plane,
                width: plane_width,
                height: plane_height,
            });
        }
        if span(plane_width, plane_height, stride).is_none_or(|bytes| bytes > len) {
            return Err(Problem::Stride { plane });
        }
    }
    Ok(())
}

impl<'a> Plane<'a> {
    #[inline(always)]
    pub(crate) fn row(&self, y: usize) -> &'a [u8] {
        &self.data[y * self.stride..][..self.width]
    }
}

impl PlaneMut<'_> {
    #[inline(always)]
    pub(crate) fn row(&mut self, y: usize) -> &mut [u8] {
        &mut self.data[y * self.stride..][..self.width]
    }

    pub(crate) fn copy_from(&mut self, from: &Plane<'_>) {
        for y in 0..self.height {
            self.row(y).copy_from_slice(from.row(y));
        }
    }
}

impl Picture<'_> {
    pub(crate) fn width(&self) -> usize {
        self.planes[0].width
    }

    pub(crate) fn height(&self) -> usize {
        self.planes[0].height
    }

    /// That `self` is a picture and `out` has room for one of the same size.
    pub(crate) fn check(&self, out: &PictureMut<'_>) -> Result<(), Problem> {
        let (width, height) = (self.width(), self.height());
        let shape = |p: &Plane<'_>| (p.data.len(), p.stride, p.width, p.height);
        check(width, height, self.planes.each_ref().map(shape))?;
        let shape = |p: &PlaneMut<'_>| (p.data.len(), p.stride, p.width, p.height);
        check(width, height, out.planes.each_ref().map(shape))
    }
}
