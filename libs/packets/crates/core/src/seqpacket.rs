//! One end of a Unix SOCK_SEQPACKET connection, a message a packet: what a local transport and its peer talk through.
//! Beside `sys` the only unsafe code of the crate: system calls that the standard library does not have; Linux only.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes of one whole message.
    Message(usize),
    /// A message that did not fit.
    Cut,
    /// Nothing is there.
    Empty,
    /// Nothing will come any more.
    Closed,
}

/// What a write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// All of it.
    Whole,
    /// The other end does not read.
    Full,
    /// There is no other end any more.
    Closed,
}

/// An own descriptor of the connection.
#[derive(Debug)]
pub struct SeqPacket {
    fd: OwnedFd,
}

impl SeqPacket {
    /// Another descriptor for the socket behind `fd`, which stays the caller's; an error if it is none of this kind.
    /// `buffer_bytes`: what may wait for the other end; the kernel counts a packet as about twice its size.
    pub fn duplicate(fd: RawFd, buffer_bytes: c_int) -> io::Result<Self> {
        // SAFETY: plain system call; the result is checked.
        let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) };
        if copy < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `copy` is a fresh descriptor that nobody else owns.
        let socket = Self {
            fd: unsafe { OwnedFd::from_raw_fd(copy) },
        };
        if socket.option(libc::SO_TYPE)? != libc::SOCK_SEQPACKET
            || socket.option(libc::SO_DOMAIN)? != libc::AF_UNIX
        {
            return Err(io::Error::from_raw_os_error(libc::EPROTOTYPE));
        }
        // The forced size needs CAP_NET_ADMIN; without it the system's limit applies, which still works.
        for (forced, plain) in [
            (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
            (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
        ] {
            if socket.set_option(forced, buffer_bytes).is_err() {
                socket.set_option(plain, buffer_bytes)?;
            }
        }
        Ok(socket)
    }

    fn option(&self, name: c_int) -> io::Result<c_int> {
        let mut value: c_int = 0;
        let mut len = size_of::<c_int>() as libc::socklen_t;
        // SAFETY: `value` is a live c_int of the length given.
        let result = unsafe {
            libc::getsockopt(
                self.fd.as_raw_fd(),
                libc::SOL_SOCKET,
                name,
                (&raw mut value).cast(),
                &mut len,
            )
        };
        check(result as isize).map(|_| value)
    }

    fn set_option(&self, name: c_int, value: c_int) -> io::Result<()> {
        // SAFETY: the option value is one live c_int of the length given.
        let result = unsafe {
            libc::setsockopt(
                self.fd.as_raw_fd(),
                libc::SOL_SOCKET,
                name,
                (&raw const value).cast(),
                size_of::<c_int>() as libc::socklen_t,
            )
        };
        check(result as isize).map(|_| ())
    }

    /// One message, without waiting.
    pub fn read(&self, buffer: &mut [u8]) -> Read {
        loop {
            // SAFETY: the buffer is live and has the length given.
            let result = unsafe {
                libc::recv(
                    self.fd.as_raw_fd(),
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    libc::MSG_DONTWAIT | libc::MSG_TRUNC,
                )
            };
            match check(result).map_err(|error| error.raw_os_error()) {
                // An empty message looks like the end.
                Ok(0) if !self.is_hung_up() => {}
                Ok(0) => return Read::Closed,
                Ok(len) if len > buffer.len() => return Read::Cut,
                Ok(len) => return Read::Message(len),
                // A reset is told once, in front of what is still there to be read.
                Err(Some(libc::EINTR | libc::ECONNRESET)) => {}
                Err(Some(libc::EAGAIN)) => return Read::Empty,
                Err(_) => return Read::Closed,
            }
        }
    }

    /// One message, without waiting.
    pub fn write(&self, message: &[u8]) -> Written {
        loop {
            // SAFETY: the message is live and has the length given.
            let result = unsafe {
                libc::send(
                    self.fd.as_raw_fd(),
                    message.as_ptr().cast(),
                    message.len(),
                    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                )
            };
            match check(result).map_err(|error| error.raw_os_error()) {
                Ok(_) => return Written::Whole,
                Err(Some(libc::EINTR)) => {}
                Err(Some(libc::EAGAIN | libc::ENOBUFS)) => return Written::Full,
                Err(_) => return Written::Closed,
            }
        }
    }

    /// For whoever waits for several.
    pub fn raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Waits until something can be read, the end included, or the time is over. `Interrupted` if a signal came.
    pub fn wait_readable(&self, timeout_ns: u64) -> io::Result<()> {
        self.poll(libc::POLLIN, timeout_ns).map(|_| ())
    }

    /// Waits until something can be written or the time is over.
    pub fn wait_writable(&self, timeout_ns: u64) -> io::Result<()> {
        self.poll(libc::POLLOUT, timeout_ns).map(|_| ())
    }

    fn is_hung_up(&self) -> bool {
        self.poll(libc::POLLRDHUP, 0)
            .is_ok_and(|found| found & (libc::POLLRDHUP | libc::POLLHUP | libc::POLLERR) != 0)
    }

    fn poll(&self, events: i16, timeout_ns: u64) -> io::Result<i16> {
        let mut poll = libc::pollfd {
            fd: self.fd.as_raw_fd(),
            events,
            revents: 0,
        };
        let timeout = libc::timespec {
            tv_sec: (timeout_ns / 1_000_000_000) as libc::time_t,
            tv_nsec: (timeout_ns % 1_000_000_000) as libc::c_long,
        };
        // SAFETY: one live pollfd and a live timespec; no signal mask.
        let result = unsafe { libc::ppoll(&mut poll, 1, &timeout, std::ptr::null()) };
        check(result as isize).map(|_| poll.revents)
    }

    /// Ends the connection for both sides, whoever else has a descriptor of this end; wakes whoever waits.
    pub fn shut_down(&self) {
        // SAFETY: plain system call. It fails only if the connection has ended already.
        unsafe { libc::shutdown(self.fd.as_raw_fd(), libc::SHUT_RDWR) };
    }
}

fn check(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
