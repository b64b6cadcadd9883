//! The relay's ends of local transports, and what the data thread waits for.

use std::io;
use std::os::fd::RawFd;

use crate::engine::Engine;
use crate::seqpacket::{Read, SeqPacket, Written};
use crate::sys::{self, MAX_DATAGRAM_BYTES, Waiting};

/// Messages of one peer in one turn: the others and the network come in between.
const MAX_MESSAGES: usize = 64;
/// The UDP socket and the owner's wake-ups come first.
const FIRST_LINK: usize = 2;
const WAKE: usize = 1;

struct End {
    transport: u64,
    link: SeqPacket,
    /// As far as is known.
    is_readable: bool,
}

/// Costs nothing while there are none.
pub(super) struct Links {
    ends: Vec<End>,
    waiting: Vec<Waiting>,
    buffer: Box<[u8; MAX_DATAGRAM_BYTES]>,
}

impl Links {
    pub(super) fn new(socket: RawFd, wake: RawFd) -> Self {
        Self {
            ends: Vec::new(),
            waiting: vec![Waiting::for_input(socket), Waiting::for_input(wake)],
            buffer: Box::new([0; MAX_DATAGRAM_BYTES]),
        }
    }

    /// For a transport the engine has just taken.
    pub(super) fn add(&mut self, transport: u64, link: SeqPacket) {
        self.waiting.push(Waiting::for_input(link.raw_fd()));
        self.ends.push(End {
            transport,
            link,
            is_readable: true,
        });
    }

    /// Hands over what peers have sent. True if nothing is left there, as far as was seen.
    pub(super) fn receive(&mut self, engine: &mut Engine) -> bool {
        let mut is_drained = true;
        for end in self.ends.iter_mut().filter(|end| end.is_readable) {
            let now_ns = sys::monotonic_ns();
            end.is_readable = false;
            for left in (0..MAX_MESSAGES).rev() {
                match end.link.read(&mut self.buffer[..]) {
                    Read::Empty => break,
                    Read::Closed => {
                        engine.on_link_closed(now_ns, end.transport);
                        break;
                    }
                    // Cut off, it is nothing: the engine counts it as such.
                    read @ (Read::Message(_) | Read::Cut) => {
                        let len = if let Read::Message(len) = read {
                            len
                        } else {
                            0
                        };
                        let message = &mut self.buffer[..len];
                        engine.on_local_datagram(now_ns, now_ns, end.transport, message);
                        end.is_readable = left == 0;
                    }
                }
            }
            is_drained &= !end.is_readable;
        }
        is_drained
    }

    /// Sends what waits for peers, and lets go of those the engine has removed: (sent, dropped).
    pub(super) fn flush(&mut self, engine: &mut Engine) -> (u64, u64) {
        let (mut sent, mut dropped) = (0, 0);
        if self.ends.is_empty() {
            return (sent, dropped);
        }
        let ends = &self.ends;
        engine.drain_links(|transport, packet| {
            let end = ends.iter().find(|end| end.transport == transport);
            // A peer that does not read, or has gone, which the next receive will tell.
            match end.map(|end| end.link.write(packet)) {
                Some(Written::Whole) => sent += 1,
                _ => dropped += 1,
            }
        });
        if engine.link_count() != self.ends.len() {
            self.ends.retain(|end| engine.has_link(end.transport));
            self.waiting.truncate(FIRST_LINK);
            let fds = self.ends.iter().map(|end| end.link.raw_fd());
            self.waiting.extend(fds.map(Waiting::for_input));
        }
        (sent, dropped)
    }

    /// There was no time to ask: every peer may have sent something.
    pub(super) fn skip_wait(&mut self) {
        self.ends.iter_mut().for_each(|end| end.is_readable = true);
    }

    /// Waits for the socket, the owner, a peer, or the time. True if it was the owner.
    pub(super) fn wait(&mut self, timeout_ns: u64) -> io::Result<bool> {
        sys::wait_readable(&mut self.waiting, timeout_ns)?;
        for (end, waiting) in self.ends.iter_mut().zip(&self.waiting[FIRST_LINK..]) {
            end.is_readable = waiting.is_readable();
        }
        Ok(self.waiting[WAKE].is_readable())
    }
}
