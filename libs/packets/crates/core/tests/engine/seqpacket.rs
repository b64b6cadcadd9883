//! Two connected Unix sockets that keep messages apart and tell when the other is gone, which the standard library
//! cannot make but can use.

use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// Reads give up after five seconds; 0 bytes are the end.
pub fn pair() -> (UnixDatagram, UnixDatagram) {
    let mut fds = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: room for the two descriptors; the result is checked.
    let result = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr()) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    let [ours, theirs] = fds.map(|fd| {
        // SAFETY: a fresh descriptor that nobody else owns.
        let socket = UnixDatagram::from(unsafe { OwnedFd::from_raw_fd(fd) });
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        socket
    });
    (ours, theirs)
}
