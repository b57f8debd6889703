//! Threads that own connections: one writes, several read. None of these is an async thread.
//!
//! SQLite has one writer at a time, so writes queue here, where a wait is free, and not at the file's lock, where a
//! wait can time out. A thread opens its connection at its first job, and again after a fault. So a file that was moved
//! away is found again when it is back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{oneshot, watch};

use super::files::{Files, Opened};
use super::look::{self, FileTrouble};
use crate::store::{Result, StoreError, share};

type Job = Box<dyn FnOnce(&mut Seat) + Send>;

/// The threads.
pub(super) struct Pool {
    writer: Queue,
    readers: Queue,
    /// For checks whether the file is there: these do not wait for other reads.
    pings: Queue,
    reader_count: usize,
    commits: watch::Sender<u64>,
    /// Whether the last write failed because of the disk.
    writes_fail: AtomicBool,
    files: Arc<Files>,
}

/// The options of connections.
#[derive(Clone)]
pub(super) struct Opening {
    pub(super) files: Arc<Files>,
    /// FULL also survives a power cut; NORMAL survives a kill of the process.
    pub(super) synchronous_full: bool,
    /// The time to wait for a lock.
    pub(super) lock_wait: Duration,
}

/// Jobs that wait for a thread.
struct Queue {
    sender: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    waiting: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
}

/// A thread's connection, while it has one.
struct Seat {
    opening: Opening,
    writes: bool,
    /// The guard of the open connection. It is dropped after the connection.
    connection: Option<(Connection, Opened)>,
}

impl Pool {
    /// Starts the threads. Connections are opened at their first use.
    pub(super) fn start(opening: Opening, readers: usize) -> Result<Self> {
        Ok(Pool {
            writer: Queue::start("sqlite-write", 1, Seat::new(&opening, true))?,
            readers: Queue::start("sqlite-read", readers.max(1), Seat::new(&opening, false))?,
            pings: Queue::start("sqlite-ping", 1, Seat::new(&opening, false))?,
            reader_count: readers.max(1),
            commits: watch::Sender::new(0),
            writes_fail: AtomicBool::new(false),
            files: opening.files.clone(),
        })
    }

    /// Runs `job` on the writing connection, in the order of calls.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // Counted in the thread that commits, since the caller may have gone.
        let commits = self.commits.clone();
        let counted = move |connection: &mut Connection| {
            let done = job(connection);
            if done.is_ok() {
                commits.send_modify(|count| *count += 1);
            }
            done
        };
        self.write_quietly(counted).await
    }

    /// Runs such a job without counting a commit, for writes that readers of the change log need not see.
    pub(super) async fn write_quietly<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = self.writer.call(job).await;
        match &done {
            Ok(_) => self.writes_fail.store(false, Relaxed),
            Err(error) if error.stops_writes() => self.writes_fail.store(true, Relaxed),
            Err(_) => {}
        }
        done
    }

    /// Whether a write may fail: the last write failed because of the disk, or there is little space.
    pub(super) fn writes_may_fail(&self) -> bool {
        self.writes_fail.load(Relaxed) || self.files.are_in_danger()
    }

    /// Why a test write makes no sense: a write failed, and there is no more space than then. A small write might still
    /// fit.
    pub(super) fn is_still_full(&self) -> Result<()> {
        match self.writes_fail.load(Relaxed) && self.files.are_nearly_full() {
            true => Err(super::files::full()),
            false => Ok(()),
        }
    }

    /// The files.
    pub(super) fn files(&self) -> &Arc<Files> {
        &self.files
    }

    /// Does the waiting jobs, and ends the threads. The last connection of all processes leaves one file without a log.
    pub(super) fn close(&self) {
        self.readers.close();
        self.pings.close();
        self.writer.close();
    }

    /// Counts the jobs that wrote.
    pub(super) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Runs `job` on a reading connection, in one read transaction: it sees one moment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _turn = share::turn().await;
        self.readers.call(in_transaction(job)).await
    }

    /// Runs a short `job` on a connection of its own, so it never waits for other reads.
    pub(super) async fn ping<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.pings.call(in_transaction(job)).await
    }

    /// How many threads read.
    pub(super) fn reader_count(&self) -> usize {
        self.reader_count
    }

    /// Figures for `/metrics`.
    pub(super) fn gauges(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("readers", self.reader_count as f64),
            ("readers_busy", self.readers.running.load(Relaxed) as f64),
            ("reads_waiting", self.readers.waiting.load(Relaxed) as f64),
            ("writers_busy", self.writer.running.load(Relaxed) as f64),
            ("writes_waiting", self.writer.waiting.load(Relaxed) as f64),
        ]
    }
}

/// A job in one read transaction.
fn in_transaction<T>(job: impl FnOnce(&Connection) -> Result<T>) -> impl FnOnce(&mut Connection) -> Result<T> {
    move |connection| {
        let transaction = connection.transaction()?;
        let answer = job(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Queue {
    fn start(name: &str, threads: usize, seat: Seat) -> Result<Self> {
        let (sender, receiver) = channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut begun = Vec::with_capacity(threads);
        for _ in 0..threads {
            let (receiver, seat) = (receiver.clone(), seat.another());
            let thread = thread::Builder::new().name(name.into()).spawn(move || work(&receiver, seat));
            begun.push(thread.map_err(|e| StoreError::Away(format!("no thread for the database: {e}")))?);
        }
        let (sender, threads) = (Mutex::new(Some(sender)), Mutex::new(begun));
        Ok(Queue { sender, threads, waiting: Arc::default(), running: Arc::default() })
    }

    /// Accepts no more jobs, and waits for the present jobs.
    fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // Each thread catches the panics of its jobs.
            let _ = thread.join();
        }
    }

    async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let (waiting, running, since) = (self.waiting.clone(), self.running.clone(), Instant::now());
        self.waiting.fetch_add(1, Relaxed);
        let job: Job = Box::new(move |seat| {
            waiting.fetch_sub(1, Relaxed);
            // The caller has gone (its request timed out in the queue), so the job is not done.
            if answer.is_closed() {
                return;
            }
            running.fetch_add(1, Relaxed);
            let outcome = catch_unwind(AssertUnwindSafe(|| seat.run(since, job)));
            running.fetch_sub(1, Relaxed);
            let outcome = outcome.unwrap_or_else(|_| {
                seat.connection = None;
                Err(StoreError::Data("the operation failed inside, nothing of it was stored".into()))
            });
            if let Err(StoreError::Away(_) | StoreError::ReadOnly(_) | StoreError::Data(_) | StoreError::Setup(_)) =
                &outcome
            {
                seat.connection = None;
            }
            let files = &seat.opening.files;
            let _ = answer.send(outcome.map_err(|fault| at_path(files.explain(fault), files.path())));
        });
        let gone = || StoreError::Away("the database's threads have ended".into());
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sender.ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Takes jobs until the pool is dropped.
fn work(receiver: &Mutex<Receiver<Job>>, mut seat: Seat) {
    loop {
        let job = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(&mut seat),
            Err(_) => return seat.finish(),
        }
    }
}

/// The minimum time that a write waits for another process, also after a long wait in the queue.
const LEAST_WAIT: Duration = Duration::from_millis(100);

impl Seat {
    fn new(opening: &Opening, writes: bool) -> Self {
        Seat { opening: opening.clone(), writes, connection: None }
    }

    fn another(&self) -> Self {
        Seat::new(&self.opening, self.writes)
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open(&self.opening, self.writes)?,
        };
        Ok(&mut self.connection.insert(connection).0)
    }

    /// Does a job. For a job that writes, the open files must be the files at the path, before and after the job:
    /// writes to other files would be lost. The job has waited in the queue since `since`; this time counts as waiting
    /// for the lock.
    fn run<T>(&mut self, since: Instant, job: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        if !self.writes {
            return job(self.connection()?);
        }
        let (files, lock_wait) = (self.opening.files.clone(), self.opening.lock_wait);
        let connection = self.connection()?;
        if let Err(lost) = files.check() {
            gather(connection);
            return Err(lost);
        }
        connection.busy_timeout(lock_wait.saturating_sub(since.elapsed()).max(LEAST_WAIT))?;
        let done = job(connection)?;
        match files.check() {
            Ok(()) => Ok(done),
            Err(lost) => {
                gather(connection);
                Err(lost)
            }
        }
    }

    /// Closes the connection. The writer moves the log into the one file, unless another process uses the file.
    fn finish(mut self) {
        let Some((connection, _opened)) = self.connection.take().filter(|_| self.writes) else { return };
        if self.opening.files.check().is_err() {
            return gather(&connection);
        }
        // This fails while others have the file open. When several processes end at once, the last one does it.
        for _ in 0..4 {
            let ended: rusqlite::Result<String> =
                connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0));
            if ended.is_ok_and(|mode| mode == "delete") {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        tracing::debug!("another process goes on with the database");
    }
}

/// Moves the open log into the open file, wherever these are now. When their names are gone, no other process can do
/// this.
fn gather(connection: &Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::error!(%error, "the latest data could not be moved into the database file");
    }
}

/// Opens the file and sets the connection up.
fn open(opening: &Opening, writes: bool) -> Result<(Connection, Opened)> {
    let files = &opening.files;
    files.before_open(writes)?;
    if writes && !files.are_known() {
        for trouble in look::look(files.path()) {
            match trouble {
                // Otherwise SQLite would write another file's pages into this file.
                FileTrouble::WalStale => return Err(StoreError::Setup(trouble.words(files.path()))),
                FileTrouble::CutShort => return Err(StoreError::Data(trouble.words(files.path()))),
                FileTrouble::WalCutOff => tracing::info!("{}", trouble.words(files.path())),
                _ => tracing::warn!("{}", trouble.words(files.path())),
            }
        }
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if writes && !files.are_known() {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(files.path(), flags)?;
    let opened = files.opened();
    connection.busy_timeout(opening.lock_wait)?;
    connection.set_prepared_statement_cache_capacity(256);
    configure(&connection, opening, writes)?;
    Ok((connection, opened))
}

fn configure(connection: &Connection, opening: &Opening, writes: bool) -> Result<()> {
    // Plans are chosen once. Without this, SQLite prepares a statement again when a parameter that could change its
    // plan is bound, so at every execution.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The log is deleted only after the header was changed (`Seat::finish`). So a missing log can be detected.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if writes {
        connection.pragma_update(None, "page_size", 8192)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", if opening.synchronous_full { "FULL" } else { "NORMAL" })?;
        // In pages. With a checkpoint every 64 MB, a page that many batches have changed is written once.
        connection.pragma_update(None, "wal_autocheckpoint", 8192)?;
        connection.pragma_update(None, "journal_size_limit", 128 << 20)?;
        // What is deleted is overwritten with zeros, so an erased person leaves nothing in unused parts of the file.
        connection.pragma_update(None, "secure_delete", true)?;
    } else {
        connection.pragma_update(None, "query_only", true)?;
    }
    // A negative number is in KiB. Pages are mapped, not copied.
    connection.pragma_update(None, "cache_size", if writes { -131_072 } else { -16_384 })?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Adds the file's name to an error that a person must act on.
fn at_path(error: StoreError, path: &Path) -> StoreError {
    match error {
        StoreError::Setup(text) => StoreError::Setup(format!("{}: {text}", path.display())),
        StoreError::Data(text) => StoreError::Data(format!("{}: {text}", path.display())),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::share::{Share, within};

    fn pool(folder: &tempfile::TempDir, readers: usize) -> Arc<Pool> {
        let opening = Opening {
            files: Arc::new(Files::at(&folder.path().join("x.db"))),
            synchronous_full: false,
            lock_wait: Duration::from_secs(1),
        };
        Arc::new(Pool::start(opening, readers).expect("threads"))
    }

    /// Reads until it is told to end.
    fn hold(pool: &Arc<Pool>, share: Option<Share>) -> (Sender<()>, tokio::task::JoinHandle<Result<()>>) {
        let (end, ended) = channel();
        let pool = pool.clone();
        let read = async move {
            pool.read(move |_| {
                let _ = ended.recv();
                Ok(())
            })
            .await
        };
        (end, tokio::spawn(within(share, read)))
    }

    async fn busy(pool: &Pool, readers: usize) {
        while pool.readers.running.load(Relaxed) < readers {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_ping_waits_behind_no_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let pool = pool(&folder, 2);
        pool.write(|_| Ok(())).await.expect("a file");
        let held: Vec<_> = (0..5).map(|_| hold(&pool, None)).collect();
        busy(&pool, 2).await;
        let one = pool.ping(|db| Ok(db.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?)).await;
        assert_eq!(one.expect("an answer"), 1);
        // Any of them may read first, so all may end before the test waits for one.
        let (ends, tasks): (Vec<_>, Vec<_>) = held.into_iter().unzip();
        drop(ends);
        for task in tasks {
            task.await.expect("no panic").expect("an answer");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_request_cannot_hold_all_readers() {
        let folder = tempfile::tempdir().expect("a folder");
        let pool = pool(&folder, 2);
        pool.write(|_| Ok(())).await.expect("a file");
        let share = Share::of(1);
        let held: Vec<_> = (0..5).map(|_| hold(&pool, Some(share.clone()))).collect();
        busy(&pool, 1).await;
        // The read of another request is answered while five reads of the greedy request wait.
        let other = within(Some(Share::of(1)), pool.read(|_| Ok(7)));
        assert_eq!(other.await.expect("an answer"), 7);
        assert_eq!(pool.readers.running.load(Relaxed), 1);
        // Any of them may read first, so all may end before the test waits for one.
        let (ends, tasks): (Vec<_>, Vec<_>) = held.into_iter().unzip();
        drop(ends);
        for task in tasks {
            task.await.expect("no panic").expect("an answer");
        }
    }
}
