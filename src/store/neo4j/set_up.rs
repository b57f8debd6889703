//! Constraints, indexes and the counter; and whether the data is of a version that is understood.

use super::Inner;
use super::bolt::{Params, ToBolt};
use super::customers;
use super::fault::Fault;
use super::health;
use super::rows::column;
use super::statement::{Statement, part, statement};
use super::words;
use crate::store::StoreError;

/// The shape of the data that this program writes.
const VERSION: i64 = 3;
/// From which version on evidence has edges to what it names.
const NAMED: i64 = 2;
/// From which version on words are made as the program makes them now; raised with them.
const WORDS: i64 = 3;

static SCHEMA: &str = part!("schema");
static VERSION_OF_DATA: Statement = statement!("schema_version");
static STORED_VERSION: Statement = statement!("stored_version");
static NAME_EVIDENCE: Statement = statement!("name_evidence");
static MAKE_COUNTER: Statement = statement!("make_counter");
static AWAIT_INDEXES: Statement = statement!("await_indexes");
static DROP_STALE_WRITING: Statement = statement!("drop_stale_writing");
static TOKENS: Statement = statement!("tokens");
static PING: Statement = statement!("ping");

/// How often it is tried when another server does the same at the same time.
const ATTEMPTS: u32 = 10;

/// Makes what is missing, and plans the statements of the hot path.
pub(super) async fn set_up(store: &Inner) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        match make(store).await {
            Ok(()) => return customers::warm(store).await,
            Err(fault) if fault.again && attempt < ATTEMPTS && matches!(fault.error, StoreError::Busy(_)) => {
                tokio::time::sleep(std::time::Duration::from_millis(50 * u64::from(attempt))).await;
                attempt += 1;
            }
            Err(fault) => return Err(store.connections.cause(fault).await),
        }
    }
}

/// Whether the server answers now.
pub(super) async fn ping(store: &Inner) -> Result<(), StoreError> {
    let most = std::time::Duration::from_secs(5).min(store.connections.options.query_timeout);
    store.connections.ping(&PING, Params::new(), most).await.map(|_| ())
}

async fn make(store: &Inner) -> Result<(), Fault> {
    let connections = &store.connections;
    let lines: Vec<&str> = SCHEMA.lines().filter(|line| !line.starts_with("//")).collect();
    for statement in lines.join("\n").split(';').map(str::trim).filter(|text| !text.is_empty()) {
        connections.run_alone(statement).await?;
    }
    connections.run_alone(AWAIT_INDEXES.text()).await?;
    make_words(store).await?;
    let mut transaction = connections.begin().await?;
    let made = async {
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
        health::make(&mut transaction).await?;
        transaction.write(&DROP_STALE_WRITING, Params::new()).await?;
        transaction.write(&TOKENS, Params::new().with("names", names())).await
    }
    .await;
    match made {
        Ok(()) => transaction.commit(0).await,
        Err(fault) => {
            transaction.roll_back().await;
            Err(fault)
        }
    }
}

/// Makes the words of what an older version stored, before the data is called this version's.
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

/// Every property that a statement names, with something for a value.
fn names() -> neo4rs::BoltType {
    const NAMES: &str = "id key kind value first_seen_at last_seen_at rollup search arrival owner name \
        provenance at first_at count source purpose channel status expires_at os model number events \
        placed_at placed_arrival device order_source order_number direction session_id campaign \
        properties born version sku category customer rule message_id by reason identifiers others \
        outcomes set order_count channels currency total returned net gross orders quantity place \
        unit_price entries size shared_since health identifier_count rules restitched saved_at saved_by note text sides decisions store customers seq returned_quantity amount medium term content rules_version since until from to refused identifier carrier moved touchpoint from_at to_at first_message_id";
    let mut map = neo4rs::BoltMap::new();
    for name in NAMES.split_whitespace() {
        map.put(name.into(), "none".to_bolt());
    }
    neo4rs::BoltType::Map(map)
}
