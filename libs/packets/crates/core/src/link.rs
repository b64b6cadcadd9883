//! Packets on their way to a peer on this machine, whose transport has no address and no keys.

/// One memory for all of them: a key frame is a hundred packets, and none of them deserves an allocation.
#[derive(Debug, Default)]
pub(crate) struct LinkQueue {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl LinkQueue {
    /// Queues one packet made of `parts`; gives its size.
    pub(crate) fn push<'a>(&mut self, parts: impl IntoIterator<Item = &'a [u8]>) -> usize {
        let start = self.bytes.len();
        parts
            .into_iter()
            .for_each(|part| self.bytes.extend_from_slice(part));
        self.ends.push(self.bytes.len());
        self.bytes.len() - start
    }

    /// Gives all packets in order and forgets them; the memory stays.
    pub(crate) fn drain(&mut self, mut each: impl FnMut(&[u8])) {
        let mut start = 0;
        for end in self.ends.drain(..) {
            each(&self.bytes[start..end]);
            start = end;
        }
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::LinkQueue;

    #[test]
    fn packets_come_out_whole_in_order_and_once() {
        let mut queue = LinkQueue::default();
        assert_eq!(queue.push([&b"head"[..], b"", b"er"]), 6);
        assert_eq!(queue.push([&b"x"[..]]), 1);
        let mut seen = Vec::new();
        queue.drain(|packet| seen.push(packet.to_vec()));
        assert_eq!(seen, [b"header".to_vec(), b"x".to_vec()]);
        queue.drain(|packet| panic!("{packet:?} again"));
    }
}
