//! Connections to the server, and statements on them.
//!
//! Reads and writes have connections of their own, so that writers who wait for each other's locks
//! keep nobody from reading. The driver forgets a broken transaction only when it uses that
//! connection again; so after a fault that may have left one open, the writers' connections are
//! all replaced, which closes them, and the server rolls back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use neo4rs::{ConfigBuilder, Graph, Row, Txn};
use tracing::Instrument;

use super::Neo4jOptions;
use super::bolt::Params;
use super::fault::{self, Fault};
use super::no_delay::NoDelay;
use super::statement::Statement;
use crate::store::{StoreError, share};

/// How many transactions write at the same time: one in its write phase, the others on their way to it.
pub(super) const WRITERS: usize = 4;
/// What an address begins with.
const SCHEMES: [&str; 6] = ["bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"];
/// How often a read is tried that the server says may pass when it is tried again.
const READS: u32 = 4;
/// How many rows the server sends in one go.
const FETCH: usize = 1_000;

/// All connections to one server.
pub(super) struct Connections {
    pub(super) options: Neo4jOptions,
    readers: Graph,
    writers: RwLock<Graph>,
    /// For commit markers, which are written while the transaction is open; a pool of its own, since writers may
    /// hold all of theirs.
    markers: Graph,
    no_delay: NoDelay,
    /// For pings, which wait behind no read.
    pings: Graph,
    pub(super) reading: AtomicI64,
    pub(super) writing: AtomicI64,
    /// The last change written here and the cluster's name for it.
    written: Mutex<(i64, Option<String>)>,
}

/// What the driver answers; an error is a [`Fault`].
type Outcome<T> = std::result::Result<T, Fault>;

impl Connections {
    /// Connects to nobody yet: connections are made when they are used. Fails on an address that
    /// can never work.
    pub(super) fn new(options: Neo4jOptions) -> Result<Self, StoreError> {
        let readers = graph(&options, options.pool_size)?;
        let writers = RwLock::new(graph(&options, WRITERS)?);
        let (markers, pings) = (graph(&options, 2)?, graph(&options, 1)?);
        Ok(Connections {
            options,
            readers,
            writers,
            markers,
            no_delay: NoDelay::new(),
            pings,
            reading: AtomicI64::new(0),
            writing: AtomicI64::new(0),
            written: Mutex::default(),
        })
    }

    /// Every row of a statement that the server itself keeps from writing.
    pub(super) async fn read(&self, statement: &Statement, params: Params) -> Result<Vec<Row>, StoreError> {
        let _turn = share::turn().await;
        self.read_on(&self.readers, statement, params, self.options.query_timeout).await
    }

    /// The same on a connection of its own and with a time of its own, however many read.
    pub(super) async fn ping(
        &self,
        statement: &Statement,
        params: Params,
        most: Duration,
    ) -> Result<Vec<Row>, StoreError> {
        self.read_on(&self.pings, statement, params, most).await
    }

    async fn read_on(
        &self,
        graph: &Graph,
        statement: &Statement,
        params: Params,
        most: Duration,
    ) -> Result<Vec<Row>, StoreError> {
        let _timed = statement.timed();
        let _count = Counted::new(&self.reading);
        // The server ends it by itself; the time here is for a server that says nothing at all.
        let query = statement.query(params).extra("tx_timeout", i64::try_from(most.as_millis()).unwrap_or(i64::MAX));
        let query = self.behind_own_writes(query);
        // A read that meets a writer may be told to come again; one that found nobody there is the caller's to know.
        let all = async {
            let mut attempt = 1;
            loop {
                match self.rows(graph, query.clone()).await {
                    Err(fault) if fault.again && !fault.broken && attempt < READS => {
                        tokio::time::sleep(fault::pause(attempt)).await;
                        attempt += 1;
                    }
                    done => return done,
                }
            }
        };
        let all = tokio::time::timeout(self.options.pool_wait + most + Duration::from_secs(1), all);
        let all = all.instrument(statement.span()).await;
        self.no_delay.set().await;
        match all {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(fault)) => Err(self.cause(fault).await),
            Err(_) => Err(StoreError::Timeout(most.as_secs())),
        }
    }

    async fn rows(&self, graph: &Graph, query: neo4rs::Query) -> Outcome<Vec<Row>> {
        let all = async {
            let mut stream = graph.execute_read(query).await?;
            let mut rows = Vec::new();
            while let Some(row) = stream.next().await? {
                rows.push(row);
            }
            Ok(rows)
        };
        all.await.map_err(|e: neo4rs::Error| Fault::of(e, &self.options))
    }

    /// Runs a statement by itself that makes constraints or indexes, which no transaction may hold.
    pub(super) async fn run_alone(&self, text: &str) -> Outcome<()> {
        let _count = Counted::new(&self.writing);
        let graph = self.writers();
        graph.run(neo4rs::query(text)).await.map(|_| ()).map_err(|e| Fault::of(e, &self.options))
    }

    /// Runs the statement of a commit marker, beside the transactions that are open.
    pub(super) async fn run_marker(&self, statement: &Statement, params: Params) -> Outcome<()> {
        let _timed = statement.timed();
        let run = tokio::time::timeout(self.limit(), self.markers.run(statement.steady_query(params)));
        let done = run.instrument(statement.span()).await.map_err(|_| Fault::late(self.limit()))?;
        done.map(|_| ()).map_err(|e| Fault::of(e, &self.options))
    }

    /// Begins a transaction that writes. It must be committed or rolled back.
    pub(super) async fn begin(&self) -> Outcome<Transaction<'_>> {
        let count = Counted::new(&self.writing);
        let begun = tokio::time::timeout(self.limit(), self.writers().start_txn()).await;
        let txn = begun.map_err(|_| Fault::late(self.limit()))?.map_err(|e| Fault::of(e, &self.options))?;
        self.no_delay.set().await;
        Ok(Transaction { txn, connections: self, _count: count })
    }

    /// Drops every connection that writes, and with them what they may hold open.
    pub(super) fn renew_writers(&self) {
        if let Ok(new) = graph(&self.options, WRITERS) {
            *self.writers.write().unwrap_or_else(PoisonError::into_inner) = new;
        }
    }

    /// With a cluster's address the driver tells no cause; one member, asked directly, does.
    pub(super) async fn cause(&self, fault: Fault) -> StoreError {
        let (StoreError::Away(_), Some(direct)) = (&fault.error, self.options.direct()) else { return fault.error };
        let Ok(graph) = graph(&direct, 1) else { return fault.error };
        let asked = tokio::time::timeout(Duration::from_secs(5), graph.run(neo4rs::query("RETURN 1"))).await;
        match asked {
            Ok(Err(e)) => match Fault::of(e, &self.options).error {
                setup @ StoreError::Setup(_) => setup,
                _ => fault.error,
            },
            _ => fault.error,
        }
    }

    /// A cluster answers reads from copies that lag; one that is told of our last write waits for it.
    fn behind_own_writes(&self, query: neo4rs::Query) -> neo4rs::Query {
        if !self.options.is_routed() {
            return query;
        }
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        match written {
            Some(bookmark) => query.extra("bookmarks", vec![bookmark]),
            None => query,
        }
    }

    /// Remembers the change `seq`, so that later reads see it.
    fn remember(&self, seq: i64, bookmark: Option<String>) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if seq > written.0 && bookmark.is_some() {
            *written = (seq, bookmark);
        }
    }

    fn writers(&self) -> Graph {
        self.writers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn limit(&self) -> Duration {
        self.options.pool_wait + self.options.query_timeout
    }
}

/// A transaction that writes.
pub(super) struct Transaction<'a> {
    txn: Txn,
    connections: &'a Connections,
    _count: Counted<'a>,
}

impl Transaction<'_> {
    /// Every row of a statement.
    pub(super) async fn read(&mut self, statement: &Statement, params: Params) -> Outcome<Vec<Row>> {
        let _timed = statement.timed();
        let limit = self.connections.options.query_timeout;
        let all = async {
            let mut stream = self.txn.execute(statement.steady_query(params)).await?;
            let mut rows = Vec::new();
            while let Some(row) = stream.next(self.txn.handle()).await? {
                rows.push(row);
            }
            Ok(rows)
        };
        let rows = tokio::time::timeout(limit, all).instrument(statement.span()).await;
        rows.map_err(|_| Fault::late(limit))?.map_err(|e| Fault::of(e, &self.connections.options))
    }

    /// A statement whose rows nobody wants: one trip to the server instead of two.
    pub(super) async fn write(&mut self, statement: &Statement, params: Params) -> Outcome<()> {
        let _timed = statement.timed();
        let limit = self.connections.options.query_timeout;
        let run = self.txn.run(statement.steady_query(params));
        let done = tokio::time::timeout(limit, run).instrument(statement.span()).await;
        done.map_err(|_| Fault::late(limit))?.map(|_| ()).map_err(|e| Fault::of(e, &self.connections.options))
    }

    /// Makes it last, as the change `seq`. A fault here leaves open whether it did.
    pub(super) async fn commit(self, seq: i64) -> Outcome<()> {
        let limit = self.connections.options.query_timeout;
        let done = tokio::time::timeout(limit, self.txn.commit()).await.map_err(|_| Fault::late(limit))?;
        let bookmark = done.map_err(|e| Fault::of(e, &self.connections.options))?;
        self.connections.remember(seq, bookmark);
        Ok(())
    }

    /// Takes it back. When the server does not say that it did, the connections are replaced.
    pub(super) async fn roll_back(self) {
        let connections = self.connections;
        match tokio::time::timeout(Duration::from_secs(5), self.txn.rollback()).await {
            Ok(Ok(())) => {}
            _ => connections.renew_writers(),
        }
    }
}

/// One more in use, for as long as it lives.
struct Counted<'a>(&'a AtomicI64);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicI64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn graph(options: &Neo4jOptions, size: usize) -> Result<Graph, StoreError> {
    // The driver takes a word without a scheme for a host, and so much else for an address.
    let host = options.url.split_once("://").filter(|(scheme, _)| SCHEMES.contains(scheme)).map(|(_, host)| host);
    if host.is_none_or(|host| host.is_empty() || host.starts_with([':', '/', '?'])) {
        return Err(fault::bad_address(options));
    }
    let config = ConfigBuilder::default()
        .uri(options.url.as_ref())
        .user(options.user.as_ref())
        .password(options.password.as_ref())
        .max_connections(size.max(1))
        .fetch_size(FETCH)
        // Also how long one answer may take; the server's own limit is to come first.
        .connection_timeout(options.query_timeout + Duration::from_millis(500))
        // What the driver names a lifetime is how long a caller waits for a free connection.
        .max_lifetime(options.pool_wait)
        .build();
    let graph = config.and_then(Graph::connect);
    graph.map_err(|e| Fault::of(e, options).error)
}
