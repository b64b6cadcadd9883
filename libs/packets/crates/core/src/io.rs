//! The shell: one UDP socket, one thread, an engine in it; and the sockets of peers on this machine.

mod links;

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IoSlice};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use self::links::Links;
use crate::arena::Path;
use crate::command::Command;
use crate::engine::{Engine, FLUSH_BYTES, Settings};
use crate::event::{Event, EventQueue};
use crate::seqpacket::SeqPacket;
use crate::stats::Stats;
use crate::sys::{self, EventFd, RECEIVE_BATCH, ReceiveBatch};

pub use crate::sys::{monotonic_ns, thread_cpu_ns};

/// Commands the thread may be behind.
pub const MAX_COMMANDS: usize = 4096;
/// Packets that arrive while earlier ones are being encrypted join their batch, at most this often.
const MAX_ROUNDS: usize = 4;
/// Encrypting less than this is over before the next packet can come: not worth another look at the socket.
const ROUND_BYTES: usize = 16 * 1024;
/// A large key frame, not seconds of video: what a peer is that far behind with is of no use to it.
const LINK_BUFFER_BYTES: i32 = 1 << 20;
const MAX_SLEEP_NS: u64 = 1_000_000_000;
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
        let links = Links::new(socket.as_raw_fd(), wake.raw_fd());
        let mut data_loop = DataLoop {
            engine: Engine::new(Settings {
                unix_minus_monotonic_ns: sys::realtime_ns() - sys::monotonic_ns(),
                random_seed: RandomState::new().hash_one(local_address.port()),
                ..Settings::default()
            }),
            socket,
            batch: ReceiveBatch::new(),
            links,
            inbox,
            wake: Arc::clone(&wake),
            outbox: Arc::clone(&outbox),
            sender: Sender::default(),
        };
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

struct DataLoop {
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
    fn run(&mut self) -> io::Result<()> {
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

/// Hands the arena to the kernel: GSO while the kernel takes it, one by one otherwise.
struct Sender {
    has_gso: bool,
    packets: u64,
    failures: u64,
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
    fn flush(&mut self, socket: &UdpSocket, engine: &mut Engine) {
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
            let mut slices = [IoSlice::new(&[]); crate::arena::MAX_RUN_SEGMENTS];
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
