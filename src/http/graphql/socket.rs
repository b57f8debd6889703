//! WebSockets with graphql-transport-ws: operations of all kinds, several at once.
//!
//! The socket's task reads and writes frames. Each operation runs in a task of its own on the runtime of the store's
//! connections, and sends its answers through one short queue. When the client does not read, the queue is full and
//! operations wait, so a slow client takes no memory. A client that does not read for [`STALL`] is disconnected with
//! 1013.

use std::collections::HashMap;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use actix_web::http::header::SEC_WEBSOCKET_PROTOCOL;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseReason, ProtocolError, Session};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::Instrument;

use super::super::access::{self, Given, Pass};
use super::super::app::Shared;
use super::super::observe::RequestId;
use super::super::sockets::{Counted, Seat, Transport};
use super::protocol::{self, ClientMessage, Close, SUBPROTOCOL};
use crate::domain::purpose::Purpose;
use crate::graphql::execute::{GraphqlRequest, GraphqlResponse, Started};

/// How long a client may take to send connection_init.
const INIT_WITHIN: Duration = Duration::from_secs(10);
/// The maximum number of concurrent operations on one socket.
const MOST_OPERATIONS: usize = 50;
/// The maximum number of bytes of a message, the same as of a body.
const MESSAGE: usize = super::read::BODY;
/// How long a client may not read while there is something to read, and how much longer the close frame waits for it.
const STALL: Duration = Duration::from_secs(10);
const FINAL_WAIT: Duration = Duration::from_secs(20);
/// How often the client is pinged, and how long it may be silent.
const PING_EVERY: Duration = Duration::from_secs(20);
const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// The maximum number of answers, of all operations, that wait to be written.
const QUEUE: usize = 16;

/// Opens a socket. Without a pass the key comes with connection_init. `named` is the purpose that the request names.
pub(super) fn open(
    request: &HttpRequest,
    body: web::Payload,
    state: &Shared,
    pass: Option<Pass>,
    named: Option<String>,
) -> HttpResponse {
    let seat = match state.sockets.take(Transport::WebSocket) {
        Ok(seat) => seat,
        Err(refusal) => return super::refuse(refusal, super::JSON),
    };
    let (response, session, stream) = match actix_ws::handle_with_protocols(request, body, &[SUBPROTOCOL]) {
        Ok(opened) => opened,
        Err(error) => return error.error_response(),
    };
    let chosen = response.headers().contains_key(SEC_WEBSOCKET_PROTOCOL);
    let stream = stream.max_frame_size(MESSAGE).aggregate_continuations().max_continuation_size(MESSAGE);
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (sender, answers) = mpsc::channel(QUEUE);
    let socket = Socket {
        state: state.clone(),
        session,
        request_id,
        address: access::address(request),
        pass,
        named,
        purpose: None,
        acknowledged: false,
        operations: HashMap::new(),
        begun: 0,
        latest: None,
        sender,
    };
    actix_web::rt::spawn(socket.run(stream, answers, seat, chosen).in_current_span());
    response
}

struct Socket {
    state: Shared,
    session: Session,
    request_id: String,
    address: IpAddr,
    pass: Option<Pass>,
    /// The purpose that the opening request names.
    named: Option<String>,
    /// The purpose of all operations.
    purpose: Option<Purpose>,
    acknowledged: bool,
    operations: HashMap<String, Operation>,
    /// The number of operations so far. It numbers them.
    begun: u64,
    /// Ends when the latest operation has begun. The next one waits for it, so that a subscription tells what a mutation
    /// behind it changes.
    latest: Option<oneshot::Receiver<()>>,
    sender: mpsc::Sender<Sent>,
}

/// A running operation. Dropping it cancels it.
struct Operation {
    number: u64,
    task: AbortHandle,
    _counted: Counted,
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer of an operation, with the operation's number: the client may have reused its id in the meantime.
struct Sent {
    id: String,
    number: u64,
    /// `None` at the end.
    answer: Option<GraphqlResponse>,
}

/// How a socket ends.
enum End {
    /// The connection is gone.
    Gone,
    /// The client closes it.
    ByClient(Option<CloseReason>),
    /// The server closes it.
    ByServer(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        End::ByServer(close)
    }
}

impl Socket {
    async fn run(
        mut self,
        stream: AggregatedMessageStream,
        answers: mpsc::Receiver<Sent>,
        seat: Seat,
        subprotocol: bool,
    ) {
        let since = Instant::now();
        let end = match subprotocol {
            true => self.serve(stream, answers, seat.ending()).await,
            false => End::ByServer(Close::wrong_subprotocol()),
        };
        // Cancels all operations while the close frame is sent.
        self.operations.clear();
        let (code, grace) = match &end {
            End::Gone => (1006, Duration::ZERO),
            End::ByClient(reason) => {
                (reason.as_ref().map_or(1005, |reason| reason.code.into()), Duration::from_secs(2))
            }
            End::ByServer(Close(1013, _)) => {
                Transport::WebSocket.note_slow();
                (1013, FINAL_WAIT)
            }
            End::ByServer(Close(code, _)) => (*code, Duration::from_secs(2)),
        };
        let seconds = since.elapsed().as_secs_f64();
        tracing::info!(code, seconds, operations = self.begun, request_id = self.request_id, "socket closed");
        let reason = match end {
            End::Gone => return,
            End::ByClient(reason) => reason,
            End::ByServer(Close(code, message)) => Some(CloseReason { code: code.into(), description: Some(message) }),
        };
        // When the client still does not read, its connection is cut.
        let _ = timeout(grace, self.session.close(reason)).await;
        drop(seat);
    }

    async fn serve(
        &mut self,
        mut stream: AggregatedMessageStream,
        mut answers: mpsc::Receiver<Sent>,
        ending: impl Future<Output = ()>,
    ) -> End {
        let mut ending = pin!(ending);
        let init_until = Instant::now() + INIT_WITHIN;
        let mut last_message = Instant::now();
        let mut ping = interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        loop {
            let pass = self.pass.clone();
            let pass_ended = async move {
                match pass {
                    Some(pass) => pass.ended().await,
                    None => std::future::pending().await,
                }
            };
            let write = async {
                tokio::select! {
                    biased;
                    message = stream.recv() => {
                        last_message = Instant::now();
                        self.receive(message).await
                    }
                    Some(sent) = answers.recv() => self.answer(sent).await,
                    _ = ping.tick() => {
                        if last_message.elapsed() > SILENCE_LIMIT {
                            return Err(End::from(Close::silent()));
                        }
                        self.write(async |session| session.ping(b"").await).await
                    }
                    () = tokio::time::sleep_until(init_until), if !self.acknowledged => {
                        Err(End::from(Close::init_too_late()))
                    }
                }
            };
            let done = tokio::select! {
                biased;
                () = &mut ending => Err(End::from(Close::going_away())),
                () = pass_ended => Err(End::from(Close::key_ended())),
                done = write => done,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Handles a message.
    async fn receive(&mut self, message: Option<Result<AggregatedMessage, ProtocolError>>) -> Result<(), End> {
        let message = match message {
            Some(Ok(AggregatedMessage::Text(text))) => protocol::read(&text)?,
            Some(Ok(AggregatedMessage::Binary(_))) => return Err(Close::invalid("messages are text frames").into()),
            Some(Ok(AggregatedMessage::Ping(bytes))) => {
                return self.write(async |session| session.pong(&bytes).await).await;
            }
            Some(Ok(AggregatedMessage::Pong(_))) => return Ok(()),
            Some(Ok(AggregatedMessage::Close(reason))) => return Err(End::ByClient(reason)),
            Some(Err(ProtocolError::Overflow)) => return Err(Close::too_big().into()),
            Some(Err(ProtocolError::Io(error))) if error.to_string().contains("continuation size") => {
                return Err(Close::too_big().into());
            }
            Some(Err(ProtocolError::Io(error))) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Close(1007, "messages are UTF-8".into()).into());
            }
            Some(Err(ProtocolError::Io(_))) | None => return Err(End::Gone),
            Some(Err(_)) => return Err(Close(1002, "not a WebSocket frame".into()).into()),
        };
        match message {
            ClientMessage::Init(_) if self.acknowledged => Err(Close::too_many_inits().into()),
            ClientMessage::Init(init) => {
                self.admit(init.authorization)?;
                self.choose_purpose(init.purpose)?;
                self.acknowledged = true;
                self.send(protocol::ack()).await
            }
            ClientMessage::Ping(payload) => self.send(protocol::pong(payload)).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { .. } if !self.acknowledged => Err(Close::unauthorised().into()),
            ClientMessage::Subscribe { id, request } => self.begin(id, *request).await,
            ClientMessage::Complete { id } => {
                self.operations.remove(&id);
                Ok(())
            }
        }
    }

    /// Finds the caller by the key of connection_init. A key there counts more than the one of the opening request.
    fn admit(&mut self, authorization: Option<String>) -> Result<(), End> {
        let given = match &authorization {
            Some(text) => Given::of_text(text),
            None if self.pass.is_some() => return Ok(()),
            None => Given::Nothing,
        };
        let pass = access::admit_from(self.address, &self.state, || given);
        let pass = pass.map_err(|refusal| Close::not_admitted(refusal.message()))?;
        tracing::info!(caller = &*pass.caller.name, request_id = self.request_id, "socket admitted");
        self.pass = Some(pass);
        Ok(())
    }

    /// The purpose of all operations: that of connection_init, else that of the opening request, else the only one that the
    /// caller is bound to.
    fn choose_purpose(&mut self, given: Option<String>) -> Result<(), End> {
        let bound = self.pass.as_ref().map_or(&[][..], |pass| &pass.caller.purposes);
        let given = given.as_ref().or(self.named.as_ref());
        let chosen = self.state.purposes.of_request(given.map(String::as_str), bound);
        self.purpose = chosen.map_err(|wrong| Close::wrong_purpose(&wrong))?;
        Ok(())
    }

    /// Starts an operation, or sends an error.
    async fn begin(&mut self, id: String, mut request: GraphqlRequest) -> Result<(), End> {
        if self.operations.contains_key(&id) {
            return Err(Close::taken_id().into());
        }
        if self.operations.len() >= MOST_OPERATIONS {
            let message = format!("{MOST_OPERATIONS} operations run on this socket, the maximum: complete one first");
            return self.send(protocol::error(&id, &coded("RATE_LIMITED", message, Some(1)))).await;
        }
        if let Some(reason) = self.state.readiness.reason() {
            let message = format!("not ready: {reason}");
            return self.send(protocol::error(&id, &coded("NOT_READY", message, None))).await;
        }
        let Some(pass) = &self.pass else { return Err(Close::unauthorised().into()) };
        request.caller = Some(pass.caller.clone());
        request.purpose.clone_from(&self.purpose);
        self.begun += 1;
        request.request_id.clone_from(&self.request_id);
        let (number, sender) = (self.begun, self.sender.clone());
        let started = Started::default();
        let (begun, next) = oneshot::channel();
        let before = self.latest.replace(next);
        let is_subscription = self.state.api.is_subscription(&request);
        let mut answers = self.state.api.stream(request, started.clone());
        let name = id.clone();
        let work = async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            let mut begun = is_subscription.then_some(begun);
            let mut outcome = None;
            loop {
                let answer = tokio::select! {
                    biased;
                    () = started.wait(), if begun.is_some() => {
                        begun = None;
                        continue;
                    }
                    answer = answers.next() => answer,
                };
                let Some(answer) = answer else { break };
                outcome.get_or_insert(answer.outcome);
                if sender.send(Sent { id: name.clone(), number, answer: Some(answer) }).await.is_err() {
                    break;
                }
            }
            super::count(outcome.unwrap_or("OK"));
            let _ = sender.send(Sent { id: name, number, answer: None }).await;
        };
        let (name, sender, request_id) = (id.clone(), self.sender.clone(), self.request_id.clone());
        let work = async move {
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                let answer = super::panicked(&request_id);
                let _ = sender.send(Sent { id: name.clone(), number, answer: Some(answer) }).await;
                let _ = sender.send(Sent { id: name, number, answer: None }).await;
            }
        };
        let task = super::super::server::runtime().spawn(work.in_current_span()).abort_handle();
        let counted = Transport::WebSocket.count_subscription();
        self.operations.insert(id, Operation { number, task, _counted: counted });
        Ok(())
    }

    /// Sends an answer of an operation that still runs.
    async fn answer(&mut self, sent: Sent) -> Result<(), End> {
        let Sent { id, number, answer } = sent;
        if self.operations.get(&id).is_none_or(|operation| operation.number != number) {
            return Ok(());
        }
        let (message, ended) = match answer {
            Some(answer) => protocol::answer(&id, &answer),
            None => (protocol::complete(&id), true),
        };
        if ended {
            self.operations.remove(&id);
        }
        self.send(message).await
    }

    async fn send(&mut self, message: String) -> Result<(), End> {
        self.write(async |session| session.text(message).await).await
    }

    /// Writes a frame. Waits until the client has read enough of the earlier ones.
    async fn write(
        &mut self,
        frame: impl AsyncFnOnce(&mut Session) -> Result<(), actix_ws::Closed>,
    ) -> Result<(), End> {
        match timeout(STALL, frame(&mut self.session)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(actix_ws::Closed)) => Err(End::Gone),
            Err(_) => Err(Close::too_slow().into()),
        }
    }
}

fn coded(code: &str, message: String, retry_after: Option<u64>) -> Value {
    let mut extensions = json!({ "code": code });
    if let Some(seconds) = retry_after {
        extensions["retryAfterSeconds"] = seconds.into();
    }
    json!([{ "message": message, "extensions": extensions }])
}
