//! RTCP logic, one concern a file: what to ask publishers for, what to tell them, and what viewers tell us.

pub(crate) mod estimate;
pub(crate) mod keyframe;
pub(crate) mod nack;
pub(crate) mod reception;
pub(crate) mod remb;
pub(crate) mod twcc;
