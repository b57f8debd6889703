//! A WebSocket that speaks graphql-transport-ws: operations of all kinds, several at once.
//!
//! The socket's own task reads and writes frames; each operation runs in a task of its own on the
//! runtime of the store's connections, and hands its answers over through one short queue. Where the
//! client does not read, the queue is full and operations wait, so a slow client takes no memory; one
//! that reads nothing for [`STALL`] is dropped with 1013.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use actix_web::http::header::SEC_WEBSOCKET_PROTOCOL;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseReason, ProtocolError, Session};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::Instrument;

use super::super::app::Shared;
use super::super::observe::RequestId;
use super::super::sockets::{Counted, Seat, Transport};
use super::protocol::{self, Close, SUBPROTOCOL, Said};
use crate::graphql::execute::{Answer, Begun, Question};

/// How long a client may take to say connection_init.
const INIT_WITHIN: Duration = Duration::from_secs(10);
/// How many operations run at once on one socket.
const MOST_OPERATIONS: usize = 50;
/// The most bytes of a message: what a body may have, since the same is asked by both.
const MESSAGE: usize = super::read::BODY;
/// How long nothing may be read by the client while there is something to read; and how much longer
/// it is then waited for, so that it can be told why.
const STALL: Duration = Duration::from_secs(10);
const LAST_WORDS: Duration = Duration::from_secs(20);
/// How often the client is asked whether it is there, and how long it may say nothing at all.
const PING_EVERY: Duration = Duration::from_secs(20);
const SILENT: Duration = Duration::from_secs(60);
/// How many answers of all operations wait to be written.
const QUEUE: usize = 16;

/// Opens a socket.
pub(super) fn open(request: &HttpRequest, body: web::Payload, state: &Shared) -> HttpResponse {
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
        acknowledged: false,
        operations: HashMap::new(),
        begun: 0,
        sender,
    };
    actix_web::rt::spawn(socket.run(stream, answers, seat, chosen).in_current_span());
    response
}

struct Socket {
    state: Shared,
    session: Session,
    request_id: String,
    acknowledged: bool,
    operations: HashMap<String, Operation>,
    /// How many operations have begun; numbers them.
    begun: u64,
    sender: mpsc::Sender<Sent>,
}

/// An operation that runs; dropping it ends it.
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

/// What an operation sends, and which one: its id may be another's by the time this is read.
struct Sent {
    id: String,
    number: u64,
    /// `None` when that was all.
    answer: Option<Answer>,
}

/// How a socket ends.
enum End {
    /// The connection is gone.
    Gone,
    /// The client said goodbye.
    Goodbye(Option<CloseReason>),
    /// We do.
    Close(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        End::Close(close)
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
            false => End::Close(Close::wrong_subprotocol()),
        };
        // Nothing more is made for this client while it is told why.
        self.operations.clear();
        let (code, grace) = match &end {
            End::Gone => (1006, Duration::ZERO),
            End::Goodbye(reason) => (reason.as_ref().map_or(1005, |reason| reason.code.into()), Duration::from_secs(2)),
            End::Close(Close(1013, _)) => {
                Transport::WebSocket.note_slow();
                (1013, LAST_WORDS)
            }
            End::Close(Close(code, _)) => (*code, Duration::from_secs(2)),
        };
        let seconds = since.elapsed().as_secs_f64();
        tracing::info!(code, seconds, operations = self.begun, request_id = self.request_id, "socket closed");
        let reason = match end {
            End::Gone => return,
            End::Goodbye(reason) => reason,
            End::Close(Close(code, words)) => Some(CloseReason { code: code.into(), description: Some(words) }),
        };
        // One that reads nothing even now finds its connection cut.
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
        let mut heard = Instant::now();
        let mut ping = interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        loop {
            let write = async {
                tokio::select! {
                    biased;
                    message = stream.recv() => {
                        heard = Instant::now();
                        self.hear(message).await
                    }
                    Some(sent) = answers.recv() => self.answer(sent).await,
                    _ = ping.tick() => {
                        if heard.elapsed() > SILENT {
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
                done = write => done,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Takes a message.
    async fn hear(&mut self, message: Option<Result<AggregatedMessage, ProtocolError>>) -> Result<(), End> {
        let said = match message {
            Some(Ok(AggregatedMessage::Text(text))) => protocol::read(&text)?,
            Some(Ok(AggregatedMessage::Binary(_))) => return Err(Close::invalid("messages are texts").into()),
            Some(Ok(AggregatedMessage::Ping(bytes))) => {
                return self.write(async |session| session.pong(&bytes).await).await;
            }
            Some(Ok(AggregatedMessage::Pong(_))) => return Ok(()),
            Some(Ok(AggregatedMessage::Close(reason))) => return Err(End::Goodbye(reason)),
            Some(Err(ProtocolError::Overflow)) => return Err(Close::too_big().into()),
            Some(Err(ProtocolError::Io(error))) if error.to_string().contains("continuation size") => {
                return Err(Close::too_big().into());
            }
            Some(Err(ProtocolError::Io(error))) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Close(1007, "messages are UTF-8".into()).into());
            }
            Some(Err(ProtocolError::Io(_))) | None => return Err(End::Gone),
            Some(Err(_)) => return Err(Close(1002, "not as WebSocket frames are".into()).into()),
        };
        match said {
            Said::Init if self.acknowledged => Err(Close::too_many_inits().into()),
            Said::Init => {
                self.acknowledged = true;
                self.send(protocol::ack()).await
            }
            Said::Ping(payload) => self.send(protocol::pong(payload)).await,
            Said::Pong => Ok(()),
            Said::Subscribe { .. } if !self.acknowledged => Err(Close::unauthorised().into()),
            Said::Subscribe { id, question } => self.begin(id, *question).await,
            Said::Complete { id } => {
                self.operations.remove(&id);
                Ok(())
            }
        }
    }

    /// Begins an operation, or says why not.
    async fn begin(&mut self, id: String, mut question: Question) -> Result<(), End> {
        if self.operations.contains_key(&id) {
            return Err(Close::taken_id().into());
        }
        if self.operations.len() >= MOST_OPERATIONS {
            let words =
                format!("{MOST_OPERATIONS} operations run on this socket, which is the most: complete one first");
            return self.send(protocol::error(&id, &coded("RATE_LIMITED", words, Some(1)))).await;
        }
        if let Some(reason) = self.state.readiness.reason() {
            let words = format!("not ready: {reason}");
            return self.send(protocol::error(&id, &coded("NOT_READY", words, None))).await;
        }
        self.begun += 1;
        question.request_id.clone_from(&self.request_id);
        let (number, sender) = (self.begun, self.sender.clone());
        let answers = self.state.api.stream(question, Begun::default());
        let name = id.clone();
        let work = async move {
            let mut answers = answers;
            let mut outcome = None;
            while let Some(answer) = answers.next().await {
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

    /// Sends what an operation answered, when it still runs.
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

    /// Writes one frame, as soon as the client has read enough of those before.
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

fn coded(code: &str, words: String, retry_after: Option<u64>) -> Value {
    let mut extensions = json!({ "code": code });
    if let Some(seconds) = retry_after {
        extensions["retryAfterSeconds"] = seconds.into();
    }
    json!([{ "message": words, "extensions": extensions }])
}
