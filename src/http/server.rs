//! The server: listens before the store is there, and finishes what it began before it ends.

use std::future::Future;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::rt::net::TcpStream;
use anyhow::{Context, bail};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

use super::app::{State, app};
use super::readiness;
use crate::store::Store;

/// How long requests may take to finish once the server is told to end.
const FINISH_WITHIN: u64 = 10;
/// How long a client may read nothing of what it asked for; then its connection is cut. Longer than it
/// takes to tell a subscriber why.
#[cfg(target_os = "linux")]
const READ_WITHIN: Duration = Duration::from_secs(40);
/// How often measurements are folded.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// How many times until the store is asked for its figures, should nobody ask for the metrics: a minute.
const REFRESH_TURNS: u64 = 12;

/// Serves until SIGTERM or Ctrl-C, then finishes the requests it has and answers.
///
/// Listens at once. Then sets the store up, as often as it takes; then runs `first`; and from then
/// on is ready as long as the store is there. What `first` needs is that the store is set up.
///
/// # Errors
/// When the address cannot be listened on, when a store in a file cannot be used, or when `first` fails.
pub async fn serve<F>(listener: TcpListener, state: State, store: Arc<dyn Store>, first: F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let readiness = state.readiness.clone();
    let (metrics, refresh) = (state.metrics.clone(), state.refresh.clone());
    let sockets = state.sockets.clone();
    let runtime = Handle::current();
    // The other half resolves and reads, on the runtime: with more threads than cores they take turns.
    let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
    let server = HttpServer::new(move || {
        let _ = RUNTIME.with(|cell| cell.set(runtime.clone()));
        app!(state.clone())
    })
    .workers(workers)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(10))
    .client_disconnect_timeout(Duration::from_secs(2))
    .shutdown_timeout(FINISH_WITHIN)
    .on_connect(|connection, kept| {
        send_at_once(connection);
        cut_when_nothing_is_read(connection);
        kept.insert(Connected::count());
    })
    .disable_signals()
    .listen(listener)
    .context("cannot listen")?
    .run();
    let handle = server.handle();
    let mut serving = tokio::spawn(server);

    let watching = async {
        readiness::set_up(&store, &readiness).await?;
        first.await?;
        readiness.set_ready();
        readiness::watch(&store, &readiness).await;
        Ok(())
    };
    let folding = async {
        for turn in 1_u64.. {
            tokio::time::sleep(FOLD_EVERY).await;
            metrics.fold();
            if turn % REFRESH_TURNS == 0 && readiness.reason().is_none() {
                refresh().await;
            }
        }
    };
    let outcome: anyhow::Result<()> = tokio::select! {
        failed = watching => failed,
        () = folding => Ok(()),
        signal = told_to_end() => signal.map(|name| tracing::info!("{name}: finishing what was begun")),
        ended = &mut serving => return ended.context("the server panicked")?.context("the server failed"),
    };
    readiness.set_ending();
    sockets.end();
    handle.stop(true).await;
    outcome
}

/// An answer's head and body go out in two packets. With Nagle's algorithm the second waits until the client has
/// acknowledged the first, and a client does that 40 ms later.
fn send_at_once(connection: &dyn std::any::Any) {
    if let Some(connection) = connection.downcast_ref::<TcpStream>() {
        // Without it all is as right, and slower.
        let _ = connection.set_nodelay(true);
    }
}

/// A connection that is counted, as long as it is kept.
struct Connected(metrics::Gauge);

impl Connected {
    fn count() -> Self {
        let gauge = metrics::gauge!("throughline_http_connections");
        gauge.increment(1.0);
        Connected(gauge)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// The server itself waits for such a client for ever, with all that it has ready for it.
fn cut_when_nothing_is_read(connection: &dyn std::any::Any) {
    #[cfg(target_os = "linux")]
    if let Some(connection) = connection.downcast_ref::<TcpStream>() {
        // Where the kernel does not know how, it is as it would be without.
        let _ = socket2::SockRef::from(connection).set_tcp_user_timeout(Some(READ_WITHIN));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = connection;
}

/// Takes the address, or says in words why that does not go.
///
/// # Errors
/// The port is taken, not allowed, or the address is not this machine's; and, as every caller sees
/// all as long as the settings have no `[access]`, an address that others can reach.
pub fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    if !address.ip().is_loopback() {
        bail!(
            "without [access] in the settings every caller sees all, so the server listens on loopback only: \
             {address} can be reached from elsewhere, 127.0.0.1:{} cannot",
            address.port()
        );
    }
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow::anyhow!("{address} is taken: another program listens there; choose another port with --listen")
        }
        ErrorKind::PermissionDenied => {
            anyhow::anyhow!("{address} is not allowed: ports below 1024 need rights; choose another with --listen")
        }
        ErrorKind::AddrNotAvailable => {
            anyhow::anyhow!("{address} is no address of this machine; 127.0.0.1 is one of every machine")
        }
        _ => anyhow::anyhow!("cannot listen on {address}: {error}"),
    })
}

/// The signal that came.
async fn told_to_end() -> anyhow::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| "Ctrl-C").context("cannot wait for Ctrl-C"),
    }
}

thread_local! {
    static RUNTIME: std::cell::OnceCell<Handle> = const { std::cell::OnceCell::new() };
}

/// The runtime that [`serve`] was called on; in a test of the app alone, the test's.
pub(super) fn runtime() -> Handle {
    RUNTIME.with(|cell| cell.get().cloned()).unwrap_or_else(Handle::current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_said_in_words() {
        let taken = listen(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = taken.local_addr().expect("an address");
        let error = listen(address).expect_err("taken").to_string();
        assert!(error.starts_with(&format!("{address} is taken")), "{error}");
    }

    #[tokio::test]
    async fn a_connection_sends_at_once() {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let _client = std::net::TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let (accepted, _) = listener.accept().expect("a connection");
        accepted.set_nonblocking(true).expect("not blocking");
        let accepted = TcpStream::from_std(accepted).expect("a connection");
        assert!(!accepted.nodelay().expect("an option"), "else this shows nothing");
        send_at_once(&accepted);
        assert!(accepted.nodelay().expect("an option"));
    }

    #[test]
    fn only_loopback_is_listened_on() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
            let error = listen(address.parse().expect("an address")).expect_err("reachable").to_string();
            assert!(error.contains("[access]"), "{error}");
        }
        assert!(
            listen("[::1]:0".parse().expect("an address")).is_ok()
                || !std::path::Path::new("/proc/net/if_inet6").exists()
        );
    }
}
