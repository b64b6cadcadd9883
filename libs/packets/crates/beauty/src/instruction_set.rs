//! The same passes compiled for what a processor may have, and the choice among them at run time.

use crate::frame::{Scratch, run};
use crate::parameters::Parameters;
use crate::picture::{Picture, PictureMut};

/// What the passes are compiled for. All give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// AVX-512 with F, BW, DQ and VL.
    Avx512,
    Avx2,
    /// What every processor of this architecture has (SSE2, NEON).
    Baseline,
}

impl InstructionSet {
    /// Best first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Baseline];

    /// As Python and reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Baseline => "baseline",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.name() == name)
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx2")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            Self::Baseline => true,
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The best this processor has.
    pub fn best() -> Self {
        Self::ALL
            .into_iter()
            .find(|set| set.is_available())
            .unwrap_or(Self::Baseline)
    }
}

/// Proof that an instruction set is there.
#[derive(Clone, Copy)]
pub(crate) struct Available(InstructionSet);

impl Available {
    pub(crate) fn new(set: InstructionSet) -> Option<Self> {
        set.is_available().then_some(Self(set))
    }

    pub(crate) fn set(self) -> InstructionSet {
        self.0
    }

    #[cfg_attr(target_arch = "x86_64", allow(unsafe_code))]
    pub(crate) fn run(
        self,
        picture: &Picture<'_>,
        out: &mut PictureMut<'_>,
        parameters: &Parameters,
        scratch: &mut Scratch,
    ) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `new` saw on this processor every feature the function is compiled for.
            InstructionSet::Avx512 => unsafe { run_avx512(picture, out, parameters, scratch) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            InstructionSet::Avx2 => unsafe { run_avx2(picture, out, parameters, scratch) },
            _ => run_baseline(picture, out, parameters, scratch),
        }
    }
}

macro_rules! instantiate {
    ($name:ident $(, $features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        fn $name(
            picture: &Picture<'_>,
            out: &mut PictureMut<'_>,
            parameters: &Parameters,
            scratch: &mut Scratch,
        ) {
            run(picture, out, parameters, scratch);
        }
    };
}

#[cfg(target_arch = "x86_64")]
instantiate!(run_avx512, "avx512f,avx512bw,avx512dq,avx512vl,avx2");
#[cfg(target_arch = "x86_64")]
instantiate!(run_avx2, "avx2");
instantiate!(run_baseline);
