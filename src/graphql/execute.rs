//! From a request's text to its answer: measured, parsed once, validated and run, within a time.
//!
//! Whatever goes wrong, every error leaves here with a code. What has none is a fault of ours: it
//! becomes INTERNAL, with the request's id and nothing else.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{
    ErrorExtensionValues, ObjectType, Pos, Request, Response, Schema, ServerError, SubscriptionType, Value, Variables,
};
use async_trait::async_trait;

use super::limits::{LimitError, Limits, Rates, check_text, measure};

mod codes;
mod variables;

pub use codes::outcome_label;

/// How long an operation may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The GraphQL API, whatever its schema: what the layers outside ask.
#[derive(Clone)]
pub struct Api {
    schema: Arc<dyn Run>,
    attach: Arc<dyn Fn(Request) -> Request + Send + Sync>,
    limits: Arc<Limits>,
    rates: Arc<Rates>,
    time_limit: Duration,
}

/// A request, as it came in.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The query's text.
    pub query: String,
    /// Which of its operations to run.
    pub operation_name: Option<String>,
    /// Its variables.
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// Whether only a query may be run, as by GET.
    pub only_reads: bool,
    /// The request's id, which INTERNAL names.
    pub request_id: String,
}

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
    /// The store does not answer, and the whole answer hangs on it.
    StoreAway,
}

impl Api {
    /// Wraps a schema. `attach` adds to each request what its resolvers need.
    pub fn new<Q, M, S>(
        schema: Schema<Q, M, S>,
        attach: impl Fn(Request) -> Request + Send + Sync + 'static,
    ) -> Result<Self, async_graphql::parser::Error>
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let rates = Arc::new(Rates::new(&schema.sdl())?);
        Ok(Self {
            schema: Arc::new(schema),
            attach: Arc::new(attach),
            limits: Arc::new(Limits::default()),
            rates,
            time_limit: TIME_LIMIT,
        })
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits, time_limit: Duration) -> Self {
        Self { limits: Arc::new(limits), time_limit, ..self }
    }

    /// Runs a request. Dropping the future gives up.
    pub async fn execute(&self, mut question: Question) -> Answer {
        let variables = serde_json::Value::Object(std::mem::take(&mut question.variables));
        let mut operation = None;
        let (response, kind) = match self.prepare(&question, Variables::from_json(variables), &mut operation) {
            Ok(request) => self.run(request, &question).await,
            Err(stop) => (Response::from_errors(vec![stop.0]), stop.1),
        };
        Answer::new(response, kind, operation)
    }

    /// All that is checked before the schema is asked. Leaves the operation's name in `name`.
    fn prepare(&self, question: &Question, variables: Variables, name: &mut Option<String>) -> Result<Request, Stop> {
        let refuse = |error| Box::new((error, Kind::Refused));
        check_text(&question.query, &self.limits).map_err(limit_error).map_err(refuse)?;
        let document = parse_query(&question.query).map_err(parse_error).map_err(refuse)?;
        let wanted = question.operation_name.as_deref();
        let (operation, called) = choose(&document, wanted).map_err(refuse)?;
        *name = called;
        match operation.ty {
            OperationType::Query => {}
            OperationType::Mutation if question.only_reads => {
                let words = "a mutation is not run by GET: send it by POST";
                return Err(Box::new((error("GRAPHQL_VALIDATION_FAILED", words, None), Kind::NotARead)));
            }
            OperationType::Mutation => {}
            OperationType::Subscription => {
                let words = "subscriptions are not served by this transport";
                return Err(refuse(error("GRAPHQL_VALIDATION_FAILED", words, None)));
            }
        }
        measure(&document, wanted, &variables, &self.limits, &self.rates).map_err(limit_error).map_err(refuse)?;
        variables::check(operation, &variables).map_err(refuse)?;

        let mut request = Request::new(question.query.clone()).variables(variables);
        request.operation_name = name.clone();
        request.set_parsed_query(document);
        Ok((self.attach)(request))
    }

    async fn run(&self, request: Request, question: &Question) -> (Response, Kind) {
        let Ok(mut response) = tokio::time::timeout(self.time_limit, self.schema.run(request)).await else {
            let words = format!("the operation took longer than {} s: ask for less", self.time_limit.as_secs_f32());
            return (Response::from_errors(vec![error("TIMEOUT", words, None)]), Kind::Late);
        };
        // Resolvers leave a path in their errors; validation has none, and no data.
        let ran = response.errors.is_empty()
            || response.data != Value::Null
            || response.errors.iter().any(|error| !error.path.is_empty());
        codes::complete(&mut response, ran, question);
        let kind = match ran {
            false => Kind::Refused,
            true if response.data == Value::Null && response.errors.iter().all(codes::is_store_away) => Kind::StoreAway,
            true => Kind::Run,
        };
        (response, kind)
    }
}

/// Why a request is not run; boxed, since it is large and rare.
type Stop = Box<(ServerError, Kind)>;

/// A schema without its types.
#[async_trait]
trait Run: Send + Sync {
    async fn run(&self, request: Request) -> Response;
}

#[async_trait]
impl<Q: ObjectType + 'static, M: ObjectType + 'static, S: SubscriptionType + 'static> Run for Schema<Q, M, S> {
    async fn run(&self, request: Request) -> Response {
        self.execute(request).await
    }
}

impl Answer {
    fn new(response: Response, kind: Kind, operation: Option<String>) -> Self {
        let outcome = outcome_label(&response);
        // A request that was not run has no `data` at all, not even null.
        let body = match kind {
            Kind::Run | Kind::StoreAway => serde_json::to_vec(&response),
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
