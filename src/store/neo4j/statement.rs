//! Cypher statements: a name, used in spans and metrics, and a text from `cypher/<name>.cypher`, such as
//! `cypher/links/fetch.cypher`. A file whose name begins with `part_` is only a part of statements.

use std::sync::OnceLock;
use std::time::Instant;

use super::bolt::Params;

/// Lets the server use a plan from its cache, also after changes of the graph.
pub(super) const KEEP_PLAN: &str = "CYPHER replan=skip\n";

/// One statement. Values are parameters only.
pub(super) struct Statement {
    /// Its name: the path of its file below `cypher/`, without `.cypher`, or a path of its own when it is made from
    /// several files.
    pub(super) name: &'static str,
    parts: &'static [&'static str],
    reversed: bool,
    text: OnceLock<String>,
}

/// `statements! { FETCH = "links/fetch"; LIST = "links/list_of_customer" ("owners/part_of_customer" |
/// "links/part_list"); }` makes statics, each from one file or from several, and `ALL` with all of them. With
/// `reversed` after the parts, every sort order is reversed: in Cypher a direction cannot be a parameter.
macro_rules! statements {
    ($($vis:vis $constant:ident = $name:literal $(($($part:literal)|+) $($reversed:ident)?)?;)+) => {
        $($vis static $constant: $crate::store::neo4j::statement::Statement =
            $crate::store::neo4j::statement::statement!($name $(($($part)|+) $($reversed)?)?);)+
        pub(in $crate::store::neo4j) static ALL: &[&$crate::store::neo4j::statement::Statement] = &[$(&$constant),+];
    };
}

/// One statement, with its name in [`statements!`].
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
    /// A statement made from the texts of several files.
    pub(super) const fn new(name: &'static str, parts: &'static [&'static str], reversed: bool) -> Self {
        Statement { name, parts, reversed, text: OnceLock::new() }
    }

    /// A statement without a file.
    pub(super) fn of_text(name: &'static str, text: &str) -> Self {
        Statement { name, parts: &[], reversed: false, text: OnceLock::from(body(text).to_owned()) }
    }

    /// The text for the server.
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

    /// The same for a statement of a batch. The server must keep its plan: otherwise it would plan all these statements
    /// again and again while the graph grows in an import, 0.1 s each. The new plans would be the same, since these
    /// statements use keys. A test checks that none scans, for any statistics of the indexes.
    pub(super) fn steady_query(&self, params: Params) -> neo4rs::Query {
        neo4rs::Query::new(format!("{KEEP_PLAN}{}", self.text())).with_params(params.into_map())
    }

    /// Adds the statement's name to a trace.
    pub(super) fn span(&self) -> tracing::Span {
        tracing::debug_span!("statement", store = "neo4j", name = self.name)
    }

    /// Records the duration when the returned value is dropped.
    pub(super) fn timed(&self) -> Timed {
        Timed { name: self.name, since: Instant::now() }
    }
}

/// The text without the comment at its head.
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
