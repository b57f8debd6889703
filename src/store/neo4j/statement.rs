//! Cypher statements: a name, which spans and metrics carry, and a text from `cypher/<name>.cypher`, such as
//! `cypher/links/fetch.cypher`. A file whose name begins with `part_` is only ever a part of a statement.

use std::sync::OnceLock;
use std::time::Instant;

use super::bolt::Params;

/// Has the server take a plan that it has, however the graph has changed since.
pub(super) const KEEP_PLAN: &str = "CYPHER replan=skip\n";

/// One statement. Values reach it as parameters only.
pub(super) struct Statement {
    /// The path of its file below `cypher/`, without `.cypher`; or of what it is put together to be.
    pub(super) name: &'static str,
    parts: &'static [&'static str],
    reversed: bool,
    text: OnceLock<String>,
}

/// `statements! { FETCH = "links/fetch"; LIST = "links/list_of_customer" ("owners/part_of_customer" | "links/part_list"); }`
/// makes statics, of one file or put together from several, and `ALL` of all of them. With `reversed` behind the
/// parts every order is turned round: a direction cannot be a parameter in Cypher.
macro_rules! statements {
    ($($vis:vis $constant:ident = $name:literal $(($($part:literal)|+) $($reversed:ident)?)?;)+) => {
        $($vis static $constant: $crate::store::neo4j::statement::Statement =
            $crate::store::neo4j::statement::statement!($name $(($($part)|+) $($reversed)?)?);)+
        pub(in $crate::store::neo4j) static ALL: &[&$crate::store::neo4j::statement::Statement] = &[$(&$constant),+];
    };
}

/// One statement, as [`statements!`] names it.
macro_rules! statement {
    ($name:literal) => {
        $crate::store::neo4j::statement::statement!($name ($name))
    };
    ($name:literal ($($part:literal)|+)) => {
        $crate::store::neo4j::statement::Statement::new($name, &[$($crate::store::neo4j::statement::text!($part)),+], false)
    };
    ($name:literal ($($part:literal)|+) reversed) => {
        $crate::store::neo4j::statement::Statement::new($name, &[$($crate::store::neo4j::statement::text!($part)),+], true)
    };
}

/// The text of `cypher/<name>.cypher`.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/neo4j/cypher/", $name, ".cypher"))
    };
}

pub(super) use {statement, statements, text};

impl Statement {
    /// A statement put together from the texts of files.
    pub(super) const fn new(name: &'static str, parts: &'static [&'static str], reversed: bool) -> Self {
        Statement { name, parts, reversed, text: OnceLock::new() }
    }

    /// A statement that no file has.
    pub(super) fn of_text(name: &'static str, text: &str) -> Self {
        Statement { name, parts: &[], reversed: false, text: OnceLock::from(body(text).to_owned()) }
    }

    /// What the server is sent.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let bodies: Vec<&str> = self.parts.iter().map(|part| body(part)).collect();
            let text = bodies.join("\n");
            if self.reversed { text.replace(" DESC", " ASC") } else { text }
        })
    }

    pub(super) fn query(&self, params: Params) -> neo4rs::Query {
        neo4rs::Query::new(self.text().to_owned()).with_params(params.into_map())
    }

    /// The same for a statement of a batch, whose plan the server is to keep. As the graph grows it
    /// would make all of them anew, 0.1 s each, over and over in an import; and come to the same, since
    /// they go by keys: a test looks that none scans, whatever the server takes its indexes to hold.
    pub(super) fn steady_query(&self, params: Params) -> neo4rs::Query {
        neo4rs::Query::new(format!("{KEEP_PLAN}{}", self.text())).with_params(params.into_map())
    }

    /// Says in a trace which statement ran.
    pub(super) fn span(&self) -> tracing::Span {
        tracing::debug_span!("statement", store = "neo4j", name = self.name)
    }

    /// Notes how long it took, when what is answered is dropped.
    pub(super) fn timed(&self) -> Timed {
        Timed { name: self.name, since: Instant::now() }
    }
}

/// Without the comment at the head, which is for readers of the file.
fn body(mut text: &str) -> &str {
    while let Some(rest) = text.strip_prefix("//") {
        text = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    text.trim_end()
}

/// A running statement.
pub(super) struct Timed {
    name: &'static str,
    since: Instant,
}

impl Drop for Timed {
    fn drop(&mut self) {
        metrics::histogram!("throughline_statement_seconds", "store" => "neo4j", "statement" => self.name)
            .record(self.since.elapsed().as_secs_f64());
    }
}
