//! Cypher statements: a name, which spans and metrics carry, and a text from `cypher/<name>.cypher`, such as
//! `cypher/links/fetch.cypher`. A file whose name begins with `part_` is only ever a part of a statement.

use std::time::Instant;

use super::bolt::Params;

/// Has the server take a plan that it has, however the graph has changed since.
pub(super) const KEEP_PLAN: &str = "CYPHER replan=skip\n";

/// One statement. Values reach it as parameters only.
pub(super) struct Statement {
    /// The path of its file below `cypher/`, without `.cypher`; or of what it is put together to be.
    pub(super) name: &'static str,
    text: Text,
}

enum Text {
    File(&'static str),
    Made(String),
}

/// The statement in `cypher/<name>.cypher`.
macro_rules! statement {
    ($name:literal) => {
        $crate::store::neo4j::statement::Statement::of_file(
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/neo4j/cypher/", $name, ".cypher")),
        )
    };
}

/// The text of `cypher/<name>.cypher`, to compose a statement of.
macro_rules! part {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/neo4j/cypher/", $name, ".cypher"))
    };
}

pub(super) use {part, statement};

impl Statement {
    pub(super) const fn of_file(name: &'static str, text: &'static str) -> Self {
        Statement { name, text: Text::File(text) }
    }

    /// A statement put together from the texts of several files.
    pub(super) fn of_parts(name: &'static str, parts: &[&str]) -> Self {
        let bodies: Vec<&str> = parts.iter().map(|part| body(part)).collect();
        Statement { name, text: Text::Made(bodies.join("\n")) }
    }

    /// The same with every order turned round: a direction cannot be a parameter in Cypher.
    pub(super) fn reversed(name: &'static str, parts: &[&str]) -> Self {
        let statement = Statement::of_parts(name, parts);
        let Text::Made(text) = statement.text else { return statement };
        Statement { name, text: Text::Made(text.replace(" DESC", " ASC")) }
    }

    /// What the server is sent.
    pub(super) fn text(&self) -> &str {
        match &self.text {
            Text::File(text) => body(text),
            Text::Made(text) => text,
        }
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
