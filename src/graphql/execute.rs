//! Runs GraphQL requests: checks the limits, parses each document once, validates it and runs it within a time limit.
//!
//! Every error gets a code. An error without a code is a fault of the server: it becomes INTERNAL, with the request's
//! id and no other detail.

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
use super::limits::{FieldCosts, LimitError, Limits, measure};
use super::rights;
use crate::access::Caller;
use crate::domain::access_key::Role;
use crate::domain::purpose::Purpose;
use crate::store::share::{self, Share};
use documents::{Document, Documents, Unreadable};

mod codes;
mod documents;
mod roots;
mod validator;
mod variables;

pub use codes::{CODES, is_code_of_store, outcome_label};
pub use validator::UnreadableSchema;
use validator::Validator;

/// The longest time of an operation.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The number of concurrent store reads of one request, unless the store has its own.
const SHARE: usize = 2;
/// Queries that read all customers, and their longest time.
const SLOW: (&[&str], Duration) =
    (&["identityRulesTrial", "segment", "segments", "segmentTrial"], Duration::from_secs(120));

/// The GraphQL API. Transports pass requests to it; it does not depend on the types of the schema.
#[derive(Clone)]
pub struct Api {
    schema: Arc<dyn Run>,
    unvalidated: Option<Arc<dyn Run>>,
    null_on_error: Option<Arc<dyn Run>>,
    /// Runs the requests of callers who may not do everything.
    restricted: Option<Arc<dyn Run>>,
    attach: Arc<Attach>,
    first: Option<(&'static str, Arc<First>)>,
    limits: Arc<Limits>,
    costs: Arc<FieldCosts>,
    validator: Arc<Validator>,
    documents: Arc<Documents>,
    time_limit: Duration,
    /// The number of concurrent store reads of one request, and the limit that all subscriptions share.
    share: usize,
    streams: Share,
}

/// A GraphQL request, as it was received.
#[derive(Clone, Debug, Default)]
pub struct GraphqlRequest {
    /// The query's text.
    pub query: String,
    /// Whether it had lone surrogates, which are replaced by U+FFFD.
    pub had_halves: bool,
    /// The name of the operation to run.
    pub operation_name: Option<String>,
    /// The variables: a JSON object, as it was sent.
    pub variables: Option<Box<RawValue>>,
    /// Whether only queries are allowed, as with GET.
    pub only_queries: bool,
    /// The id of the request. INTERNAL errors contain it.
    pub request_id: String,
    /// The caller. An API with rights refuses a request without one.
    pub caller: Option<Arc<Caller>>,
    /// The purpose. One that needs consent shows only people with a grant for it.
    pub purpose: Option<Purpose>,
}

/// Marks a request in which U+FFFD replaces a lone surrogate, in the document or in a variable that is not JSON.
pub(super) struct HadHalves;

/// The response to a request.
#[derive(Clone, Debug)]
pub struct GraphqlResponse {
    /// The body, as JSON.
    pub body: Vec<u8>,
    /// What happened to the request.
    pub kind: ResponseKind,
    /// `OK`, or the code of the first error.
    pub outcome: &'static str,
    /// The name of the operation, for the log.
    pub operation: Option<String>,
}

/// A stream of answers: one for a query or a mutation, any number for a subscription.
pub type GraphqlResponses = BoxStream<'static, GraphqlResponse>;

/// Signals that a subscription has started: it delivers everything that happens from then on. Clones share the signal.
#[derive(Clone, Debug, Default)]
pub struct Started(Arc<tokio::sync::Notify>);

impl Started {
    /// Signals the start.
    pub fn notify(&self) {
        self.0.notify_one();
    }

    /// Waits for the start.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}

/// What happened to a request. It decides the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseKind {
    /// It was run: the answer has `data`, which may be null.
    Run,
    /// It was not run: the request is invalid.
    Refused,
    /// It was not run: the caller may not do this.
    Forbidden,
    /// It is a mutation where only queries are allowed.
    MutationNotAllowed,
    /// A query that took too long.
    Late,
    /// The store failed, so the whole answer is lost, or a write was not stored.
    StoreAway,
    /// A write that took too long. It may have been stored.
    Unsure,
}

impl Api {
    /// Wraps a schema. `attach` adds to each request the data that its resolvers need.
    ///
    /// # Errors
    /// When the text of the schema cannot be parsed.
    pub fn new<Q, M, S>(
        schema: Schema<Q, M, S>,
        attach: impl Fn(Request, &GraphqlRequest) -> Request + Send + Sync + 'static,
    ) -> Result<Self, UnreadableSchema>
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let text = schema.sdl();
        let costs = Arc::new(FieldCosts::new(&text).map_err(|fault| UnreadableSchema(fault.to_string()))?);
        let validator = Arc::new(Validator::of(&text)?);
        Ok(Self {
            schema: Arc::new(schema),
            unvalidated: None,
            null_on_error: None,
            restricted: None,
            attach: Arc::new(attach),
            first: None,
            limits: Arc::new(Limits::default()),
            costs,
            validator,
            documents: Arc::default(),
            time_limit: TIME_LIMIT,
            share: SHARE,
            streams: Share::of(SHARE),
        })
    }

    /// Adds the same schema without validation, which runs documents that are known to be valid.
    #[must_use]
    pub fn with_unvalidated<Q, M, S>(self, schema: Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        Self { unvalidated: Some(Arc::new(schema)), ..self }
    }

    /// Adds the same schema in which an invalid argument nulls its own field only. It runs mutations and subscriptions,
    /// and runs a query again that had an invalid argument.
    #[must_use]
    pub fn with_null_on_error<Q, M, S>(self, schema: Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        Self { null_on_error: Some(Arc::new(schema)), ..self }
    }

    /// Adds the same schema in which each field is checked against the rights of the caller. From then on a request needs
    /// a caller.
    #[must_use]
    pub fn with_rights<Q, M, S>(self, restricted: Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        Self { restricted: Some(Arc::new(restricted)), ..self }
    }

    /// Runs `first` before a request with the root field `field`. Fields are resolved concurrently, and the data of this
    /// field must be read before all others.
    #[must_use]
    pub fn reading_first(
        self,
        field: &'static str,
        first: impl Fn(Request) -> BoxFuture<'static, Request> + Send + Sync + 'static,
    ) -> Self {
        Self { first: Some((field, Arc::new(first))), ..self }
    }

    /// Sets the number of concurrent store reads of one request, and of all subscriptions together.
    #[must_use]
    pub fn sharing(self, share: usize) -> Self {
        Self { share, streams: Share::of(share), ..self }
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits, time_limit: Duration) -> Self {
        Self { limits: Arc::new(limits), documents: Arc::default(), time_limit, ..self }
    }

    /// Runs a request. Dropping the future cancels it.
    pub async fn execute(&self, mut request: GraphqlRequest) -> GraphqlResponse {
        let variables = request.variables.take();
        let mut operation = None;
        let (response, kind) = match self.prepare(&request, variables.as_deref(), false, &mut operation) {
            Ok(prepared) => self.run(prepared, &request).await,
            Err(refusal) => (Response::from_errors(refusal.0), refusal.1),
        };
        GraphqlResponse::new(response, kind, operation)
    }

    /// Runs a request for a transport that can send several answers. `started` is notified when a subscription has
    /// started. Dropping the stream cancels the request.
    pub fn stream(&self, mut request: GraphqlRequest, started: Started) -> GraphqlResponses {
        let variables = request.variables.take();
        let mut operation = None;
        let prepared = match self.prepare(&request, variables.as_deref(), true, &mut operation) {
            Ok(prepared) => prepared,
            Err(refusal) => {
                let answer = GraphqlResponse::new(Response::from_errors(refusal.0), refusal.1, operation);
                return stream::iter([answer]).boxed();
            }
        };
        if prepared.ty == OperationType::Subscription {
            let checked = self.restricted.as_ref().filter(|_| prepared.restricted);
            let schema = checked.or(self.null_on_error.as_ref()).unwrap_or(&self.schema);
            let responses = shared(schema.stream(prepared.request.data(started)), self.streams.clone());
            let answer = move |response| {
                let (response, kind) = complete(response, OperationType::Subscription, &request);
                GraphqlResponse::new(response, kind, operation.clone())
            };
            return responses.map(answer).boxed();
        }
        let api = self.clone();
        let answer = async move {
            let (response, kind) = api.run(prepared, &request).await;
            GraphqlResponse::new(response, kind, operation)
        };
        stream::once(answer).boxed()
    }

    /// Whether the request is a subscription. False when the text cannot be parsed.
    pub fn is_subscription(&self, request: &GraphqlRequest) -> bool {
        self.documents.read(&request.query, &self.limits).is_ok_and(|document| {
            let chosen = choose(&document, request.operation_name.as_deref());
            chosen.is_ok_and(|(operation, _)| operation.ty == OperationType::Subscription)
        })
    }

    /// Whether the request can be answered without the store: journeys are kept in memory, and so is the schema. False
    /// when the text cannot be parsed.
    pub fn needs_no_store(&self, request: &GraphqlRequest) -> bool {
        const FREE: [&str; 4] = ["journeys", "__schema", "__type", "__typename"];
        self.documents.read(&request.query, &self.limits).is_ok_and(|document| {
            let chosen = choose(&document, request.operation_name.as_deref());
            chosen.is_ok_and(|(operation, _)| {
                operation.ty == OperationType::Query && roots::all(operation, &document, &FREE)
            })
        })
    }

    /// Checks a request before it is run. Sets `name` to the name of the operation.
    fn prepare(
        &self,
        request: &GraphqlRequest,
        variables: Option<&RawValue>,
        streams: bool,
        name: &mut Option<String>,
    ) -> Result<Prepared, Refusal> {
        let refuse = |error| Box::new((vec![error], ResponseKind::Refused));
        let document = self.documents.read(&request.query, &self.limits).map_err(unreadable).map_err(refuse)?;
        let wanted = request.operation_name.as_deref();
        let (operation, called) = choose(&document, wanted).map_err(refuse)?;
        *name = called;
        match operation.ty {
            OperationType::Query => {}
            OperationType::Mutation if request.only_queries => {
                let message = "a mutation cannot be sent by GET: use POST";
                return Err(Box::new((
                    vec![error("GRAPHQL_VALIDATION_FAILED", message, None)],
                    ResponseKind::MutationNotAllowed,
                )));
            }
            OperationType::Mutation => {}
            OperationType::Subscription if streams => {}
            OperationType::Subscription => {
                let message = "a subscription has many answers: use a WebSocket (graphql-transport-ws), or send \
                             `Accept: text/event-stream`";
                return Err(refuse(error("GRAPHQL_VALIDATION_FAILED", message, None)));
            }
        }
        let restricted = self.is_restricted(request.caller.as_deref(), operation, &document)?;
        let (variables, had_halves) = variables::read(operation, variables).map_err(refuse)?;
        if !document.is_small() {
            let measured = measure(&document, wanted, &variables, &self.limits, &self.costs);
            if !measured.map_err(limit_error).map_err(refuse)?.varies {
                document.found_small();
            }
        }
        if !document.is_sound() {
            let shown = |mut faults: Vec<ServerError>| {
                faults.truncate(codes::ERRORS_SHOWN);
                Box::new((faults, ResponseKind::Refused))
            };
            self.validator.check(&request.query).map_err(shown)?;
            document.found_sound();
        }
        variables::check(operation, &variables).map_err(refuse)?;
        roots::check(operation, &document).map_err(refuse)?;
        let first = self.first.as_ref().filter(|(field, _)| roots::has(operation, &document, field));

        let had_halves = had_halves || request.had_halves;
        let asked = request;
        let mut request = Request::new(request.query.clone()).variables(variables);
        if had_halves {
            request = request.data(HadHalves);
        }
        request.operation_name = name.clone();
        request.set_parsed_query(ExecutableDocument::clone(&document));
        let first = first.map(|(_, first)| first.clone());
        let time_limit =
            if SLOW.0.iter().any(|field| roots::has(operation, &document, field)) { SLOW.1 } else { self.time_limit };
        let (ty, plain) = (operation.ty, variables::are_plain(operation, &request.variables));
        let variables = match ty {
            OperationType::Query => request.variables.clone(),
            _ => Variables::default(),
        };
        let request = (self.attach)(request, asked);
        Ok(Prepared { request, variables, document, plain, restricted, ty, first, time_limit })
    }

    /// Whether the fields of an operation must be checked against the rights of its caller.
    ///
    /// # Errors
    /// When there is no caller, and when a root field of a mutation or subscription is forbidden: it is refused whole.
    fn is_restricted(
        &self,
        caller: Option<&Caller>,
        operation: &OperationDefinition,
        document: &ExecutableDocument,
    ) -> Result<bool, Refusal> {
        if self.restricted.is_none() {
            return Ok(false);
        }
        let Some(caller) = caller else {
            let fault = error("UNAUTHENTICATED", "the caller is not known", None);
            return Err(Box::new((vec![fault], ResponseKind::Forbidden)));
        };
        if caller.role() == Role::Admin {
            return Ok(false);
        }
        let root = match operation.ty {
            OperationType::Query => return Ok(true),
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        match roots::find(operation, document, |field| !rights::allows(&caller.permissions, root, field)) {
            None => Ok(true),
            Some(field) => {
                let fault = error("FORBIDDEN", rights::refusal(caller.role(), root, field), None);
                Err(Box::new((vec![fault], ResponseKind::Forbidden)))
            }
        }
    }

    /// Builds the request of a query again, as `prepare` did.
    fn again(
        &self,
        request: &GraphqlRequest,
        name: Option<String>,
        document: &Document,
        variables: Variables,
    ) -> Request {
        let mut again = Request::new(request.query.clone()).variables(variables);
        again.operation_name = name;
        again.set_parsed_query(ExecutableDocument::clone(document));
        (self.attach)(again, request)
    }

    async fn run(&self, prepared: Prepared, request: &GraphqlRequest) -> (Response, ResponseKind) {
        let restricted = self.restricted.as_ref().filter(|_| prepared.restricted);
        let schema = match (&self.unvalidated, &self.null_on_error) {
            _ if restricted.is_some() => restricted.unwrap_or(&self.schema),
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
            match &self.null_on_error {
                // The run stopped at the first invalid argument, and fields beside it are missing.
                Some(schema)
                    if prepared.ty == OperationType::Query
                        && restricted.is_none()
                        && response.errors.iter().any(codes::is_about_an_argument) =>
                {
                    let request = self.again(request, name, &prepared.document, prepared.variables);
                    schema.run(begin(request).await).await
                }
                _ => response,
            }
        };
        let limit = prepared.time_limit;
        let run = share::within(Some(Share::of(self.share)), run);
        let Ok(response) = tokio::time::timeout(limit, run).await else {
            let (advice, kind) = match prepared.ty {
                OperationType::Mutation => (UNSURE, ResponseKind::Unsure),
                _ => ("ask for less", ResponseKind::Late),
            };
            let message = format!("the operation took longer than {} s: {advice}", limit.as_secs_f32());
            return (Response::from_errors(vec![error("TIMEOUT", message, None)]), kind);
        };
        if has_run(&response) {
            prepared.document.found_valid();
        }
        complete(response, prepared.ty, request)
    }
}

/// The same responses, each computed within a share of the store's reads.
fn shared(responses: BoxStream<'static, Response>, share: Share) -> BoxStream<'static, Response> {
    let next = |mut responses: BoxStream<'static, Response>| async move {
        let response = responses.next().await?;
        Some((response, responses))
    };
    let next = move |responses| share::within(Some(share.clone()), next(responses));
    stream::unfold(responses, next).boxed()
}

/// Whether the request was valid and run. Errors of resolvers have a path; validation errors have none, and there is
/// no data.
fn has_run(response: &Response) -> bool {
    response.errors.is_empty()
        || response.data != Value::Null
        || response.errors.iter().any(|error| !error.path.is_empty())
}

/// Adds missing codes to a response, and says what happened to its request.
fn complete(mut response: Response, ty: OperationType, request: &GraphqlRequest) -> (Response, ResponseKind) {
    let ran = has_run(&response);
    codes::add_codes(&mut response, ran, request);
    // An error at a payload means that the write was not done. An error below a payload concerns only the shown data.
    let wrote = |fails: fn(&ServerError) -> bool| {
        ty == OperationType::Mutation && response.errors.iter().any(|error| error.path.len() <= 1 && fails(error))
    };
    let kind = match ran {
        false => ResponseKind::Refused,
        true if wrote(codes::is_of_store) => ResponseKind::StoreAway,
        true if wrote(codes::is_unsure) => ResponseKind::Unsure,
        true if response.data == Value::Null
            && !response.errors.is_empty()
            && response.errors.iter().all(codes::is_of_store) =>
        {
            ResponseKind::StoreAway
        }
        true => ResponseKind::Run,
    };
    (response, kind)
}

/// Adds to a request the data that its resolvers need.
type Attach = dyn Fn(Request, &GraphqlRequest) -> Request + Send + Sync;

/// A read that runs before all resolvers.
type First = dyn Fn(Request) -> BoxFuture<'static, Request> + Send + Sync;

/// A request that passed all checks.
struct Prepared {
    request: Request,
    /// The variables again, for a second run of a query.
    variables: Variables,
    document: Arc<Document>,
    /// Whether the variables need no check against the schema.
    plain: bool,
    /// Whether the caller may not do everything.
    restricted: bool,
    ty: OperationType,
    first: Option<Arc<First>>,
    time_limit: Duration,
}

/// Why a request is not run. Boxed, because it is large and rare.
type Refusal = Box<(Vec<ServerError>, ResponseKind)>;

/// A schema with its types erased.
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

impl GraphqlResponse {
    fn new(response: Response, kind: ResponseKind, operation: Option<String>) -> Self {
        let outcome = outcome_label(&response);
        // The answer to a request that was not run has no `data`, not even null.
        let body = match kind {
            ResponseKind::Run | ResponseKind::StoreAway | ResponseKind::Unsure => serde_json::to_vec(&response),
            _ => serde_json::to_vec(&serde_json::json!({ "errors": response.errors })),
        };
        let body = body.unwrap_or_else(|_| br#"{"errors":[{"message":"internal error"}]}"#.to_vec());
        Self { body, kind, outcome, operation }
    }
}

/// The operation to run, and its name.
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
                let message = format!("the document has {several} operations: choose one with `operationName`");
                return Err(error("GRAPHQL_VALIDATION_FAILED", message, None));
            }
        },
    };
    let message =
        || error("GRAPHQL_VALIDATION_FAILED", "the document has no operation with that `operationName`", None);
    chosen.ok_or_else(message)
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
