//! Creates constraints, indexes and the counter, and checks the version of the data.

use std::collections::HashMap;
use std::sync::Arc;

use super::Inner;
use super::bolt::{Params, ToBolt};
use super::connections::Transaction;
use super::customers;
use super::fault::Fault;
use super::health;
use super::rows::column;
use super::segment_memberships;
use super::statement::{Statement, statements, text};
use super::words;
use crate::store::StoreError;

/// The version of the data that this program writes.
const VERSION: i64 = 5;
/// The version since which evidence has edges to its identifiers.
const NAMED: i64 = 2;
/// The version since which the words of identifiers and the words and keys of claims have the program's present form.
/// It is raised when a form changes.
const WORDS: i64 = 4;
/// The version since which the members of saved segments are stored.
const MEMBERS: i64 = 5;

static SCHEMA: &str = text!("schema");
statements! {
    VERSION_OF_DATA = "schema/update_version";
    STORED_VERSION = "schema/fetch_version";
    NAME_EVIDENCE = "evidence/update_names";
    MAKE_COUNTER = "changes/insert_counter";
    AWAIT_INDEXES = "schema/await_indexes";
    DROP_STALE_WRITING = "changes/delete_stale_commits";
    TOKENS = "schema/insert_tokens";
    PING = "status/ping";
    INDEXES = "schema/list_indexes";
    PREPARED = "schema/fetch_prepared";
    pub(super) TRY_WRITE = "status/update_probe";
}

/// How often the set-up is tried when another server does the same at the same time.
const ATTEMPTS: u32 = 10;

/// Creates everything that is missing, and lets the server plan the statements of the hot path. For a server that this
/// process has set up before, it only checks: three statements, then the plans.
pub(super) async fn set_up(store: &Arc<Inner>) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        // On the heap: what is awaited in it is nested too deep for the compiler otherwise.
        match Box::pin(prepare(store)).await {
            Ok(()) => break,
            // Everything is there: a database that takes no writes answers questions.
            Err(fault) if fault.error.stops_writes() && is_whole(store).await.unwrap_or(false) => {
                store.note_write(&Err::<(), _>(fault.error));
                break;
            }
            Err(fault)
                if fault.again
                    && attempt < ATTEMPTS
                    && matches!(fault.error, StoreError::Busy(_) | StoreError::Removed(_)) =>
            {
                tokio::time::sleep(std::time::Duration::from_millis(50 * u64::from(attempt))).await;
                attempt += 1;
            }
            Err(fault) => return Err(store.connections.cause(fault).await),
        }
    }
    if !store.prepared.is_said() {
        store.prepared.say();
        return Box::pin(customers::warm(store)).await;
    }
    let store = store.clone();
    tokio::spawn(async move {
        if let Err(error) = customers::warm(&store).await {
            tracing::debug!(%error, "statements are planned when they are asked");
        }
    });
    Ok(())
}

/// Whether the server answers now, from a database after a set-up.
pub(super) async fn ping(store: &Inner) -> Result<(), StoreError> {
    let most = std::time::Duration::from_secs(5).min(store.connections.options.query_timeout);
    let rows = store.connections.ping(&PING, Params::new(), most).await?;
    match rows.is_empty() {
        true => Err(StoreError::Away("the database that answers is not set up".into())),
        false => Ok(()),
    }
}

/// Creates missing constraints, indexes and single nodes.
async fn prepare(store: &Inner) -> Result<(), Fault> {
    let connections = &store.connections;
    let missing = missing(store).await?;
    for rule in &missing {
        match connections.run_alone(&rule.text).await {
            Err(fault) if rule.constrains && fault.again => return Err(doubles(store, rule).await.unwrap_or(fault)),
            done => done?,
        }
    }
    if !missing.is_empty() {
        connections.run_alone(AWAIT_INDEXES.text()).await?;
    } else if store.prepared.is_said() && is_prepared(store).await? {
        return drop_stale_writing(store).await;
    }
    make_words(store).await?;
    let mut transaction = connections.begin().await?;
    let made = make(&mut transaction).await;
    end(transaction, made).await
}

async fn make(transaction: &mut Transaction<'_>) -> Result<(), Fault> {
    let rows = transaction.read(&VERSION_OF_DATA, Params::new().with("version", VERSION)).await?;
    let version: i64 = rows.first().map(|row| column(row, "version")).transpose()?.unwrap_or(VERSION);
    if version > VERSION {
        return Err(StoreError::Setup(format!(
            "the data was made by a newer throughline (its version {version}, ours {VERSION}): use that one, or another database"
        ))
        .into());
    }
    let found: i64 = rows.first().map(|row| column(row, "found")).transpose()?.unwrap_or(VERSION);
    if found < NAMED {
        transaction.write(&NAME_EVIDENCE, Params::new()).await?;
    }
    transaction.write(&MAKE_COUNTER, Params::new()).await?;
    if found < MEMBERS {
        segment_memberships::sweep_all(transaction, 0, None).await?;
    }
    health::make(transaction).await?;
    transaction.write(&DROP_STALE_WRITING, Params::new()).await?;
    transaction.write(&TOKENS, Params::new().with("names", names())).await
}

/// A writer that was stopped may have left the marker of a commit that never happened.
async fn drop_stale_writing(store: &Inner) -> Result<(), Fault> {
    let mut transaction = store.connections.begin().await?;
    let dropped = transaction.write(&DROP_STALE_WRITING, Params::new()).await;
    end(transaction, dropped).await
}

async fn end(transaction: Transaction<'_>, made: Result<(), Fault>) -> Result<(), Fault> {
    match made {
        Ok(()) => transaction.commit(0).await,
        Err(fault) => {
            transaction.roll_back().await;
            Err(fault)
        }
    }
}

/// Makes the words of the data of an older version, before the data gets this version.
async fn make_words(store: &Inner) -> Result<(), Fault> {
    let mut transaction = store.connections.begin().await?;
    let found = transaction.read(&STORED_VERSION, Params::new()).await;
    transaction.roll_back().await;
    let found = found?.first().map(|row| column::<i64>(row, "version")).transpose()?;
    match found {
        Some(found) if found < WORDS => words::make(store).await,
        _ => Ok(()),
    }
}

/// Whether nothing is left to make.
async fn is_whole(store: &Inner) -> Result<bool, Fault> {
    Ok(missing(store).await?.is_empty() && is_prepared(store).await?)
}

/// Whether the data has this version and everything that a set-up creates.
async fn is_prepared(store: &Inner) -> Result<bool, Fault> {
    let rows = store.connections.read(&PREPARED, Params::new()).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    Ok(column::<i64>(row, "version")? == VERSION && column::<bool>(row, "counted")?)
}

/// A constraint or an index of the schema.
struct SchemaRule {
    name: String,
    text: String,
    constrains: bool,
}

/// The constraints and indexes of the schema, in its order.
fn schema() -> Vec<SchemaRule> {
    let lines: Vec<&str> = SCHEMA.lines().filter(|line| !line.starts_with("//")).collect();
    let text = lines.join("\n");
    let statements = text.split(';').map(str::trim).filter(|text| !text.is_empty());
    let rule = |text: &str| {
        let begin = text.split(" IF NOT EXISTS").next().unwrap_or_default();
        let name = begin.rsplit(' ').next().unwrap_or_default().to_owned();
        SchemaRule { name, text: text.to_owned(), constrains: text.starts_with("CREATE CONSTRAINT") }
    };
    statements.map(rule).collect()
}

/// The ones that are missing or not ready.
async fn missing(store: &Inner) -> Result<Vec<SchemaRule>, Fault> {
    let rows = store.connections.read(&INDEXES, Params::new()).await?;
    let mut there = HashMap::new();
    for row in &rows {
        if column::<bool>(row, "online")? {
            there.insert(column::<&str>(row, "name")?.to_owned(), column::<bool>(row, "constrains")?);
        }
    }
    Ok(schema().into_iter().filter(|rule| there.get(&rule.name) != Some(&rule.constrains)).collect())
}

/// How many of the nodes that prevent a constraint are named.
const SHOWN: usize = 10;

/// The nodes that prevent a constraint, and the statement to run. `None` when there are none, and the set-up can be
/// tried again. Nodes contain data about people, so they are named by the database's own ids.
async fn doubles(store: &Inner, rule: &SchemaRule) -> Option<Fault> {
    let (label, properties) = rule.of()?;
    let key = properties.iter().map(|name| format!("n.{name}")).collect::<Vec<_>>().join(", ");
    let all = properties.iter().map(|name| format!("n.{name} IS NOT NULL")).collect::<Vec<_>>().join(" AND ");
    let begin = format!(
        "MATCH (n:{label}) WHERE {all} WITH [{key}] AS key, n ORDER BY coalesce(n.saved_at, n.at, 0), elementId(n) \
         WITH key, collect(n) AS nodes WHERE size(nodes) > 1"
    );
    let text = format!(
        "{begin} WITH nodes, [n IN nodes | elementId(n)] AS ids \
         WITH count(*) AS keys, sum(size(nodes)) AS nodes, collect(ids) AS ids \
         RETURN keys, nodes, reduce(all = [], some IN ids | all + some)[..{SHOWN}] AS ids"
    );
    let statement = Statement::of_text("schema/list_doubles", &text);
    let rows = store.connections.read(&statement, Params::new()).await.ok()?;
    let row = rows.first()?;
    let (keys, nodes): (i64, i64) = (column(row, "keys").ok()?, column(row, "nodes").ok()?);
    if keys == 0 {
        return None;
    }
    let ids: Vec<String> = column(row, "ids").ok()?;
    let more = if nodes > ids.len() as i64 { " …" } else { "" };
    // These nodes have no relationships, so any of them can stay; the oldest stays.
    let act = match label {
        "Rules" | "Counter" | "Schema" => {
            format!(
                "stop all writers, make a backup, and run on the database, which leaves the oldest of each: {begin} UNWIND tail(nodes) AS extra DETACH DELETE extra"
            )
        }
        _ => format!(
            "bring back a backup from before, or look at them and take out what is too much: {begin} RETURN nodes"
        ),
    };
    let said = format!(
        "the constraint {} cannot be made: {nodes} nodes :{label} share {keys} value{} of {} ({}{more}): {act}",
        rule.name,
        if keys == 1 { "" } else { "s" },
        properties.join(", "),
        ids.join(", ")
    );
    Some(StoreError::Setup(said).into())
}

impl SchemaRule {
    /// The label and the properties of a constraint.
    fn of(&self) -> Option<(&str, Vec<&str>)> {
        let (_, node) = self.text.split_once("FOR (")?;
        let (_, label) = node.split_once(')')?.0.split_once(':')?;
        let (_, of) = self.text.split_once("REQUIRE ")?;
        let of = of.strip_suffix(" IS UNIQUE")?.trim_matches(['(', ')']);
        Some((label, of.split(", ").filter_map(|property| Some(property.split_once('.')?.1)).collect()))
    }
}

/// Every property that a statement names, with some value.
fn names() -> neo4rs::BoltType {
    const NAMES: &str = "id key kind value first_seen_at last_seen_at rollup search arrival owner name \
        provenance at first_at count source purpose channel status expires_at os model number events \
        placed_at placed_arrival device order_source order_number direction session_id campaign \
        properties born version sku category customer rule message_id by reason identifiers others \
        outcomes set order_count channels currency total returned net gross orders quantity place \
        unit_price entries size shared_since health identifier_count rules restitched saved_at saved_by note text sides decisions store customers seq returned_quantity amount medium term content rules_version since until from to refused identifier carrier moved touchpoint from_at to_at first_message_id segment deleted time_zone definition uses description hash change touched_at touches due_at after suppressed erasures";
    let mut map = neo4rs::BoltMap::new();
    for name in NAMES.split_whitespace() {
        map.put(name.into(), "none".to_bolt());
    }
    neo4rs::BoltType::Map(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_read_as_rules_with_names() {
        let rules = schema();
        assert!(rules.len() > 40, "{}", rules.len());
        for rule in &rules {
            let name = &rule.name;
            assert!(rule.text.starts_with("CREATE ") && rule.text.contains(name), "{name}: {}", rule.text);
            assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert_eq!(rule.constrains, rule.of().is_some_and(|(_, of)| !of.is_empty()), "{name}");
        }
        let spend = rules.iter().find(|rule| rule.name == "spend_key").and_then(SchemaRule::of);
        assert_eq!(spend, Some(("Spend", vec!["customer", "currency"])));
    }
}
