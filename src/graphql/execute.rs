//! From a request's text to its answer: measured, parsed once, validated and run, within a time.
//!
//! Whatever goes wrong, every error leaves here with a code. What has none is a fault of ours: it
//! becomes INTERNAL, with the request's id and nothing else.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{
    ErrorExtensionValues, ObjectType, Pos, Request, Response, Schema, ServerError, SubscriptionType, Value, Variables,
};
use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use serde_json::value::RawValue;

use super::error::UNSURE;
use super::limits::{LimitError, Limits, Rates, measure};
use crate::store::share::{self, Share};
use documents::{Document, Documents, Unreadable};

mod codes;
mod documents;
mod grammar;
mod roots;
mod variables;

pub use codes::{CODES, outcome_label};
use grammar::Grammar;
pub use grammar::UnreadableSchema;

/// How long an operation may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How many reads of one request run at a time, unless the store says otherwise.
const SHARE: usize = 2;
/// A query that works everybody out again, and how long that may take.
const SLOW: (&str, Duration) = ("identityRulesTrial", Duration::from_secs(120));

/// The GraphQL API, whatever its schema: what the layers outside ask.
#[derive(Clone)]
pub struct Api {
    schema: Arc<dyn Run>,
    unvalidated: Option<Arc<dyn Run>>,
    fields_alone: Option<Arc<dyn Run>>,
    attach: Arc<dyn Fn(Request) -> Request + Send + Sync>,
    first: Option<(&'static str, Arc<First>)>,
    limits: Arc<Limits>,
    rates: Arc<Rates>,
    grammar: Arc<Grammar>,
    documents: Arc<Documents>,
    time_limit: Duration,
    /// How many reads of one request run at a time, and those of all subscriptions together.
    share: usize,
    streams: Share,
}

/// A request, as it came in.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The query's text.
    pub query: String,
    /// Whether it had halves of characters, each of which is U+FFFD in it.
    pub had_halves: bool,
    /// Which of its operations to run.
    pub operation_name: Option<String>,
    /// Its variables: a JSON object, as it was sent.
    pub variables: Option<Box<RawValue>>,
    /// Whether only a query may be run, as by GET.
    pub only_reads: bool,
    /// The request's id, which INTERNAL names.
    pub request_id: String,
}

/// What a request has when U+FFFD in its document, or in a variable that is not JSON, was half a character.
pub(super) struct HadHalves;

/// What is sent back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The response, as JSON.
    pub body: Vec<u8>,
    /// Of which kind it is.
    pub kind: Kind,
    /// `OK`, or the code of the first error.
    pub outcome: &'static str,
    /// The name of the operation, for the log.
    pub operation: Option<String>,
}

/// Answers as they come: one for a query or a mutation, any number for a subscription.
pub type Answers = BoxStream<'static, Answer>;

/// Says that a subscription has begun: whatever happens from now on will be told. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Begun(Arc<tokio::sync::Notify>);

impl Begun {
    /// It has begun.
    pub fn say(&self) {
        self.0.notify_one();
    }

    /// Waits until it has.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}

/// What became of a request; it decides the status of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was run: there is data, or null where the data would be.
    Run,
    /// It was not: the request is wrong.
    Refused,
    /// It asks to write where only reading is allowed.
    NotARead,
    /// It took too long.
    Late,
    /// The store did not do it, and the whole answer hangs on that; or it is a write that was not stored.
    StoreAway,
    /// A write that took too long: it may have been stored.
    Unsure,
}

impl Api {
    /// Wraps a schema. `attach` adds to each request what its resolvers need.
    ///
    /// # Errors
    /// When the text of the schema cannot be read back.
    pub fn new<Q, M, S>(
        schema: Schema<Q, M, S>,
        attach: impl Fn(Request) -> Request + Send + Sync + 'static,
    ) -> Result<Self, UnreadableSchema>
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let text = schema.sdl();
        let rates = Arc::new(Rates::new(&text).map_err(|fault| UnreadableSchema(fault.to_string()))?);
        let grammar = Arc::new(Grammar::of(&text)?);
        Ok(Self {
            schema: Arc::new(schema),
            unvalidated: None,
            fields_alone: None,
            attach: Arc::new(attach),
            first: None,
            limits: Arc::new(Limits::default()),
            rates,
            grammar,
            documents: Arc::default(),
            time_limit: TIME_LIMIT,
            share: SHARE,
            streams: Share::of(SHARE),
        })
    }

    /// Has `schema`, the same one without its validation, run what was found valid before.
    #[must_use]
    pub fn running_valid_by<Q, M, S>(self, schema: Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        Self { unvalidated: Some(Arc::new(schema)), ..self }
    }

    /// Has `schema`, the same one in which a nullable field is null by itself whatever is wrong with its
    /// arguments, run all that must run only once, and each query that met an argument that cannot be read.
    #[must_use]
    pub fn running_fields_alone_by<Q, M, S>(self, schema: Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        Self { fields_alone: Some(Arc::new(schema)), ..self }
    }

    /// Runs `first` before a query that asks for the root field `field`, and before all that it asks
    /// for beside: fields are resolved side by side, and this one must have been read before the others.
    #[must_use]
    pub fn reading_first(
        self,
        field: &'static str,
        first: impl Fn(Request) -> BoxFuture<'static, Request> + Send + Sync + 'static,
    ) -> Self {
        Self { first: Some((field, Arc::new(first))), ..self }
    }

    /// Lets so many reads of one request run at a time, and as many of all subscriptions together.
    #[must_use]
    pub fn sharing(self, share: usize) -> Self {
        Self { share, streams: Share::of(share), ..self }
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits, time_limit: Duration) -> Self {
        Self { limits: Arc::new(limits), documents: Arc::default(), time_limit, ..self }
    }

    /// Runs a request. Dropping the future gives up.
    pub async fn execute(&self, mut question: Question) -> Answer {
        let variables = question.variables.take();
        let mut operation = None;
        let (response, kind) = match self.prepare(&question, variables.as_deref(), false, &mut operation) {
            Ok(prepared) => self.run(prepared, &question).await,
            Err(stop) => (Response::from_errors(stop.0), stop.1),
        };
        Answer::new(response, kind, operation)
    }

    /// Runs a request for a transport that can send several answers. `begun` is told when a subscription
    /// has begun. Dropping the stream gives up.
    pub fn stream(&self, mut question: Question, begun: Begun) -> Answers {
        let variables = question.variables.take();
        let mut operation = None;
        let prepared = match self.prepare(&question, variables.as_deref(), true, &mut operation) {
            Ok(prepared) => prepared,
            Err(stop) => {
                let answer = Answer::new(Response::from_errors(stop.0), stop.1, operation);
                return stream::iter([answer]).boxed();
            }
        };
        if prepared.ty == OperationType::Subscription {
            let schema = self.fields_alone.as_ref().unwrap_or(&self.schema);
            let responses = shared(schema.stream(prepared.request.data(begun)), self.streams.clone());
            let answer = move |response| {
                let (response, kind) = judge(response, OperationType::Subscription, &question);
                Answer::new(response, kind, operation.clone())
            };
            return responses.map(answer).boxed();
        }
        let api = self.clone();
        let answer = async move {
            let (response, kind) = api.run(prepared, &question).await;
            Answer::new(response, kind, operation)
        };
        stream::once(answer).boxed()
    }

    /// Whether it is a subscription that is asked for; not, when the text cannot be read.
    pub fn is_subscription(&self, question: &Question) -> bool {
        self.documents.read(&question.query, &self.limits).is_ok_and(|document| {
            let chosen = choose(&document, question.operation_name.as_deref());
            chosen.is_ok_and(|(operation, _)| operation.ty == OperationType::Subscription)
        })
    }

    /// Whether a question can be answered without the store: about journeys, which are kept in memory, and about the
    /// schema. Not, when the text cannot be read.
    pub fn needs_no_store(&self, question: &Question) -> bool {
        const FREE: [&str; 4] = ["journeys", "__schema", "__type", "__typename"];
        self.documents.read(&question.query, &self.limits).is_ok_and(|document| {
            let chosen = choose(&document, question.operation_name.as_deref());
            chosen.is_ok_and(|(operation, _)| {
                operation.ty == OperationType::Query && roots::all(operation, &document, &FREE)
            })
        })
    }

    /// All that is checked before the schema is asked. Leaves the operation's name in `name`.
    fn prepare(
        &self,
        question: &Question,
        variables: Option<&RawValue>,
        streams: bool,
        name: &mut Option<String>,
    ) -> Result<Prepared, Stop> {
        let refuse = |error| Box::new((vec![error], Kind::Refused));
        let document = self.documents.read(&question.query, &self.limits).map_err(unreadable).map_err(refuse)?;
        let wanted = question.operation_name.as_deref();
        let (operation, called) = choose(&document, wanted).map_err(refuse)?;
        *name = called;
        match operation.ty {
            OperationType::Query => {}
            OperationType::Mutation if question.only_reads => {
                let words = "a mutation is not run by GET: send it by POST";
                return Err(Box::new((vec![error("GRAPHQL_VALIDATION_FAILED", words, None)], Kind::NotARead)));
            }
            OperationType::Mutation => {}
            OperationType::Subscription if streams => {}
            OperationType::Subscription => {
                let words = "a subscription has many answers: ask by WebSocket (graphql-transport-ws), or with \
                             `Accept: text/event-stream`";
                return Err(refuse(error("GRAPHQL_VALIDATION_FAILED", words, None)));
            }
        }
        let (variables, had_halves) = variables::read(operation, variables).map_err(refuse)?;
        if !document.is_small() {
            let measured = measure(&document, wanted, &variables, &self.limits, &self.rates);
            if !measured.map_err(limit_error).map_err(refuse)?.varies {
                document.found_small();
            }
        }
        if !document.is_sound() {
            let shown = |mut faults: Vec<ServerError>| {
                faults.truncate(codes::ERRORS_SHOWN);
                Box::new((faults, Kind::Refused))
            };
            self.grammar.check(&question.query).map_err(shown)?;
            document.found_sound();
        }
        variables::check(operation, &variables).map_err(refuse)?;
        roots::check(operation, &document).map_err(refuse)?;
        let first = self.first.as_ref().filter(|(field, _)| roots::has(operation, &document, field));

        let mut request = Request::new(question.query.clone()).variables(variables);
        if had_halves || question.had_halves {
            request = request.data(HadHalves);
        }
        request.operation_name = name.clone();
        request.set_parsed_query(ExecutableDocument::clone(&document));
        let first = first.map(|(_, first)| first.clone());
        let time_limit = if roots::has(operation, &document, SLOW.0) { SLOW.1 } else { self.time_limit };
        let (ty, plain) = (operation.ty, variables::are_plain(operation, &request.variables));
        let variables = match ty {
            OperationType::Query => request.variables.clone(),
            _ => Variables::default(),
        };
        Ok(Prepared { request: (self.attach)(request), variables, document, plain, ty, first, time_limit })
    }

    /// A query's request again, as it was prepared.
    fn again(&self, question: &Question, name: Option<String>, document: &Document, variables: Variables) -> Request {
        let mut request = Request::new(question.query.clone()).variables(variables);
        request.operation_name = name;
        request.set_parsed_query(ExecutableDocument::clone(document));
        (self.attach)(request)
    }

    async fn run(&self, prepared: Prepared, question: &Question) -> (Response, Kind) {
        let schema = match (&self.unvalidated, &self.fields_alone) {
            (_, Some(schema)) if prepared.ty == OperationType::Mutation => schema,
            (Some(schema), _) if prepared.plain && prepared.document.is_valid() => schema,
            _ => &self.schema,
        };
        let begin = async |request| match &prepared.first {
            Some(first) => first(request).await,
            None => request,
        };
        let run = async {
            let name = prepared.request.operation_name.clone();
            let response = schema.run(begin(prepared.request).await).await;
            match &self.fields_alone {
                // It ended at the first such argument, and took what stands beside it along.
                Some(schema)
                    if prepared.ty == OperationType::Query
                        && response.errors.iter().any(codes::is_about_an_argument) =>
                {
                    let request = self.again(question, name, &prepared.document, prepared.variables);
                    schema.run(begin(request).await).await
                }
                _ => response,
            }
        };
        let limit = prepared.time_limit;
        let run = share::within(Some(Share::of(self.share)), run);
        let Ok(response) = tokio::time::timeout(limit, run).await else {
            let (advice, kind) = match prepared.ty {
                OperationType::Mutation => (UNSURE, Kind::Unsure),
                _ => ("ask for less", Kind::Late),
            };
            let words = format!("the operation took longer than {} s: {advice}", limit.as_secs_f32());
            return (Response::from_errors(vec![error("TIMEOUT", words, None)]), kind);
        };
        if has_run(&response) {
            prepared.document.found_valid();
        }
        judge(response, prepared.ty, question)
    }
}

/// The same responses, each made within a share.
fn shared(responses: BoxStream<'static, Response>, share: Share) -> BoxStream<'static, Response> {
    let next = |mut responses: BoxStream<'static, Response>| async move {
        let response = responses.next().await?;
        Some((response, responses))
    };
    let next = move |responses| share::within(Some(share.clone()), next(responses));
    stream::unfold(responses, next).boxed()
}

/// Whether a response is of a request that was found valid and run: resolvers leave a path in their
/// errors; validation has none, and no data.
fn has_run(response: &Response) -> bool {
    response.errors.is_empty()
        || response.data != Value::Null
        || response.errors.iter().any(|error| !error.path.is_empty())
}

/// Completes a response, and says what became of its request.
fn judge(mut response: Response, ty: OperationType, question: &Question) -> (Response, Kind) {
    let ran = has_run(&response);
    codes::complete(&mut response, ran, question);
    // A payload that is null is a write that was not done; what is only not shown of one that was lies deeper.
    let wrote = |fails: fn(&ServerError) -> bool| {
        ty == OperationType::Mutation && response.errors.iter().any(|error| error.path.len() <= 1 && fails(error))
    };
    let kind = match ran {
        false => Kind::Refused,
        true if wrote(codes::is_of_store) => Kind::StoreAway,
        true if wrote(codes::is_unsure) => Kind::Unsure,
        true if response.data == Value::Null
            && !response.errors.is_empty()
            && response.errors.iter().all(codes::is_of_store) =>
        {
            Kind::StoreAway
        }
        true => Kind::Run,
    };
    (response, kind)
}

/// What is read before anything else.
type First = dyn Fn(Request) -> BoxFuture<'static, Request> + Send + Sync;

/// A request that was found good.
struct Prepared {
    request: Request,
    /// Those of a query once more.
    variables: Variables,
    document: Arc<Document>,
    /// Whether its variables need no look at the schema.
    plain: bool,
    ty: OperationType,
    first: Option<Arc<First>>,
    time_limit: Duration,
}

/// Why a request is not run; boxed, since it is large and rare.
type Stop = Box<(Vec<ServerError>, Kind)>;

/// A schema without its types.
#[async_trait]
trait Run: Send + Sync {
    async fn run(&self, request: Request) -> Response;
    fn stream(&self, request: Request) -> BoxStream<'static, Response>;
}

#[async_trait]
impl<Q: ObjectType + 'static, M: ObjectType + 'static, S: SubscriptionType + 'static> Run for Schema<Q, M, S> {
    async fn run(&self, request: Request) -> Response {
        self.execute(request).await
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Response> {
        self.execute_stream(request)
    }
}

impl Answer {
    fn new(response: Response, kind: Kind, operation: Option<String>) -> Self {
        let outcome = outcome_label(&response);
        // A request that was not run has no `data` at all, not even null.
        let body = match kind {
            Kind::Run | Kind::StoreAway | Kind::Unsure => serde_json::to_vec(&response),
            _ => serde_json::to_vec(&serde_json::json!({ "errors": response.errors })),
        };
        let body = body.unwrap_or_else(|_| br#"{"errors":[{"message":"internal error"}]}"#.to_vec());
        Self { body, kind, outcome, operation }
    }
}

/// The operation that is to be run, and what it is called.
fn choose<'a>(
    document: &'a ExecutableDocument,
    wanted: Option<&str>,
) -> Result<(&'a OperationDefinition, Option<String>), ServerError> {
    let chosen = match (&document.operations, wanted) {
        (DocumentOperations::Single(operation), None) => Some((&operation.node, None)),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(wanted)) => {
            operations.get(wanted).map(|operation| (&operation.node, Some(wanted.to_owned())))
        }
        (DocumentOperations::Multiple(operations), None) => match operations.len() {
            1 => operations.iter().next().map(|(name, operation)| (&operation.node, Some(name.to_string()))),
            several => {
                let words = format!("there are {several} operations: say which one with `operationName`");
                return Err(error("GRAPHQL_VALIDATION_FAILED", words, None));
            }
        },
    };
    let words = || error("GRAPHQL_VALIDATION_FAILED", "the query has no operation of that `operationName`", None);
    chosen.ok_or_else(words)
}

/// An error with a code.
fn error(code: &str, message: impl Into<String>, at: Option<Pos>) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    let mut error = ServerError::new(message, at);
    error.extensions = Some(extensions);
    error
}

fn unreadable(failure: Unreadable) -> ServerError {
    match failure {
        Unreadable::Limit(failure) => limit_error(failure),
        Unreadable::Syntax(failure) => parse_error(failure),
    }
}

fn parse_error(failure: async_graphql::parser::Error) -> ServerError {
    let locations = failure.positions().collect();
    ServerError { locations, ..error("GRAPHQL_PARSE_FAILED", failure.to_string(), None) }
}

fn limit_error(failure: LimitError) -> ServerError {
    let mut error = error(failure.code(), failure.to_string(), failure.at());
    for (name, value) in failure.extensions() {
        error.extensions.get_or_insert_default().set(name, value);
    }
    error
}

#[cfg(test)]
mod tests;
