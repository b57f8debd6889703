//! The server. It listens before the store can be reached, and finishes open requests before it ends.

use std::future::Future;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpServer;
use actix_web::rt::net::TcpStream;
use anyhow::{Context, bail};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

use super::app::{State, app};
use super::readiness;
use super::tls::Tls;
use crate::store::Store;

/// How long requests may take to finish when the server ends.
const FINISH_WITHIN: u64 = 10;
/// When a client does not read for this long, its connection is cut. This is longer than the time to send a subscriber
/// the reason.
#[cfg(target_os = "linux")]
const READ_WITHIN: Duration = Duration::from_secs(40);
/// How often the metrics are folded.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// After this many folds, one minute, the store's figures are read, also when no client reads the metrics.
const REFRESH_TURNS: u64 = 12;

/// Serves until SIGTERM or Ctrl-C, then finishes open requests and returns.
///
/// It listens at once. It sets the store up, with retries, and runs `first`, which may use the store. From then on it is
/// ready as long as the store can be reached. With `tls` it speaks no plain HTTP.
///
/// # Errors
/// When it cannot listen on the address, when a store in a file cannot be used, or when `first` fails.
pub async fn serve<F>(
    listener: TcpListener,
    tls: Option<Tls>,
    state: State,
    store: Arc<dyn Store>,
    first: F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let readiness = state.readiness.clone();
    let (metrics, refresh) = (state.metrics.clone(), state.refresh.clone());
    let sockets = state.sockets.clone();
    let runtime = Handle::current();
    // The other half of the cores runs resolvers and store reads, on the runtime.
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
    .disable_signals();
    let server = match &tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls.config()?),
        None => server.listen(listener),
    };
    let server = server.context("cannot listen")?.run();
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
    let looking = async {
        match &tls {
            Some(tls) => tls.keep().await,
            None => std::future::pending().await,
        }
    };
    let outcome: anyhow::Result<()> = tokio::select! {
        failed = watching => failed,
        () = folding => Ok(()),
        () = looking => Ok(()),
        signal = end_signal() => signal.map(|name| tracing::info!("{name}: finishing open requests")),
        ended = &mut serving => return ended.context("the server panicked")?.context("the server failed"),
    };
    readiness.set_ending();
    sockets.end();
    handle.stop(true).await;
    outcome
}

/// Disables Nagle's algorithm. Head and body of an answer are two packets; with it the second would wait about 40 ms for
/// the client's acknowledgement.
fn send_at_once(connection: &dyn std::any::Any) {
    if let Some(connection) = socket(connection) {
        // An error only makes answers slower.
        let _ = connection.set_nodelay(true);
    }
}

/// The socket of a connection, with or without TLS.
pub(super) fn socket(connection: &dyn std::any::Any) -> Option<&TcpStream> {
    let within = || Some(connection.downcast_ref::<TlsStream<TcpStream>>()?.get_ref().0);
    connection.downcast_ref::<TcpStream>().or_else(within)
}

/// Counts a connection until it is dropped.
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

/// Cuts a connection whose client does not read. actix-web would keep it, with its buffers, for ever.
fn cut_when_nothing_is_read(connection: &dyn std::any::Any) {
    #[cfg(target_os = "linux")]
    if let Some(connection) = socket(connection) {
        // A kernel without this option keeps such connections.
        let _ = socket2::SockRef::from(connection).set_tcp_user_timeout(Some(READ_WITHIN));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = connection;
}

/// Listens on an address.
///
/// # Errors
/// When the port is taken or not allowed, or the address is not one of this machine. Also when others can reach the
/// address and `asks` is false: the server does not ask for keys, so every caller sees everything.
pub fn listen(address: SocketAddr, asks: bool) -> anyhow::Result<TcpListener> {
    if !address.ip().is_loopback() && !asks {
        bail!(
            "{address} can be reached from elsewhere, and without [access] in the settings every caller sees \
             everything: add [access] and create keys with `throughline key create`, or listen on 127.0.0.1:{}",
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

/// Waits for a signal to end, and returns its name.
async fn end_signal() -> anyhow::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| "Ctrl-C").context("cannot wait for Ctrl-C"),
    }
}

thread_local! {
    static RUNTIME: std::cell::OnceCell<Handle> = const { std::cell::OnceCell::new() };
}

/// The runtime on which [`serve`] was called. In a test of the app, the runtime of the test.
pub(super) fn runtime() -> Handle {
    RUNTIME.with(|cell| cell.get().cloned()).unwrap_or_else(Handle::current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_an_error_with_a_reason() {
        let taken = listen(SocketAddr::from(([127, 0, 0, 1], 0)), false).expect("a free port");
        let address = taken.local_addr().expect("an address");
        let error = listen(address, false).expect_err("taken").to_string();
        assert!(error.starts_with(&format!("{address} is taken")), "{error}");
    }

    #[tokio::test]
    async fn a_connection_sends_at_once() {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)), false).expect("a free port");
        let _client = std::net::TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let (accepted, _) = listener.accept().expect("a connection");
        accepted.set_nonblocking(true).expect("not blocking");
        let accepted = TcpStream::from_std(accepted).expect("a connection");
        assert!(!accepted.nodelay().expect("an option"), "the option was off before");
        send_at_once(&accepted);
        assert!(accepted.nodelay().expect("an option"));
    }

    #[test]
    fn only_loopback_is_listened_on_unless_keys_are_asked_for() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
            let error = listen(address.parse().expect("an address"), false).expect_err("reachable").to_string();
            assert!(error.contains("[access]") && error.contains("throughline key create"), "{error}");
        }
        assert!(listen("0.0.0.0:0".parse().expect("an address"), true).is_ok());
        assert!(
            listen("[::1]:0".parse().expect("an address"), false).is_ok()
                || !std::path::Path::new("/proc/net/if_inet6").exists()
        );
    }
}
