//! Connections to the server, and the execution of statements.
//!
//! Reads and writes have separate connections, so writers that wait for locks do not block reads. The driver ends a
//! broken transaction only when it uses its connection again. So after a fault that may leave a transaction open, all
//! connections of writers are replaced. This closes the old ones, and the server rolls back.

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

/// How many transactions of writers are open at the same time: one in its write phase, the others before it.
pub(super) const WRITERS: usize = 4;
/// The schemes of addresses.
const SCHEMES: [&str; 6] = ["bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"];
/// How often a read is tried after a fault that the server calls transient.
const READS: u32 = 4;
/// How many rows the server sends at once.
const FETCH: usize = 1_000;

/// All connections to one server.
pub(super) struct Connections {
    pub(super) options: Neo4jOptions,
    readers: Graph,
    writers: RwLock<Graph>,
    /// For commit markers, which are written while the transaction is open. They have their own pool, since writers may
    /// use all of the other pool.
    markers: Graph,
    no_delay: NoDelay,
    /// For pings, which never wait for reads.
    pings: Graph,
    pub(super) reading: AtomicI64,
    pub(super) writing: AtomicI64,
    /// The last change that this server wrote, and the cluster's bookmark of it.
    written: Mutex<(i64, Option<String>)>,
}

/// The result of the driver; an error is a [`Fault`].
type Outcome<T> = std::result::Result<T, Fault>;

impl Connections {
    /// Does not connect yet: connections are opened at their first use. Fails on an address that can never work.
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

    /// Every row of a statement in a read-only transaction.
    pub(super) async fn read(&self, statement: &Statement, params: Params) -> Result<Vec<Row>, StoreError> {
        let _turn = share::turn().await;
        self.read_on(&self.readers, statement, params, self.options.query_timeout).await
    }

    /// The same, with a separate connection and time limit, so it never waits for other reads.
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
        // The server has its own limit; this limit is for a server that does not answer at all.
        let query = statement.query(params).extra("tx_timeout", i64::try_from(most.as_millis()).unwrap_or(i64::MAX));
        let query = self.behind_own_writes(query);
        // A read in conflict with a writer is tried again. When the server cannot be reached, the caller gets the
        // error.
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

    /// Runs a statement that makes constraints or indexes, outside of a transaction, as the server requires.
    pub(super) async fn run_alone(&self, text: &str) -> Outcome<()> {
        let _count = Counted::new(&self.writing);
        let graph = self.writers();
        graph.run(neo4rs::query(text)).await.map(|_| ()).map_err(|e| Fault::of(e, &self.options))
    }

    /// Runs the statement of a commit marker, outside of the open transactions.
    pub(super) async fn run_marker(&self, statement: &Statement, params: Params) -> Outcome<()> {
        let _timed = statement.timed();
        let run = tokio::time::timeout(self.limit(), self.markers.run(statement.steady_query(params)));
        let done = run.instrument(statement.span()).await.map_err(|_| Fault::late(self.limit()))?;
        done.map(|_| ()).map_err(|e| Fault::of(e, &self.options))
    }

    /// Begins a write transaction. It must be committed or rolled back.
    pub(super) async fn begin(&self) -> Outcome<Transaction<'_>> {
        let count = Counted::new(&self.writing);
        let begun = tokio::time::timeout(self.limit(), self.writers().start_txn()).await;
        let txn = begun.map_err(|_| Fault::late(self.limit()))?.map_err(|e| Fault::of(e, &self.options))?;
        self.no_delay.set().await;
        Ok(Transaction { txn, connections: self, _count: count })
    }

    /// Drops every connection of writers, and so ends their open transactions.
    pub(super) fn renew_writers(&self) {
        if let Ok(new) = graph(&self.options, WRITERS) {
            *self.writers.write().unwrap_or_else(PoisonError::into_inner) = new;
        }
    }

    /// With a cluster's address the driver gives no cause. A direct connection to one member gives it.
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

    /// A cluster answers reads from copies that can be late. A copy that gets the bookmark of our last write waits for
    /// this write.
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

/// A write transaction.
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

    /// A statement without a result: one trip to the server instead of two.
    pub(super) async fn write(&mut self, statement: &Statement, params: Params) -> Outcome<()> {
        let _timed = statement.timed();
        let limit = self.connections.options.query_timeout;
        let run = self.txn.run(statement.steady_query(params));
        let done = tokio::time::timeout(limit, run).instrument(statement.span()).await;
        done.map_err(|_| Fault::late(limit))?.map(|_| ()).map_err(|e| Fault::of(e, &self.connections.options))
    }

    /// Commits it, as the change `seq`. After a fault here it is unknown whether the commit happened.
    pub(super) async fn commit(self, seq: i64) -> Outcome<()> {
        let limit = self.connections.options.query_timeout;
        let done = tokio::time::timeout(limit, self.txn.commit()).await.map_err(|_| Fault::late(limit))?;
        let bookmark = done.map_err(|e| Fault::of(e, &self.connections.options))?;
        self.connections.remember(seq, bookmark);
        Ok(())
    }

    /// Rolls it back. When the server does not confirm this, the connections are replaced.
    pub(super) async fn roll_back(self) {
        let connections = self.connections;
        match tokio::time::timeout(Duration::from_secs(5), self.txn.rollback()).await {
            Ok(Ok(())) => {}
            _ => connections.renew_writers(),
        }
    }
}

/// Counts a connection in use until it is dropped.
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
    // The driver accepts a word without a scheme as a host, and also other wrong addresses.
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
        // This also limits the time for one answer. The server's own limit must come first.
        .connection_timeout(options.query_timeout + Duration::from_millis(500))
        // The driver's "lifetime" is the time that a caller waits for a free connection.
        .max_lifetime(options.pool_wait)
        .build();
    let graph = config.and_then(Graph::connect);
    graph.map_err(|e| Fault::of(e, options).error)
}
