//! The crate's one verb.

use crate::frame::Scratch;
use crate::instruction_set::{Available, InstructionSet};
use crate::parameters::{Parameters, Range, Strengths};
use crate::picture::{Picture, PictureMut, Problem};

/// The effects, with scratch memory for one picture at a time (about 20 bytes for each grid cell).
pub struct Beautifier {
    available: Available,
    scratch: Scratch,
}

impl Beautifier {
    /// None where this processor does not have `set`.
    pub fn new(set: InstructionSet) -> Option<Self> {
        Available::new(set).map(|available| Self {
            available,
            scratch: Scratch::default(),
        })
    }

    pub fn instruction_set(&self) -> InstructionSet {
        self.available.set()
    }

    /// Writes `picture` with the effects into `out`, of the same size. After an error nothing has been written.
    pub fn apply(
        &mut self,
        picture: &Picture<'_>,
        out: &mut PictureMut<'_>,
        strengths: &Strengths,
        range: Range,
    ) -> Result<(), Problem> {
        strengths.check()?;
        picture.check(out)?;
        let parameters = Parameters::new(strengths, range);
        self.available
            .run(picture, out, &parameters, &mut self.scratch);
        Ok(())
    }
}
