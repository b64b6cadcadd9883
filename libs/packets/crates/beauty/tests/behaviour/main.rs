//! What the effects do to pictures, one file for each behaviour; one binary, because the passes take long to compile.

mod any_even_size_and_stride;
mod golden_frames;
mod instruction_sets_agree;
mod single_effects_leave_the_rest_alone;
mod skin_loses_noise_and_keeps_moles;
mod steps_and_ramps_stay_clean;
mod support;
mod whitening_and_ranges;
