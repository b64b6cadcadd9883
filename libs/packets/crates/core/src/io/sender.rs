//! The arena's way into the kernel.

use std::io::{self, IoSlice};
use std::net::UdpSocket;

use crate::arena::{MAX_RUN_SEGMENTS, Path};
use crate::engine::Engine;
use crate::sys;

/// GSO while the kernel takes it, one by one otherwise.
pub(super) struct Sender {
    has_gso: bool,
    pub(super) packets: u64,
    pub(super) failures: u64,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            has_gso: true,
            packets: 0,
            failures: 0,
        }
    }
}

impl Sender {
    pub(super) fn flush(&mut self, socket: &UdpSocket, engine: &mut Engine) {
        let arena = engine.output();
        if arena.is_empty() {
            return;
        }
        let mut run = Vec::new();
        arena.for_each_run(&mut run, |path, packets| {
            self.send_run(socket, path, packets)
        });
        arena.clear();
    }

    fn send_run(&mut self, socket: &UdpSocket, path: &Path, packets: &[&[u8]]) {
        if packets.len() > 1 && self.has_gso {
            let mut slices = [IoSlice::new(&[]); MAX_RUN_SEGMENTS];
            for (slice, packet) in slices.iter_mut().zip(packets) {
                *slice = IoSlice::new(packet);
            }
            let segment_bytes = packets[0].len() as u16;
            match sys::send(socket, path, &slices[..packets.len()], Some(segment_bytes)) {
                Ok(()) => {
                    self.packets += packets.len() as u64;
                    return;
                }
                // No room now: sending them one by one would not make any.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.failures += packets.len() as u64;
                    return;
                }
                // The device cannot checksum segments, or the kernel does not know the option: for good.
                Err(error)
                    if matches!(
                        error.raw_os_error(),
                        Some(libc::EIO | libc::EINVAL | libc::ENOPROTOOPT)
                    ) =>
                {
                    self.has_gso = false;
                }
                // A path MTU below the segment size, a route that went away: each packet for itself.
                Err(_) => {}
            }
        }
        for packet in packets {
            match sys::send(socket, path, &[IoSlice::new(packet)], None) {
                Ok(()) => self.packets += 1,
                Err(_) => self.failures += 1,
            }
        }
    }
}
