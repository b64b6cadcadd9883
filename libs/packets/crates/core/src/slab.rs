//! Storage whose keys are places, so that the packet path never hashes an id.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use crate::keys::Key;

/// Entries in slots that are used again. The key of an entry that was removed names nothing any more.
#[derive(Debug)]
pub(crate) struct Slab<K, T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    keys: PhantomData<K>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    entry: Option<T>,
}

impl<Of: Copy, T> Slab<Key<Of>, T> {
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            keys: PhantomData,
        }
    }

    pub(crate) fn insert(&mut self, entry: T) -> Key<Of> {
        self.insert_with(|_| entry)
    }

    /// For an entry that has to know its own key.
    pub(crate) fn insert_with(&mut self, make: impl FnOnce(Key<Of>) -> T) -> Key<Of> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                entry: None,
            });
            (self.slots.len() - 1) as u32
        });
        let slot = &mut self.slots[index as usize];
        let key = Key::new(index, slot.generation);
        slot.entry = Some(make(key));
        key
    }

    pub(crate) fn remove(&mut self, key: Key<Of>) -> Option<T> {
        let slot = self.slots.get_mut(key.index())?;
        if slot.generation != key.generation() {
            return None;
        }
        let entry = slot.entry.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index() as u32);
        Some(entry)
    }

    #[inline]
    pub(crate) fn get(&self, key: Key<Of>) -> Option<&T> {
        let slot = self.slots.get(key.index())?;
        slot.entry
            .as_ref()
            .filter(|_| slot.generation == key.generation())
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key<Of>) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index())?;
        slot.entry
            .as_mut()
            .filter(|_| slot.generation == key.generation())
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.entry.as_ref())
    }
}

impl<Of: Copy, T> Index<Key<Of>> for Slab<Key<Of>, T> {
    type Output = T;

    /// The entry; a dead key is a broken invariant and panics (the engine then drops the transport).
    #[inline]
    fn index(&self, key: Key<Of>) -> &T {
        self.get(key).expect("slab key is alive")
    }
}

impl<Of: Copy, T> IndexMut<Key<Of>> for Slab<Key<Of>, T> {
    #[inline]
    fn index_mut(&mut self, key: Key<Of>) -> &mut T {
        self.get_mut(key).expect("slab key is alive")
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;
    use crate::keys::SinkKey;

    #[test]
    fn a_removed_slot_is_used_again_under_another_key() {
        let mut slab: Slab<SinkKey, &str> = Slab::new();
        let first = slab.insert("a");
        let second = slab.insert("b");
        assert_eq!(slab.remove(first), Some("a"));
        assert_eq!(slab.remove(first), None);
        let third = slab.insert("c");
        assert_eq!(third.index(), first.index());
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!((slab[third], slab[second]), ("c", "b"));
        assert_eq!(slab.len(), 2);
    }
}
