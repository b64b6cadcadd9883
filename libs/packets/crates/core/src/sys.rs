//! The system calls the socket loop needs and the standard library does not have. The only unsafe code of the crate
//! outside of its dependencies; Linux only. Longer than other files so that all of it stands in one place.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::ptr;

use crate::arena::{LocalAddress, Path};

/// Datagrams of one `recvmmsg`.
pub(crate) const RECEIVE_BATCH: usize = 64;
/// Larger datagrams are cut by the kernel and refused by us; no peer sends media above the path MTU.
pub(crate) const MAX_DATAGRAM_BYTES: usize = 2048;
const CONTROL_BYTES: usize = 256;
const SOCKET_BUFFER_BYTES: c_int = 4 << 20;

/// Nanoseconds of the monotonic clock.
pub fn monotonic_ns() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// Nanoseconds since 1970, the clock of kernel receive timestamps.
pub(crate) fn realtime_ns() -> u64 {
    clock_ns(libc::CLOCK_REALTIME)
}

/// CPU time of the calling thread, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    clock_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for one timespec; these clocks always exist on Linux.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Bind, and ask for large buffers, kernel timestamps and destination addresses. `::` is every address of both IP
/// versions, whatever the system's default for such sockets is; of IPv4 alone where the kernel has no IPv6.
pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match address {
        SocketAddr::V6(address) if address.ip().is_unspecified() => bind_to_both(address)
            .or_else(|error| without_ipv6(error, address.port(), UdpSocket::bind))?,
        _ => UdpSocket::bind(address)?,
    };
    socket.set_nonblocking(true)?;
    let fd = socket.as_raw_fd();
    grow_buffer(
        fd,
        libc::SO_RCVBUFFORCE,
        libc::SO_RCVBUF,
        SOCKET_BUFFER_BYTES,
    )?;
    grow_buffer(
        fd,
        libc::SO_SNDBUFFORCE,
        libc::SO_SNDBUF,
        SOCKET_BUFFER_BYTES,
    )?;
    set_option(fd, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
    if address.ip().is_unspecified() {
        match socket.local_addr()? {
            SocketAddr::V4(_) => set_option(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?,
            SocketAddr::V6(_) => set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?,
        }
    }
    Ok(socket)
}

fn bind_to_both(address: SocketAddrV6) -> io::Result<UdpSocket> {
    // SAFETY: plain system call; the result is checked.
    let fd = unsafe { libc::socket(libc::AF_INET6, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `fd` is a fresh descriptor that nobody else owns; it is closed with the socket on every way out.
    let socket = unsafe { UdpSocket::from_raw_fd(fd) };
    set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0)?;
    // SAFETY: all-zero is a valid sockaddr_storage.
    let mut name = unsafe { zeroed::<libc::sockaddr_storage>() };
    let len = write_address(&mut name, &SocketAddr::V6(address));
    // SAFETY: `name` holds an address of `len` bytes.
    if unsafe { libc::bind(fd, (&raw const name).cast(), len) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(socket)
}

/// `bind_any` to the IPv4 wildcard if the error says that there is no IPv6, else the error.
fn without_ipv6<T>(
    error: io::Error,
    port: u16,
    bind_any: impl FnOnce(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    match error.raw_os_error() {
        Some(libc::EAFNOSUPPORT) => bind_any((Ipv4Addr::UNSPECIFIED, port).into()),
        _ => Err(error),
    }
}

fn grow_buffer(fd: RawFd, forced: c_int, plain: c_int, bytes: c_int) -> io::Result<()> {
    // The forced size needs CAP_NET_ADMIN; without it the system's limit applies, which still works.
    set_option(fd, libc::SOL_SOCKET, forced, bytes)
        .or_else(|_| set_option(fd, libc::SOL_SOCKET, plain, bytes))
}

fn set_option(fd: RawFd, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: the option value is one live c_int of the length given.
    let result = unsafe {
        libc::setsockopt(
            fd,
            level,
            name,
            (&raw const value).cast(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// One received datagram.
pub(crate) struct Received<'a> {
    pub(crate) path: Path,
    /// Kernel arrival in `realtime_ns`.
    pub(crate) arrival_realtime_ns: Option<u64>,
    pub(crate) is_truncated: bool,
    pub(crate) bytes: &'a mut [u8],
}

/// Buffers for `recvmmsg`; the pointers inside the headers stay valid because the boxed slices never move.
pub(crate) struct ReceiveBatch {
    bytes: Box<[u8]>,
    names: Box<[libc::sockaddr_storage]>,
    controls: Box<[Control]>,
    _vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    /// Headers the kernel has written to since they were prepared.
    used: usize,
}

/// Control messages need the alignment of `cmsghdr`.
#[repr(align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        let mut bytes = vec![0; RECEIVE_BATCH * MAX_DATAGRAM_BYTES].into_boxed_slice();
        // SAFETY: all-zero is a valid value of these plain C structures.
        let (mut names, mut headers) = unsafe {
            (
                vec![zeroed::<libc::sockaddr_storage>(); RECEIVE_BATCH].into_boxed_slice(),
                vec![zeroed::<libc::mmsghdr>(); RECEIVE_BATCH].into_boxed_slice(),
            )
        };
        let mut controls = vec![Control([0; CONTROL_BYTES]); RECEIVE_BATCH].into_boxed_slice();
        let mut vectors: Box<[libc::iovec]> = bytes
            .chunks_exact_mut(MAX_DATAGRAM_BYTES)
            .map(|chunk| libc::iovec {
                iov_base: chunk.as_mut_ptr().cast(),
                iov_len: MAX_DATAGRAM_BYTES,
            })
            .collect();
        for (index, header) in headers.iter_mut().enumerate() {
            header.msg_hdr.msg_name = (&raw mut names[index]).cast();
            header.msg_hdr.msg_iov = &raw mut vectors[index];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = controls[index].0.as_mut_ptr().cast();
        }
        Self {
            bytes,
            names,
            controls,
            _vectors: vectors,
            headers,
            used: RECEIVE_BATCH,
        }
    }

    /// Takes what is there without waiting; 0 when nothing is.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        // All of them would be four kilobytes of memory touched for every few packets.
        for header in &mut self.headers[..self.used] {
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_hdr.msg_controllen = CONTROL_BYTES as _;
            header.msg_hdr.msg_flags = 0;
        }
        // SAFETY: every header points into the boxed slices of `self`, which live and are not otherwise borrowed.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                RECEIVE_BATCH as u32,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        self.used = count.max(0) as usize;
        if count >= 0 {
            return Ok(count as usize);
        }
        match io::Error::last_os_error() {
            error
                if error.kind() == io::ErrorKind::WouldBlock
                    || error.kind() == io::ErrorKind::Interrupted =>
            {
                Ok(0)
            }
            // ICMP errors of earlier sends arrive here; they say nothing about the socket.
            error
                if matches!(
                    error.raw_os_error(),
                    Some(libc::ECONNREFUSED | libc::EHOSTUNREACH | libc::ENETUNREACH)
                ) =>
            {
                Ok(0)
            }
            error => Err(error),
        }
    }

    /// Message `index` of the last `receive`; `None` for an address family that is not IP.
    pub(crate) fn message(&mut self, index: usize) -> Option<Received<'_>> {
        let header = &self.headers[index];
        let remote = socket_address(&self.names[index])?;
        let (local, arrival_realtime_ns) = read_control(&header.msg_hdr, &self.controls[index]);
        let start = index * MAX_DATAGRAM_BYTES;
        let len = (header.msg_len as usize).min(MAX_DATAGRAM_BYTES);
        Some(Received {
            path: Path { remote, local },
            arrival_realtime_ns,
            is_truncated: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            bytes: &mut self.bytes[start..start + len],
        })
    }
}

// SAFETY: the raw pointers inside the headers point into memory owned by the same value; moving it between threads is fine.
unsafe impl Send for ReceiveBatch {}

fn socket_address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says it is a sockaddr_in, and storage is large and aligned enough for any address.
            let v4 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::V4(SocketAddrV4::new(
                ip,
                u16::from_be(v4.sin_port),
            )))
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for sockaddr_in6.
            let v6 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddr::V6(SocketAddrV6::new(
                ip,
                u16::from_be(v6.sin6_port),
                0,
                v6.sin6_scope_id,
            )))
        }
        _ => None,
    }
}

fn read_control(header: &libc::msghdr, _owner: &Control) -> (Option<LocalAddress>, Option<u64>) {
    let (mut local, mut arrival) = (None, None);
    // SAFETY: the kernel filled msg_control with well-formed messages of msg_controllen bytes in `_owner`; the CMSG
    // macros stay within them, and reads are unaligned because the data's alignment is not promised.
    unsafe {
        let mut cursor = libc::CMSG_FIRSTHDR(header);
        while !cursor.is_null() {
            let data = libc::CMSG_DATA(cursor);
            match ((*cursor).cmsg_level, (*cursor).cmsg_type) {
                (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS) => {
                    let time = ptr::read_unaligned(data.cast::<libc::timespec>());
                    arrival = Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64);
                }
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = ptr::read_unaligned(data.cast::<libc::in_pktinfo>());
                    let ip = IpAddr::V4(Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr)));
                    local = Some(LocalAddress { ip, interface: 0 });
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = ptr::read_unaligned(data.cast::<libc::in6_pktinfo>());
                    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    let interface = if ip.is_unicast_link_local() {
                        info.ipi6_ifindex
                    } else {
                        0
                    };
                    local = Some(LocalAddress {
                        ip: IpAddr::V6(ip),
                        interface,
                    });
                }
                _ => {}
            }
            cursor = libc::CMSG_NXTHDR(header, cursor);
        }
    }
    (local, arrival)
}

/// Sends `packets` to one peer in one call. With a segment size the kernel cuts them apart again (UDP GSO): all but
/// the last must have that size. Without, there must be exactly one.
pub(crate) fn send(
    socket: &UdpSocket,
    path: &Path,
    packets: &[IoSlice<'_>],
    segment_bytes: Option<u16>,
) -> io::Result<()> {
    // SAFETY: all-zero is a valid msghdr and sockaddr_storage.
    let (mut header, mut name) =
        unsafe { (zeroed::<libc::msghdr>(), zeroed::<libc::sockaddr_storage>()) };
    let mut control = Control([0; CONTROL_BYTES]);
    header.msg_namelen = write_address(&mut name, &path.remote);
    header.msg_name = (&raw mut name).cast();
    // An IoSlice is documented to have the layout of an iovec; the kernel does not write through it.
    header.msg_iov = packets.as_ptr().cast_mut().cast();
    header.msg_iovlen = packets.len() as _;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = CONTROL_BYTES as _;
    let used = write_control(&header, path.local, segment_bytes);
    header.msg_controllen = used as _;
    if used == 0 {
        header.msg_control = ptr::null_mut();
    }
    // SAFETY: all pointers in the header refer to live locals and the caller's slices.
    let sent = unsafe {
        libc::sendmsg(
            socket.as_raw_fd(),
            &header,
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
        )
    };
    if sent >= 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn write_address(name: &mut libc::sockaddr_storage, address: &SocketAddr) -> libc::socklen_t {
    match address {
        SocketAddr::V4(address) => {
            // SAFETY: storage is large and aligned enough for any socket address.
            let v4 = unsafe { &mut *(&raw mut *name).cast::<libc::sockaddr_in>() };
            v4.sin_family = libc::AF_INET as libc::sa_family_t;
            v4.sin_port = address.port().to_be();
            v4.sin_addr.s_addr = u32::from(*address.ip()).to_be();
            size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
        SocketAddr::V6(address) => {
            // SAFETY: as above.
            let v6 = unsafe { &mut *(&raw mut *name).cast::<libc::sockaddr_in6>() };
            v6.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            v6.sin6_port = address.port().to_be();
            v6.sin6_addr.s6_addr = address.ip().octets();
            v6.sin6_scope_id = address.scope_id();
            size_of::<libc::sockaddr_in6>() as libc::socklen_t
        }
    }
}

fn write_control(
    header: &libc::msghdr,
    local: Option<LocalAddress>,
    segment_bytes: Option<u16>,
) -> usize {
    let mut used = 0;
    // SAFETY: the control buffer has room for both messages (at most CMSG_SPACE(20) + CMSG_SPACE(2) of 256 bytes) and
    // the alignment of cmsghdr; CMSG_NXTHDR reads only the zeroed lengths behind the first message.
    unsafe {
        let mut cursor = libc::CMSG_FIRSTHDR(header);
        if let Some(local) = local {
            used += match local.ip {
                IpAddr::V4(ip) => {
                    let info = libc::in_pktinfo {
                        ipi_ifindex: local.interface as c_int,
                        ipi_spec_dst: libc::in_addr {
                            s_addr: u32::from(ip).to_be(),
                        },
                        ipi_addr: libc::in_addr { s_addr: 0 },
                    };
                    put_control(cursor, libc::IPPROTO_IP, libc::IP_PKTINFO, info)
                }
                IpAddr::V6(ip) => {
                    let info = libc::in6_pktinfo {
                        ipi6_addr: libc::in6_addr {
                            s6_addr: ip.octets(),
                        },
                        ipi6_ifindex: local.interface as _,
                    };
                    put_control(cursor, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info)
                }
            };
            cursor = libc::CMSG_NXTHDR(header, cursor);
        }
        if let Some(bytes) = segment_bytes {
            used += put_control(cursor, libc::SOL_UDP, libc::UDP_SEGMENT, bytes);
        }
    }
    used
}

/// # Safety
/// `cursor` points to room for a control message holding a `T`.
unsafe fn put_control<T>(cursor: *mut libc::cmsghdr, level: c_int, kind: c_int, value: T) -> usize {
    // SAFETY: promised by the caller; the data is written unaligned.
    unsafe {
        (*cursor).cmsg_level = level;
        (*cursor).cmsg_type = kind;
        (*cursor).cmsg_len = libc::CMSG_LEN(size_of::<T>() as u32) as _;
        ptr::write_unaligned(libc::CMSG_DATA(cursor).cast::<T>(), value);
        libc::CMSG_SPACE(size_of::<T>() as u32) as usize
    }
}

/// A counter the kernel lets another thread wait on.
#[derive(Debug)]
pub struct EventFd {
    file: File,
}

impl EventFd {
    /// Not signalled.
    pub fn new() -> io::Result<Self> {
        // SAFETY: plain system call; the result is checked.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `fd` is a fresh descriptor that nobody else owns.
        Ok(Self {
            file: unsafe { File::from_raw_fd(fd) },
        })
    }

    /// Makes it readable.
    pub fn signal(&self) {
        // Full means it is readable already; there is no other failure for an eventfd we own.
        let _ = (&self.file).write(&1u64.to_ne_bytes());
    }

    /// Makes it unreadable.
    pub fn clear(&self) {
        let _ = (&self.file).read(&mut [0; 8]);
    }

    /// For select, poll and event loops.
    pub fn raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

/// What to wait for, and what came of it.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Waiting(libc::pollfd);

impl Waiting {
    pub(crate) fn for_input(fd: RawFd) -> Self {
        Self(libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        })
    }

    /// There is something to read, the end of it included.
    pub(crate) fn is_readable(&self) -> bool {
        self.0.revents != 0
    }
}

/// Waits until one of the descriptors is readable or the time is over.
pub(crate) fn wait_readable(waiting: &mut [Waiting], timeout_ns: u64) -> io::Result<()> {
    let timeout = libc::timespec {
        tv_sec: (timeout_ns / 1_000_000_000) as libc::time_t,
        tv_nsec: (timeout_ns % 1_000_000_000) as libc::c_long,
    };
    // SAFETY: `Waiting` is transparent, so these are as many live pollfds; a live timespec; no signal mask.
    let result = unsafe {
        libc::ppoll(
            waiting.as_mut_ptr().cast(),
            waiting.len() as libc::nfds_t,
            &timeout,
            ptr::null(),
        )
    };
    if result < 0 {
        // Nothing was looked at, so nothing is known to be readable.
        waiting.iter_mut().for_each(|one| one.0.revents = 0);
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive_all(
        batch: &mut ReceiveBatch,
        socket: &UdpSocket,
        wanted: usize,
    ) -> Vec<(Path, Option<u64>, Vec<u8>)> {
        let mut seen = Vec::new();
        while seen.len() < wanted {
            wait_readable(&mut [Waiting::for_input(socket.as_raw_fd())], 2_000_000_000).unwrap();
            let count = batch.receive(socket).unwrap();
            assert!(count > 0, "{} of {wanted} datagrams arrived", seen.len());
            for index in 0..count {
                let message = batch.message(index).unwrap();
                seen.push((
                    message.path,
                    message.arrival_realtime_ns,
                    message.bytes.to_vec(),
                ));
            }
        }
        seen
    }

    fn round_trip(bind_to: &str, reach_at: &str) {
        let relay = bind(bind_to.parse().unwrap()).unwrap();
        let peer = bind(reach_at.parse().unwrap()).unwrap();
        let mut target: SocketAddr = reach_at.parse().unwrap();
        target.set_port(relay.local_addr().unwrap().port());
        peer.send_to(b"hello", target).unwrap();
        let mut batch = ReceiveBatch::new();
        let (path, arrival, bytes) = receive_all(&mut batch, &relay, 1).remove(0);
        assert_eq!(bytes, b"hello");
        assert!(realtime_ns() - arrival.unwrap() < 2_000_000_000);

        let packets = [[1u8; 100], [2; 100], [3; 100]];
        let slices = [
            IoSlice::new(&packets[0]),
            IoSlice::new(&packets[1]),
            IoSlice::new(&packets[2][..40]),
        ];
        send(&relay, &path, &slices, Some(100)).unwrap();
        let answers = receive_all(&mut batch, &peer, 3);
        assert_eq!(
            answers
                .iter()
                .map(|(_, _, bytes)| bytes.len())
                .collect::<Vec<_>>(),
            [100, 100, 40]
        );
        for (path, _, _) in answers {
            assert_eq!(path.remote, target);
        }
    }

    #[test]
    fn a_wildcard_bind_answers_from_the_address_that_was_hit() {
        round_trip("0.0.0.0:0", "127.0.0.1:0");
        round_trip("127.0.0.1:0", "127.0.0.1:0");
    }

    #[test]
    fn ipv6_works_where_the_system_has_it() {
        if UdpSocket::bind("[::1]:0").is_ok() {
            round_trip("[::]:0", "[::1]:0");
            round_trip("[::1]:0", "[::1]:0");
        }
    }

    #[test]
    fn the_ipv6_wildcard_answers_ipv4_from_the_address_that_was_hit_too() {
        round_trip("[::]:0", "127.0.0.1:0");
        round_trip("[::]:0", "127.0.0.2:0");
    }

    #[test]
    fn the_ipv6_wildcard_is_taken_where_somebody_has_the_port_of_one_ipv4_address() {
        let holder = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = holder.local_addr().unwrap().port();
        let refused = bind((Ipv6Addr::UNSPECIFIED, port).into()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn without_ipv6_in_the_kernel_the_ipv4_wildcard_is_bound() {
        let bound = |errno| {
            without_ipv6(io::Error::from_raw_os_error(errno), 7, Ok).map_err(|error| error.kind())
        };
        assert_eq!(bound(libc::EAFNOSUPPORT), Ok("0.0.0.0:7".parse().unwrap()));
        assert_eq!(bound(libc::EADDRINUSE), Err(io::ErrorKind::AddrInUse));
    }
}
