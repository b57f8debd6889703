//! Turns the driver's errors into store errors whose texts tell a person what to do. A server's message can contain a
//! value, so only its code is kept.

use std::time::Duration;

use neo4rs::{Error, Neo4jClientErrorKind, Neo4jErrorKind};
use rand::Rng;

use super::Neo4jOptions;
use crate::store::StoreError;

/// A fault of one statement or transaction.
#[derive(Debug)]
pub(super) struct Fault {
    /// The error for the caller.
    pub(super) error: StoreError,
    /// Whether a transaction with this fault can be tried again at once.
    pub(super) again: bool,
    /// Whether the connection may still have an open transaction on the server.
    pub(super) broken: bool,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault { again: matches!(error, StoreError::Removed(_)), error, broken: false }
    }
}

/// How often a read is tried when it finds rows that a writer has removed in the meantime.
const READS: u32 = 5;
/// Reads, and reads again when a row was removed in the meantime: an index can return a deleted node, whose properties
/// are null. When every read finds null, the stored data is wrong.
pub(super) async fn again<T, F: Future<Output = Result<T, StoreError>>>(read: impl Fn() -> F) -> Result<T, StoreError> {
    let mut attempt = 1;
    loop {
        // Boxed: otherwise the nested futures are too deep for the compiler.
        match Box::pin(read()).await {
            Err(removed @ StoreError::Removed(_)) => {
                if attempt == READS {
                    return Err(StoreError::Data(removed.to_string()));
                }
                metrics::counter!("throughline_removed_reread", "store" => "neo4j").increment(1);
                tokio::time::sleep(pause(attempt)).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

impl Fault {
    /// What `error` means.
    pub(super) fn of(error: Error, options: &Neo4jOptions) -> Self {
        let (error, again, broken) = match error {
            Error::Neo4j(e) => of_code(&e, options),
            Error::AuthenticationError(message) => (of_login(&message, options), false, false),
            Error::UnsupportedScheme(_) | Error::UrlParseError(_) | Error::InvalidDnsName(_) => {
                (bad_address(options), false, false)
            }
            Error::ProtocolMismatch(_) => (no_bolt(options), false, false),
            Error::UnsupportedVersion(major, minor) => {
                let said = format!("the server speaks Bolt {major}.{minor} only: use Neo4j 5 or later");
                (StoreError::Setup(said), false, false)
            }
            Error::IOError { detail } if detail.kind() == std::io::ErrorKind::InvalidData => {
                (no_tls(options), false, false)
            }
            Error::IOError { detail } => {
                // A server without TLS closes the connection of a client that begins with TLS.
                let tls = detail.kind() == std::io::ErrorKind::UnexpectedEof && options.url.contains("+s");
                let hint = if tls { "; if it has no TLS, use bolt:// or neo4j://" } else { "" };
                (away(options, &format!("{}{hint}", detail.kind())), true, true)
            }
            Error::ConnectionError => {
                let wait = options.pool_wait.as_secs();
                let said = format!("no connection became free within {wait} s: raise the pool size, or ask for less");
                (StoreError::Busy(said), false, false)
            }
            Error::ConnectionTimedOut => (StoreError::Timeout(options.query_timeout.as_secs()), false, true),
            Error::RoutingTableError((code, _)) => (away(options, &code), true, true),
            Error::ServerUnavailableError(_) | Error::RoutingTableRefreshFailed(_) => {
                (away(options, "no member of the cluster answers"), true, true)
            }
            Error::IncompleteBoltExchange
            | Error::ConnectionClosed(_)
            | Error::RequestIgnoredError
            | Error::Ignored(_)
            | Error::UnexpectedMessage(_)
            | Error::UnknownMessage(_) => (away(options, "the connection broke"), true, true),
            Error::StringTooLong | Error::MapTooBig | Error::BytesTooBig | Error::ListTooLong => {
                (StoreError::Refused("a value is too large".into()), false, true)
            }
            Error::DeserializationError(e) => (StoreError::Data(format!("a row of another shape: {e}")), false, true),
            _ => (StoreError::Data("an answer that is not understood".into()), false, true),
        };
        Fault { error, again, broken }
    }

    /// It took longer than the limit.
    pub(super) fn late(after: Duration) -> Self {
        Fault { error: StoreError::Timeout(after.as_secs()), again: false, broken: true }
    }
}

/// The time to wait before the next attempt. It grows with each attempt, and is random, so two writers in conflict do
/// not meet again.
pub(super) fn pause(attempt: u32) -> Duration {
    let most = 10_u64 << attempt.min(6);
    Duration::from_millis(rand::rng().random_range(most / 2..=most))
}

fn of_code(error: &neo4rs::Neo4jError, options: &Neo4jOptions) -> (StoreError, bool, bool) {
    let (code, kind) = (error.code(), error.kind());
    let name = code.rsplit('.').next().unwrap_or(code);
    match (kind, name) {
        (_, "TransactionTimedOut" | "TransactionTimedOutClientConfiguration" | "LockAcquisitionTimeout") => {
            (StoreError::Timeout(options.query_timeout.as_secs()), false, false)
        }
        (_, "DatabaseUnavailable" | "TransactionNotFound") => (away(options, name), true, true),
        // The index returned a node that is deleted, so its properties cannot be read.
        (_, "EntityNotFound") => (StoreError::Removed(name.into()), true, false),
        (_, "LockClientStopped" | "Terminated" | "DeadlockDetected") => (StoreError::Busy(name.into()), true, false),
        // The names differ with the version and with the setting: `WriteOnReadOnlyAccessDatabase`,
        // `ForbiddenOnReadOnlyDatabase`, and others.
        (_, name) if name.contains("ReadOnly") || matches!(name, "AccessMode" | "NotALeader") => (
            StoreError::ReadOnly(
                "the server takes no writes for this database: let it, or name the member that does".into(),
            ),
            false,
            false,
        ),
        (_, "TransactionLogError" | "TransactionCommitFailed") => (
            StoreError::Full(format!("the server cannot write its log ({name}): look whether its disk is full")),
            false,
            true,
        ),
        // The server could not write its log. It begins no transaction until it is started again.
        (_, "TransactionStartFailed" | "TransactionAccessFailed" | "StorageDamageDetected") => (
            StoreError::Away(format!(
                "the database at {} takes no transactions ({name}): look at the server's log, and start it again",
                options.address()
            )),
            false,
            true,
        ),
        // Two servers wrote the same node at once. The second, when it tries again, finds the first one's node. A
        // constraint may fail while another writer is active; `set_up` tries again when this can help.
        (
            _,
            "ConstraintCreationFailed"
            | "ConstraintValidationFailed"
            | "EquivalentSchemaRuleAlreadyExists"
            | "ConstraintAlreadyExists"
            | "IndexAlreadyExists",
        ) => (StoreError::Busy(name.into()), true, false),
        (Neo4jErrorKind::Transient, _) => (StoreError::Busy(name.into()), true, false),
        (Neo4jErrorKind::Client(Neo4jClientErrorKind::SessionExpired), _) => (away(options, name), true, true),
        (Neo4jErrorKind::Client(Neo4jClientErrorKind::FatalDiscovery), _) => {
            (StoreError::Setup("the server has no such database".into()), false, false)
        }
        (Neo4jErrorKind::Client(Neo4jClientErrorKind::Security(_)), "Forbidden") => (
            StoreError::Setup("the user may not do this: give it the right to write and to make indexes".into()),
            false,
            false,
        ),
        (Neo4jErrorKind::Client(Neo4jClientErrorKind::Security(_)), _) => (of_login(name, options), false, false),
        // This message is about the statement's text only, which contains no value.
        (_, "SyntaxError" | "ParameterMissing" | "ProcedureNotFound") => {
            let said = error.message().lines().next().unwrap_or(name);
            (
                StoreError::Setup(format!("the server does not know a statement: use Neo4j 5.23 or later ({said})")),
                false,
                false,
            )
        }
        _ => (StoreError::Refused(name.into()), false, false),
    }
}

fn of_login(message: &str, options: &Neo4jOptions) -> StoreError {
    let address = options.address();
    if message.to_ascii_lowercase().contains("too many times") || message == "AuthenticationRateLimit" {
        return StoreError::Setup(format!(
            "{address} refuses every login for a while after too many wrong ones: mend user and password, then wait 5 s"
        ));
    }
    StoreError::Setup(format!(
        "{address} does not take user {:?} with this password: set THROUGHLINE_STORE_USER and THROUGHLINE_STORE_PASSWORD",
        options.user
    ))
}

/// An address whose scheme or host can never work.
pub(super) fn bad_address(options: &Neo4jOptions) -> StoreError {
    StoreError::Setup(format!(
        "not an address of Neo4j: {}: write it as bolt://host:7687, neo4j://host:7687, bolt+s://… or neo4j+s://…",
        options.address()
    ))
}

fn no_bolt(options: &Neo4jOptions) -> StoreError {
    StoreError::Setup(format!(
        "what answers at {} does not speak Bolt: name the Bolt port (7687, not 7474), and bolt+s:// where it wants TLS",
        options.address()
    ))
}

fn no_tls(options: &Neo4jOptions) -> StoreError {
    StoreError::Setup(format!(
        "no trusted TLS with {}: use bolt:// or neo4j:// where the server has none, +ssc:// where its certificate is its own",
        options.address()
    ))
}

fn away(options: &Neo4jOptions, why: &str) -> StoreError {
    StoreError::Away(format!("no Neo4j answers at {} ({why}): start it, or mend the address", options.address()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_was_removed_is_read_again_and_what_never_was_whole_is_told() {
        let asked = AtomicU32::new(0);
        let gone_for = |times: u32| {
            let asked = &asked;
            asked.store(0, Ordering::Relaxed);
            again(move || async move {
                let n = asked.fetch_add(1, Ordering::Relaxed);
                if n < times { Err(StoreError::Removed("the column to_at".into())) } else { Ok(n) }
            })
        };
        assert_eq!(gone_for(0).await.expect("an answer"), 0);
        assert_eq!(gone_for(2).await.expect("an answer"), 2);
        let told = gone_for(READS).await.expect_err("it says so each time");
        assert!(matches!(&told, StoreError::Data(said) if said.contains("to_at")), "{told}");
        assert_eq!(asked.load(Ordering::Relaxed), READS);
        // In a transaction, the whole transaction is tried again. Any other fault goes to the caller at once.
        assert!(Fault::from(StoreError::Removed("it".into())).again);
        assert!(!Fault::from(StoreError::Data("it".into())).again);
        let once = again(|| async { Err::<(), _>(StoreError::Busy("a lock".into())) }).await;
        assert!(matches!(once, Err(StoreError::Busy(said)) if said == "a lock"));
    }
}
