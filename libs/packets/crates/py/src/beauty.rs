//! The effects on buffers that Python holds. Everything is checked here or in `salon_beauty` before a byte is written.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use salon_beauty as core;
use salon_beauty::{InstructionSet, Picture, PictureMut, Plane, PlaneMut, Range, Strengths};
use std::ops;
use std::sync::{Mutex, PoisonError};

/// The three planes as Python gives them.
type Planes<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The four effects on I420 pictures.
#[pyclass(frozen, module = "salon_packets._native")]
pub(crate) struct Beautifier {
    /// A second thread waits: there is scratch memory for one picture.
    inner: Mutex<core::Beautifier>,
    instruction_set: InstructionSet,
}

#[pymethods]
impl Beautifier {
    #[new]
    #[pyo3(signature = (instruction_set=None))]
    fn new(instruction_set: Option<&str>) -> PyResult<Self> {
        let set = match instruction_set {
            None => InstructionSet::best(),
            Some(name) => InstructionSet::from_name(name).ok_or_else(|| {
                PyValueError::new_err(format!(
                    "instruction set {name:?} is none of avx512, avx2, baseline"
                ))
            })?,
        };
        let inner = core::Beautifier::new(set).ok_or_else(|| {
            PyValueError::new_err(format!("this processor does not have {}", set.name()))
        })?;
        Ok(Self {
            inner: Mutex::new(inner),
            instruction_set: set,
        })
    }

    #[getter]
    fn instruction_set(&self) -> &'static str {
        self.instruction_set.name()
    }

    #[pyo3(signature = (planes, out, *, smooth, whiten, rosy, sharpen, full_range=false))]
    #[allow(clippy::too_many_arguments)] // keyword-only on the Python side
    #[allow(unsafe_code)]
    fn apply(
        &self,
        py: Python<'_>,
        planes: Planes<'_>,
        out: Planes<'_>,
        smooth: f32,
        whiten: f32,
        rosy: f32,
        sharpen: f32,
        full_range: bool,
    ) -> PyResult<()> {
        let input = buffers("planes", planes)?;
        let output = buffers("out", out)?;
        for (i, buffer) in output.iter().enumerate() {
            if buffer.bytes.readonly() {
                return Err(PyValueError::new_err(format!("{}: read-only", buffer.name)));
            }
            for other in input.iter().chain(&output[..i]) {
                if buffer.meets(other) {
                    return Err(PyValueError::new_err(format!(
                        "{} shares memory with {}",
                        buffer.name, other.name
                    )));
                }
            }
        }
        let picture = Picture {
            planes: input.each_ref().map(|buffer| Plane {
                // SAFETY: the exporter keeps these bytes alive and in place while `input` lives, and they do not meet
                // those written below. That nobody else writes them meanwhile is the caller's part, as for every
                // buffer used without the GIL.
                data: unsafe { std::slice::from_raw_parts(buffer.start(), buffer.span()) },
                stride: buffer.stride,
                width: buffer.width,
                height: buffer.height,
            }),
        };
        let mut written = PictureMut {
            planes: output.each_ref().map(|buffer| PlaneMut {
                // SAFETY: as above; writable, and meets no other span of this call.
                data: unsafe {
                    std::slice::from_raw_parts_mut(buffer.start().cast_mut(), buffer.span())
                },
                stride: buffer.stride,
                width: buffer.width,
                height: buffer.height,
            }),
        };
        let strengths = Strengths {
            smooth,
            whiten,
            rosy,
            sharpen,
        };
        let range = if full_range {
            Range::Full
        } else {
            Range::Limited
        };
        py.detach(|| {
            // Scratch memory holds nothing between pictures, so one that panicked leaves it usable.
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.apply(&picture, &mut written, &strengths, range)
        })
        .map_err(|problem| PyValueError::new_err(problem.to_string()))
    }
}

/// One plane's buffer, two-dimensional with rows of bytes.
struct Rows {
    name: String,
    bytes: PyBuffer<u8>,
    width: usize,
    height: usize,
    stride: usize,
}

impl Rows {
    fn new(name: String, object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let wrong = |what: &str| PyValueError::new_err(format!("{name}: {what}"));
        let bytes =
            PyBuffer::<u8>::get(object).map_err(|_| wrong("not a buffer of unsigned bytes"))?;
        let (&[height, width], &[stride, 1]) = (bytes.shape(), bytes.strides()) else {
            return Err(wrong("not two-dimensional with adjacent columns"));
        };
        if bytes.suboffsets().is_some() {
            return Err(wrong("rows lie behind pointers"));
        }
        if width == 0 || height == 0 {
            return Err(wrong("empty"));
        }
        let stride = usize::try_from(stride)
            .ok()
            .filter(|&stride| stride >= width)
            .ok_or_else(|| wrong("the row stride is below the width"))?;
        Ok(Self {
            name,
            bytes,
            width,
            height,
            stride,
        })
    }

    fn start(&self) -> *const u8 {
        self.bytes.buf_ptr().cast::<u8>().cast_const()
    }

    /// Bytes from the first pixel to the last.
    fn span(&self) -> usize {
        (self.height - 1) * self.stride + self.width
    }

    /// Whether the two spans have a byte in common.
    fn meets(&self, other: &Self) -> bool {
        let range = |rows: &Self| -> ops::Range<usize> {
            rows.start().addr()..rows.start().addr() + rows.span()
        };
        let (a, b) = (range(self), range(other));
        a.start < b.end && b.start < a.end
    }
}

fn buffers(argument: &str, (y, u, v): Planes<'_>) -> PyResult<[Rows; 3]> {
    let rows = |plane: &str, object| Rows::new(format!("{argument} {plane}"), object);
    Ok([rows("Y", &y)?, rows("U", &u)?, rows("V", &v)?])
}
