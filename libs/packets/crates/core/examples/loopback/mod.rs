//! What both benchmarks share: a relay on loopback with rooms of one publisher and some viewers, fed and read by one
//! thread that stays out of the relay's way.
//!
//! Nothing here adds to the measured latency. The time of sending travels in `abs-capture-time`, which the relay passes
//! on unencrypted; the time of arrival is the kernel's stamp on the viewer's socket, however late that is read.

mod load;
mod peer;
mod room;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use salon_packets_core::io::{Relay, thread_cpu_ns};
use salon_packets_core::stamped::{self, Reader};

pub use self::load::Load;
pub use self::room::Room;

/// Sockets are read at least this often, which their buffers allow by far.
const READ_EVERY_NS: u64 = 20_000_000;
const SETTLE: Duration = Duration::from_millis(60);

/// Where everybody reaches the relay.
fn address_of(relay: &Relay) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, relay.local_address().port()).into()
}

/// The relay, its rooms, and who publishes when.
pub struct Loopback {
    relay: Relay,
    pub rooms: Vec<Room>,
    /// Rooms whose publisher is sending.
    pub active: usize,
    load: Load,
    reader: Reader,
}

/// What happened while packets were published.
#[derive(Default)]
pub struct Measured {
    pub elapsed_ns: u64,
    /// Of the relay's data thread.
    pub cpu_ns: u64,
    /// Time the data thread was ready to run and did not.
    pub waited_ns: u64,
    /// Of the thread that publishes and reads.
    pub bench_cpu_ns: u64,
    pub published: u64,
    pub expected: u64,
    pub delivered: u64,
    /// Delivered, but without a latency: the publishing thread lost the processor between its stamp and the end of
    /// its send call.
    pub left_out: u64,
    /// Of every other delivery, sorted.
    pub latencies_ns: Vec<u32>,
    /// Of the deliveries to each room's last viewer, sorted.
    pub last_latencies_ns: Vec<u32>,
}

impl Measured {
    /// CPU time per packet received by viewers.
    pub fn cost_us(&self) -> f64 {
        self.cpu_ns as f64 / 1000.0 / self.delivered.max(1) as f64
    }

    /// Share of a core the data thread used.
    pub fn load_percent(&self) -> f64 {
        self.cpu_ns as f64 * 100.0 / self.elapsed_ns.max(1) as f64
    }
}

impl Loopback {
    pub fn start(rooms: usize, viewers: usize, load: Load) -> Self {
        let bound = (Ipv6Addr::UNSPECIFIED, 0); // as a relay does unless it is told otherwise
        let relay = Relay::start(bound.into()).expect("relay starts");
        let rooms = (0..rooms)
            .map(|number| Room::open(&relay, number, viewers, load))
            .collect();
        Self {
            relay,
            rooms,
            active: usize::MAX,
            load,
            reader: Reader::new(),
        }
    }

    /// Publishes for that long in the first `active` rooms and reads every viewer's socket meanwhile.
    pub fn publish(&mut self, duration: Duration) -> Measured {
        self.read_all(&mut Measured::default());
        let before = self.relay.stats().expect("relay runs");
        let waited_ns = data_thread_waited_ns();
        let (begin_ns, bench_cpu_ns) = (stamped::now_ns(), thread_cpu_ns());
        let mut measured = Measured::default();
        let end_ns = begin_ns + duration.as_nanos() as u64;
        let active = self.active.min(self.rooms.len());
        let mut events: BinaryHeap<_> = (0..active)
            .flat_map(|room| self.load.first_events(begin_ns, room))
            .map(Reverse)
            .collect();
        let mut readable = 0;
        while let Some(Reverse(event)) = events.pop() {
            if event.at_ns >= end_ns {
                break;
            }
            readable = self.idle_until(event.at_ns, active, readable, &mut measured);
            let packets = self.rooms[event.room].publish(event.is_audio);
            measured.published += packets;
            measured.expected += packets * self.rooms[event.room].viewers.len() as u64;
            events.push(Reverse(self.load.next(event)));
        }
        std::thread::sleep(Duration::from_nanos(
            end_ns.saturating_sub(stamped::now_ns()),
        ));
        measured.elapsed_ns = stamped::now_ns() - begin_ns;
        std::thread::sleep(SETTLE);
        self.read_all(&mut measured);
        let after = self.relay.stats().expect("relay runs");
        measured.cpu_ns = after.cpu_time_ns - before.cpu_time_ns;
        measured.waited_ns = data_thread_waited_ns() - waited_ns;
        measured.bench_cpu_ns = thread_cpu_ns() - bench_cpu_ns;
        measured.latencies_ns.sort_unstable();
        measured.last_latencies_ns.sort_unstable();
        measured
    }

    /// Reads some sockets while there is time, then sleeps.
    fn idle_until(
        &mut self,
        at_ns: u64,
        active: usize,
        mut next: usize,
        measured: &mut Measured,
    ) -> usize {
        // So many rooms in a row keep the pace whatever the waits are.
        for _ in 0..active {
            let room = &mut self.rooms[next % active];
            let now_ns = stamped::now_ns();
            if now_ns < room.read_ns + READ_EVERY_NS {
                break;
            }
            room.read(&mut self.reader, measured);
            room.read_ns = now_ns;
            next += 1;
            if stamped::now_ns() + 100_000 >= at_ns {
                break;
            }
        }
        let wait_ns = at_ns.saturating_sub(stamped::now_ns());
        if wait_ns > 0 {
            std::thread::sleep(Duration::from_nanos(wait_ns));
        }
        next
    }

    fn read_all(&mut self, measured: &mut Measured) {
        for room in &mut self.rooms {
            room.read(&mut self.reader, measured);
        }
    }
}

/// The kernel's count of how long the data thread of this process waited for a processor; 0 where it does not count.
fn data_thread_waited_ns() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .map(|task| task.path())
        .filter(|path| {
            std::fs::read_to_string(path.join("comm"))
                .is_ok_and(|name| name.starts_with("salon-packets"))
        })
        .filter_map(|path| std::fs::read_to_string(path.join("schedstat")).ok())
        .filter_map(|line| line.split(' ').nth(1)?.parse::<u64>().ok())
        .max()
        .unwrap_or(0)
}

/// CPU time of one `sendto` + `recv` on loopback, one thread, best of five rounds. CPU time like the cost itself, so that
/// others on the machine do not make the ratio look good.
pub fn calibrate_us() -> f64 {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("loopback socket");
    let sender = UdpSocket::bind("127.0.0.1:0").expect("loopback socket");
    let target = receiver.local_addr().expect("bound");
    let (packet, mut buffer) = ([0; 1100], [0; 2048]);
    let rounds = (0..5).map(|_| {
        let start_ns = thread_cpu_ns();
        for _ in 0..20_000 {
            sender.send_to(&packet, target).expect("loopback send");
            receiver.recv(&mut buffer).expect("loopback receive");
        }
        (thread_cpu_ns() - start_ns) as f64 / 20_000.0 / 1000.0
    });
    rounds.fold(f64::MAX, f64::min)
}

/// What loopback itself takes from before the send call to the kernel's stamp: the median of single packets with pauses
/// between them, as in the measurement.
pub fn bare_latency_ns() -> u32 {
    let receiver = stamped::bind("127.0.0.1:0".parse().expect("address")).expect("loopback socket");
    let sender = UdpSocket::bind("127.0.0.1:0").expect("loopback socket");
    let target = receiver.local_addr().expect("bound");
    let mut reader = Reader::new();
    let mut latencies_ns = Vec::new();
    for _ in 0..300 {
        std::thread::sleep(Duration::from_micros(300));
        let sent_ns = stamped::now_ns();
        sender.send_to(&[0; 1100], target).expect("loopback send");
        let arrived =
            |at_ns: u64, _: &[u8]| latencies_ns.push(at_ns.saturating_sub(sent_ns) as u32);
        reader.drain(&receiver, arrived).expect("loopback receive");
    }
    latencies_ns.sort_unstable();
    percentile(&latencies_ns, 50)
}

pub fn percentile(sorted: &[u32], percent: usize) -> u32 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0)
}
