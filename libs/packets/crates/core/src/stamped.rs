//! Sockets that say when the kernel received something: for benchmarks, whose readers come by late and must not count
//! their own delay.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::sys::{self, ReceiveBatch};

/// Nanoseconds since 1970: the clock of the stamps.
pub fn now_ns() -> u64 {
    sys::realtime_ns()
}

/// A non-blocking socket with large buffers whose datagrams are stamped on arrival.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    sys::bind(address)
}

/// Buffers to read such sockets with, one after the other.
pub struct Reader {
    batch: ReceiveBatch,
}

impl Reader {
    /// Allocates.
    #[allow(clippy::new_without_default)] // it allocates; nobody should get one by derive
    pub fn new() -> Self {
        Self {
            batch: ReceiveBatch::new(),
        }
    }

    /// Everything that waits in the socket: arrival on the clock of [`now_ns`], and the bytes.
    pub fn drain(
        &mut self,
        socket: &UdpSocket,
        mut each: impl FnMut(u64, &[u8]),
    ) -> io::Result<()> {
        loop {
            let count = self.batch.receive(socket)?;
            for index in 0..count {
                if let Some(message) = self.batch.message(index) {
                    each(
                        message.arrival_realtime_ns.unwrap_or_else(now_ns),
                        message.bytes,
                    );
                }
            }
            if count < sys::RECEIVE_BATCH {
                return Ok(());
            }
        }
    }
}
