//! What names the entries of the engine's slabs: one type for each kind of entry, so that none is taken for another.

use std::marker::PhantomData;

/// Of an entry of kind `Of`. It names that entry and no other, also once it has been removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key<Of> {
    index: u32,
    generation: u32,
    of: PhantomData<Of>,
}

/// Kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum OfTransport {}
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum OfSource {}
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum OfEncoding {}
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum OfSink {}

pub(crate) type TransportKey = Key<OfTransport>;
pub(crate) type SourceKey = Key<OfSource>;
pub(crate) type EncodingKey = Key<OfEncoding>;
pub(crate) type SinkKey = Key<OfSink>;

impl<Of> Key<Of> {
    /// `generation` counts the entries that had this index before.
    pub(crate) const fn new(index: u32, generation: u32) -> Self {
        Self {
            index,
            generation,
            of: PhantomData,
        }
    }

    /// Small: no two entries that are alive have the same.
    #[inline]
    pub(crate) const fn index(&self) -> usize {
        self.index as usize
    }

    #[inline]
    pub(crate) const fn generation(&self) -> u32 {
        self.generation
    }
}
