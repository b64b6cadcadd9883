//! What the data thread does: orders in, packets in and out, timers, events up, sleep.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use super::links::Links;
use super::sender::Sender;
use super::{Order, Outbox};
use crate::command::Command;
use crate::engine::{Engine, FLUSH_BYTES};
use crate::sys::{self, EventFd, RECEIVE_BATCH, ReceiveBatch};

/// Packets that arrive while earlier ones are being encrypted join their batch, at most this often.
const MAX_ROUNDS: usize = 4;
/// Encrypting less than this is over before the next packet can come: not worth another look at the socket.
const ROUND_BYTES: usize = 16 * 1024;
const MAX_SLEEP_NS: u64 = 1_000_000_000;

pub(super) struct DataLoop {
    engine: Engine,
    socket: UdpSocket,
    batch: ReceiveBatch,
    links: Links,
    inbox: Receiver<Order>,
    wake: Arc<EventFd>,
    outbox: Arc<Outbox>,
    sender: Sender,
}

impl DataLoop {
    pub(super) fn new(
        engine: Engine,
        socket: UdpSocket,
        inbox: Receiver<Order>,
        wake: Arc<EventFd>,
        outbox: Arc<Outbox>,
    ) -> Self {
        let links = Links::new(socket.as_raw_fd(), wake.raw_fd());
        Self {
            engine,
            socket,
            batch: ReceiveBatch::new(),
            links,
            inbox,
            wake,
            outbox,
            sender: Sender::default(),
        }
    }

    /// Until it is told to stop.
    pub(super) fn run(&mut self) -> io::Result<()> {
        loop {
            if self.take_orders() {
                return Ok(());
            }
            let are_links_drained = self.links.receive(&mut self.engine);
            let is_drained = self.receive()? && are_links_drained;
            let now_ns = sys::monotonic_ns();
            if self
                .engine
                .next_deadline_ns()
                .is_some_and(|deadline_ns| deadline_ns <= now_ns)
            {
                self.engine.on_time(now_ns);
            }
            self.flush();
            self.publish_events();
            if is_drained {
                self.sleep(now_ns)?;
            } else {
                self.links.skip_wait();
            }
        }
    }

    /// True to stop.
    fn take_orders(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Order::Engine(command)) => self.engine.on_command(sys::monotonic_ns(), command),
                Ok(Order::AddLink(transport, link)) => {
                    let before = self.engine.link_count();
                    self.engine.on_command(
                        sys::monotonic_ns(),
                        Command::AddLocalTransport { transport },
                    );
                    // An id that is there already is a stale command; the socket is closed.
                    if self.engine.link_count() > before {
                        self.links.add(transport, link);
                    }
                }
                Ok(Order::Stats(reply)) => {
                    let mut stats = self.engine.stats();
                    stats.packets_sent = self.sender.packets;
                    stats.send_failures = self.sender.failures;
                    stats.cpu_time_ns = sys::thread_cpu_ns();
                    // Whoever asked may have stopped waiting.
                    let _ = reply.try_send(stats);
                }
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return true,
                Err(TryRecvError::Empty) => return false,
            }
            if self.engine.output().pending_bytes() >= FLUSH_BYTES {
                self.flush();
            }
        }
    }

    /// Handles what is in the socket, a few batches at most before anything is sent: packets of one frame that come
    /// in while its first is being encrypted then leave together with it.
    /// True if nothing is left there, as far as was seen: whoever waits for it then returns at once if there is.
    fn receive(&mut self) -> io::Result<bool> {
        for _ in 0..MAX_ROUNDS {
            let count = self.batch.receive(&self.socket)?;
            if count == 0 {
                return Ok(true);
            }
            let now_ns = sys::monotonic_ns();
            let now_realtime_ns = sys::realtime_ns();
            for index in 0..count {
                let Some(message) = self.batch.message(index) else {
                    continue;
                };
                // Cut off, it is nothing: the engine counts it as such.
                let bytes = if message.is_truncated {
                    &mut [][..]
                } else {
                    message.bytes
                };
                // A kernel stamp from the future or from long ago means that the wall clock was set.
                let age_ns = message
                    .arrival_realtime_ns
                    .map_or(0, |arrival_ns| now_realtime_ns.saturating_sub(arrival_ns))
                    .min(1_000_000_000);
                self.engine
                    .on_datagram(now_ns, now_ns - age_ns, &message.path, bytes);
            }
            while self.engine.finish_batch(now_ns) {
                self.sender.flush(&self.socket, &mut self.engine);
            }
            if count < RECEIVE_BATCH && self.engine.output().pending_bytes() < ROUND_BYTES {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn flush(&mut self) {
        // Packets that were held until a command brought the keys.
        while self.engine.finish_batch(sys::monotonic_ns()) {
            self.sender.flush(&self.socket, &mut self.engine);
        }
        self.sender.flush(&self.socket, &mut self.engine);
        let (sent, dropped) = self.links.flush(&mut self.engine);
        self.sender.packets += sent;
        self.sender.failures += dropped;
    }

    fn publish_events(&mut self) {
        let mut fresh = self.engine.take_events().peekable();
        if fresh.peek().is_some() {
            let mut events = self.outbox.lock();
            fresh.for_each(|event| events.push(event));
            self.outbox.readable.signal();
        }
    }

    fn sleep(&mut self, now_ns: u64) -> io::Result<()> {
        let until_ns = self.engine.next_deadline_ns().unwrap_or(u64::MAX);
        let timeout_ns = until_ns.saturating_sub(now_ns).min(MAX_SLEEP_NS);
        if self.links.wait(timeout_ns)? {
            self.wake.clear();
        }
        Ok(())
    }
}
