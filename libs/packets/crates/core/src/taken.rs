//! What came under a number of a source.

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// To be forwarded.
    Media(i64),
    /// Carries nothing for viewers; its number must not leave a gap.
    Empty(i64),
    /// Seen already, too old, or not usable.
    Refused,
}

impl Taken {
    /// The number of what is to be forwarded.
    pub(crate) fn media(&self) -> Option<i64> {
        match self {
            Self::Media(sequence) => Some(*sequence),
            Self::Empty(_) | Self::Refused => None,
        }
    }
}
