//! The limit of open WebSockets and event streams, and their end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::StatusCode;
use tokio::sync::watch;

use super::refusal::Refusal;

/// All open WebSockets and streams of server-sent events. Clones share the state.
#[derive(Clone, Debug)]
pub struct Sockets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    open: AtomicUsize,
    ending: watch::Sender<bool>,
}

impl Sockets {
    /// Allows at most `most`.
    pub fn at_most(most: usize) -> Self {
        Self(Arc::new(Shared { most, open: AtomicUsize::new(0), ending: watch::Sender::new(false) }))
    }

    /// The number of open ones.
    pub fn open(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// Ends all of them.
    pub fn end(&self) {
        self.0.ending.send_replace(true);
    }

    /// Takes a place for one more, until it is dropped.
    ///
    /// # Errors
    /// When all places are taken.
    pub(super) fn take(&self, transport: Transport) -> Result<Seat, Refusal> {
        let one_more = |open| (open < self.0.most).then_some(open + 1);
        if self.0.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            metrics::counter!("throughline_sockets_refused_total").increment(1);
            let message = format!("{} sockets are open, the maximum of [server] max_sockets", self.0.most);
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "RATE_LIMITED", message);
            return Err(refusal.with("retryAfterSeconds", 2));
        }
        metrics::gauge!("throughline_sockets", "transport" => transport.label()).increment(1.0);
        Ok(Seat { sockets: self.clone(), transport })
    }
}

/// A transport for several answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// graphql-transport-ws.
    WebSocket,
    /// graphql-sse.
    Events,
}

impl Transport {
    fn label(self) -> &'static str {
        match self {
            Transport::WebSocket => "websocket",
            Transport::Events => "sse",
        }
    }

    /// Counts a client that was disconnected because it did not read.
    pub(super) fn note_slow(self) {
        metrics::counter!("throughline_slow_clients_total", "transport" => self.label()).increment(1);
    }

    /// Counts a subscription until it is dropped.
    pub(super) fn count_subscription(self) -> Counted {
        let gauge = metrics::gauge!("throughline_subscriptions", "transport" => self.label());
        gauge.increment(1.0);
        Counted(gauge)
    }
}

/// The place of an open one.
#[derive(Debug)]
pub(super) struct Seat {
    sockets: Sockets,
    transport: Transport,
}

impl Seat {
    /// Waits until the server ends.
    pub(super) fn ending(&self) -> impl Future<Output = ()> + use<> {
        let mut ending = self.sockets.0.ending.subscribe();
        async move {
            // An error means that the server has ended.
            let _ = ending.wait_for(|ending| *ending).await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.sockets.0.open.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("throughline_sockets", "transport" => self.transport.label()).decrement(1.0);
    }
}

/// A running subscription.
pub(super) struct Counted(metrics::Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_free_again_when_its_socket_is_gone() {
        let sockets = Sockets::at_most(2);
        let first = sockets.take(Transport::WebSocket).expect("a place");
        let second = sockets.take(Transport::Events).expect("a place");
        let refusal = sockets.take(Transport::WebSocket).expect_err("both are taken");
        assert_eq!((refusal.status, refusal.code()), (StatusCode::SERVICE_UNAVAILABLE, "RATE_LIMITED"));
        drop(first);
        assert_eq!(sockets.open(), 1);
        let third = sockets.take(Transport::WebSocket).expect("a place");
        sockets.end();
        tokio::join!(second.ending(), third.ending());
    }
}
