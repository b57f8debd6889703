//! TCP_NODELAY for the driver's connections.
//!
//! The driver uses Nagle's algorithm and has no setting for it. So the end of a statement above 8 KB waits until the
//! server's machine acknowledges the part before: 40 ms on Linux, about fifteen times a batch. The driver does not
//! expose its sockets. So this looks through the open files of the process and sets the option on each new TCP socket.
//! This includes the sockets of our own HTTP server, which need the option as well. Only Linux lists open files in this
//! way. On other systems nothing is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Connections are opened on demand, so the search for sockets is repeated after this time, while there is traffic.
const AGAIN: Duration = Duration::from_millis(500);

/// Sets the option on new sockets, now and then.
pub(super) struct NoDelay {
    began: Instant,
    /// The time of the last search, in milliseconds after `began`, plus one; 0 for never.
    looked: AtomicU64,
    #[cfg(target_os = "linux")]
    seen: Arc<std::sync::Mutex<rustc_hash::FxHashSet<u64>>>,
}

impl NoDelay {
    pub(super) fn new() -> Self {
        NoDelay {
            began: Instant::now(),
            looked: AtomicU64::new(0),
            #[cfg(target_os = "linux")]
            seen: Arc::default(),
        }
    }

    /// Searches for new sockets, unless the last search was a moment ago.
    pub(super) async fn set(&self) {
        let now = self.began.elapsed().as_millis() as u64 + 1;
        let looked = self.looked.load(Ordering::Relaxed);
        let is_due = looked == 0 || now.saturating_sub(looked) >= AGAIN.as_millis() as u64;
        if !is_due || self.looked.compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            let seen = self.seen.clone();
            let done = tokio::task::spawn_blocking(move || linux::set_on_new_sockets(&seen)).await;
            if let Ok(Err(e)) = done {
                tracing::debug!(error = %e, "open sockets could not be listed, so TCP_NODELAY was not set");
            }
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::{BorrowedFd, RawFd};
    use std::sync::{Mutex, PoisonError};

    use rustc_hash::FxHashSet;
    use socket2::{SockRef, Type};

    /// `seen` holds the inodes of sockets that were handled before, as long as they are open.
    pub(super) fn set_on_new_sockets(seen: &Mutex<FxHashSet<u64>>) -> std::io::Result<()> {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open = FxHashSet::default();
        for file in std::fs::read_dir("/proc/self/fd")? {
            let Ok(file) = file else { continue };
            let (Some(fd), Some(inode)) = (number(&file), inode(&file)) else { continue };
            if !seen.contains(&inode) {
                set_on(fd);
            }
            open.insert(inode);
        }
        *seen = open;
        Ok(())
    }

    fn number(file: &std::fs::DirEntry) -> Option<RawFd> {
        file.file_name().to_str()?.parse().ok()
    }

    /// The file descriptor of a socket is a link with the text `socket:[4711]`.
    fn inode(file: &std::fs::DirEntry) -> Option<u64> {
        let link = std::fs::read_link(file.path()).ok()?;
        link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    }

    /// Sockets of other kinds refuse the option, and are not changed.
    fn set_on(fd: RawFd) {
        // SAFETY: the borrow ends with this function and never closes anything. The owner may close `fd` in the
        // meantime. Then the option is refused (EBADF), or set on another socket of this process, which does no harm.
        #[expect(unsafe_code, reason = "the driver owns the socket and does not lend it")]
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let socket = SockRef::from(&fd);
        if socket.r#type().is_ok_and(|r#type| r#type == Type::STREAM) && !socket.tcp_nodelay().unwrap_or(true) {
            let _ = socket.set_tcp_nodelay(true);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_tcp_connection_gets_the_option_and_other_open_files_keep_theirs() {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let client = std::net::TcpStream::connect(listener.local_addr().expect("bound")).expect("a connection");
            let (_unix, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
            assert!(!client.nodelay().expect("open"), "or there is nothing to test");
            let seen = Mutex::default();

            set_on_new_sockets(&seen).expect("open files are listed");
            assert!(client.nodelay().expect("open"));

            client.set_nodelay(false).expect("open");
            set_on_new_sockets(&seen).expect("open files are listed");
            assert!(!client.nodelay().expect("open"), "a socket is handled once");

            drop(client);
            set_on_new_sockets(&seen).expect("open files are listed");
            let later = std::net::TcpStream::connect(listener.local_addr().expect("bound")).expect("a connection");
            set_on_new_sockets(&seen).expect("open files are listed");
            assert!(later.nodelay().expect("open"), "also one that comes later");
        }
    }
}
