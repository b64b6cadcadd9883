//! The shell: one UDP socket, one thread, an engine in it; and the sockets of peers on this machine.

mod data_loop;
mod links;
mod sender;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use self::data_loop::DataLoop;
use crate::command::Command;
use crate::engine::{Engine, Settings};
use crate::event::{Event, EventQueue};
use crate::seqpacket::SeqPacket;
use crate::stats::Stats;
use crate::sys::{self, EventFd};

pub use crate::sys::{monotonic_ns, thread_cpu_ns};

/// Commands the thread may be behind.
pub const MAX_COMMANDS: usize = 4096;
/// A large key frame, not seconds of video: what a peer is that far behind with is of no use to it.
const LINK_BUFFER_BYTES: i32 = 1 << 20;
const STATS_TIMEOUT: Duration = Duration::from_secs(2);

enum Order {
    Engine(Command),
    AddLink(u64, SeqPacket),
    Stats(SyncSender<Stats>),
    Stop,
}

/// Why a command did not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The thread is `MAX_COMMANDS` behind; try again.
    QueueFull,
    /// The thread has ended.
    Closed,
}

struct Outbox {
    events: Mutex<EventQueue>,
    readable: EventFd,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, EventQueue> {
        // The queue has no state between calls that a panic could leave half done.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running relay. Dropping it stops the thread.
pub struct Relay {
    orders: SyncSender<Order>,
    wake: Arc<EventFd>,
    outbox: Arc<Outbox>,
    local_address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Binds and starts; port 0 picks a free one.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let socket = sys::bind(address)?;
        let local_address = socket.local_addr()?;
        let wake = Arc::new(EventFd::new()?);
        let outbox = Arc::new(Outbox {
            events: Mutex::default(),
            readable: EventFd::new()?,
        });
        let (orders, inbox) = sync_channel(MAX_COMMANDS);
        let engine = Engine::new(Settings {
            unix_minus_monotonic_ns: sys::realtime_ns() - sys::monotonic_ns(),
            random_seed: RandomState::new().hash_one(local_address.port()),
            ..Settings::default()
        });
        let mut data_loop = DataLoop::new(
            engine,
            socket,
            inbox,
            Arc::clone(&wake),
            Arc::clone(&outbox),
        );
        let thread = Builder::new().name("salon-packets".into()).spawn(move || {
            // Without this thread the relay is deaf and nobody would notice: better to die and be restarted.
            match catch_unwind(AssertUnwindSafe(|| data_loop.run())) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    eprintln!("salon-packets: data thread failed: {error}");
                    std::process::abort();
                }
                Err(_) => std::process::abort(),
            }
        })?;
        Ok(Self {
            orders,
            wake,
            outbox,
            local_address,
            thread: Some(thread),
        })
    }

    /// Where peers reach it.
    pub fn local_address(&self) -> SocketAddr {
        self.local_address
    }

    /// Queues an order.
    pub fn send(&self, command: Command) -> Result<(), SendError> {
        self.order(Order::Engine(command))
    }

    /// Queues a local transport whose peer is at the other end of `fd`, a connected Unix SOCK_SEQPACKET socket. It is
    /// duplicated; the outer error says that it could not be, or is another kind of thing.
    pub fn add_local_transport(
        &self,
        transport: u64,
        fd: RawFd,
    ) -> io::Result<Result<(), SendError>> {
        let link = SeqPacket::duplicate(fd, LINK_BUFFER_BYTES)?;
        Ok(self.order(Order::AddLink(transport, link)))
    }

    fn order(&self, order: Order) -> Result<(), SendError> {
        if self.thread.is_none() {
            return Err(SendError::Closed);
        }
        match self.orders.try_send(order) {
            Ok(()) => {
                self.wake.signal();
                Ok(())
            }
            Err(TrySendError::Full(_)) => Err(SendError::QueueFull),
            Err(TrySendError::Disconnected(_)) => Err(SendError::Closed),
        }
    }

    /// A snapshot, made between two batches of packets.
    pub fn stats(&self) -> Result<Stats, SendError> {
        let (reply, answer) = sync_channel(1);
        self.order(Order::Stats(reply))?;
        answer
            .recv_timeout(STATS_TIMEOUT)
            .map_err(|_| SendError::Closed)
    }

    /// Readable while `drain` has something to give.
    pub fn events_fd(&self) -> RawFd {
        self.outbox.readable.raw_fd()
    }

    /// All events since the last call.
    pub fn drain(&self) -> Vec<Event> {
        let mut events = self.outbox.lock();
        self.outbox.readable.clear();
        events.drain()
    }

    /// Stops the thread and closes the socket. Again is harmless.
    pub fn close(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A full queue is drained by the thread; blocking here ends.
        let _ = self.orders.send(Order::Stop);
        self.wake.signal();
        let _ = thread.join();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.close();
    }
}
