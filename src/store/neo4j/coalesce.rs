//! Read coalescing: waiting reads of customers go to the server as one statement.
//!
//! A statement costs the server nearly as much before its first row as a whole customer costs. So a few of the same
//! statement run at a time. A reader that comes while they run waits for the next permit; the reader that gets it reads
//! for all that wait. When no reader waits nothing is changed: a read goes at once.
//!
//! A permit lives in the task of its reader. When that reader is dropped, the readers that waited for it read by
//! themselves, and the permit goes to the next one. After an error each reader tries again alone: the keys of another
//! reader may have caused the error.

use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use neo4rs::BoltType;
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

/// How many keys one statement takes from all that read by it.
const KEYS: usize = 16;

/// The readers that run and that wait, by what makes two reads the same statement.
pub(super) struct Coalescer<K: Eq + Hash + Clone, A> {
    queues: Queues<K, A>,
    at_once: usize,
}

type Queues<K, A> = Arc<Mutex<FxHashMap<K, Queue<K, A>>>>;

/// The readers of one statement.
struct Queue<K: Eq + Hash + Clone, A> {
    running: usize,
    waiting: VecDeque<Waiting<K, A>>,
}

struct Waiting<K: Eq + Hash + Clone, A> {
    keys: Vec<BoltType>,
    reply: oneshot::Sender<Reply<K, A>>,
}

/// What a reader that waits gets.
enum Reply<K: Eq + Hash + Clone, A> {
    /// The answer: another reader read for it.
    Answer(A),
    /// The permit to read itself.
    Permit(Permit<K, A>),
}

/// The permit to run a statement. When it is dropped it goes to the next reader that waits.
struct Permit<K: Eq + Hash + Clone, A> {
    queues: Queues<K, A>,
    statement: K,
}

impl<K: Eq + Hash + Clone, A> Coalescer<K, A> {
    /// Lets `at_once` of the same statement run at a time.
    pub(super) fn new(at_once: usize) -> Self {
        Coalescer { queues: Arc::default(), at_once: at_once.max(1) }
    }

    /// The answer about `keys`. `run` is given all keys of a statement, and how many of them belong to
    /// each reader, in order; it returns an answer for each of those readers.
    pub(super) async fn read<E, F>(
        &self,
        statement: K,
        keys: Vec<BoltType>,
        run: impl Fn(Vec<BoltType>, Vec<usize>) -> F,
    ) -> Result<A, E>
    where
        F: Future<Output = Result<Vec<A>, E>>,
    {
        let alone = async |keys: Vec<BoltType>| {
            let count = vec![keys.len()];
            run(keys, count).await.map(|mut answers| answers.swap_remove(0))
        };
        if keys.len() > KEYS / 2 {
            return alone(keys).await;
        }
        let permit = match self.enter(&statement, &keys) {
            Entered::Permit(permit) => permit,
            Entered::Waits(reply) => match reply.await {
                Ok(Reply::Answer(answer)) => return Ok(answer),
                Ok(Reply::Permit(permit)) => permit,
                // The reader that read for it failed or has gone.
                Err(_) => return alone(keys).await,
            },
        };
        let others = permit.take_waiting(KEYS - keys.len());
        let counts = std::iter::once(keys.len()).chain(others.iter().map(|w| w.keys.len())).collect();
        let all = keys.iter().chain(others.iter().flat_map(|waiting| &waiting.keys)).cloned().collect();
        let answers = run(all, counts).await;
        drop(permit);
        let mut answers = match answers {
            Ok(answers) => answers.into_iter(),
            Err(error) if others.is_empty() => return Err(error),
            Err(_) => {
                drop(others);
                return alone(keys).await;
            }
        };
        let own = answers.next().expect("an answer for each reader");
        for (waiting, answer) in others.into_iter().zip(answers) {
            // A reader that has gone wants none.
            let _ = waiting.reply.send(Reply::Answer(answer));
        }
        Ok(own)
    }

    fn enter(&self, statement: &K, keys: &[BoltType]) -> Entered<K, A> {
        let mut queues = lock(&self.queues);
        let queue = queues.entry(statement.clone()).or_insert_with(|| Queue { running: 0, waiting: VecDeque::new() });
        if queue.running < self.at_once {
            queue.running += 1;
            return Entered::Permit(Permit { queues: self.queues.clone(), statement: statement.clone() });
        }
        let (reply, waits) = oneshot::channel();
        queue.waiting.push_back(Waiting { keys: keys.to_vec(), reply });
        Entered::Waits(waits)
    }
}

enum Entered<K: Eq + Hash + Clone, A> {
    Permit(Permit<K, A>),
    Waits(oneshot::Receiver<Reply<K, A>>),
}

impl<K: Eq + Hash + Clone, A> Permit<K, A> {
    /// The readers that wait, the longest first, as long as they have no more keys than `room`.
    fn take_waiting(&self, mut room: usize) -> Vec<Waiting<K, A>> {
        let mut queues = lock(&self.queues);
        let mut taken = Vec::new();
        let Some(queue) = queues.get_mut(&self.statement) else { return taken };
        queue.waiting.retain(|waiting| !waiting.reply.is_closed());
        while queue.waiting.front().is_some_and(|next| next.keys.len() <= room) {
            let next = queue.waiting.pop_front().expect("one was seen");
            room -= next.keys.len();
            taken.push(next);
        }
        taken
    }
}

impl<K: Eq + Hash + Clone, A> Drop for Permit<K, A> {
    fn drop(&mut self) {
        let next = {
            let mut queues = lock(&self.queues);
            let Some(queue) = queues.get_mut(&self.statement) else { return };
            let next = std::iter::from_fn(|| queue.waiting.pop_front()).find(|waiting| !waiting.reply.is_closed());
            if next.is_none() {
                queue.running -= 1;
                if queue.running == 0 {
                    queues.remove(&self.statement);
                }
            }
            next
        };
        if let Some(next) = next {
            // Not taken after all, it is dropped here and goes on to the one after.
            let permit = Permit { queues: self.queues.clone(), statement: self.statement.clone() };
            let _ = next.reply.send(Reply::Permit(permit));
        }
    }
}

fn lock<T>(queues: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use neo4rs::BoltInteger;
    use tokio::sync::Semaphore;

    use super::*;

    /// Answers each reader with its own keys; a run waits for the semaphore.
    struct Server {
        reads: Coalescer<&'static str, Vec<i64>>,
        statements: AtomicUsize,
        go: Semaphore,
    }

    impl Server {
        fn new(at_once: usize) -> Arc<Self> {
            Arc::new(Server { reads: Coalescer::new(at_once), statements: AtomicUsize::new(0), go: Semaphore::new(0) })
        }

        async fn ask(self: Arc<Self>, keys: Vec<i64>) -> Result<Vec<i64>, String> {
            let bolt = keys.iter().map(|key| BoltType::Integer(BoltInteger::new(*key))).collect();
            let server = &*self;
            let run = |keys: Vec<BoltType>, counts: Vec<usize>| async move {
                server.statements.fetch_add(1, Ordering::SeqCst);
                server.go.acquire().await.expect("never closed").forget();
                let mut keys = keys.into_iter().map(|key| match key {
                    BoltType::Integer(n) => n.value,
                    _ => -1,
                });
                let answers: Vec<Vec<i64>> = counts.iter().map(|n| keys.by_ref().take(*n).collect()).collect();
                // A bad key fails the whole statement.
                if answers.iter().flatten().any(|key| *key == 13) { Err("thirteen".to_owned()) } else { Ok(answers) }
            };
            self.reads.read("same", bolt, run).await
        }

        fn waiting(&self) -> usize {
            lock(&self.reads.queues).get("same").map_or(0, |queue| queue.waiting.len())
        }
    }

    async fn until(mut done: impl FnMut() -> bool) {
        while !done() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn readers_that_wait_are_read_together_and_get_their_own() {
        let server = Server::new(1);
        let asked: Vec<_> = (0..10).map(|n| tokio::spawn(server.clone().ask(vec![n, n + 100]))).collect();
        until(|| server.waiting() == 9).await;
        server.go.add_permits(100);
        for (n, asked) in asked.into_iter().enumerate() {
            let n = n as i64;
            assert_eq!(asked.await.expect("no panic"), Ok(vec![n, n + 100]));
        }
        // The first alone, then eight readers with two keys each, then the last.
        assert_eq!(server.statements.load(Ordering::SeqCst), 3);
        assert!(lock(&server.reads.queues).is_empty(), "a queue without readers is forgotten");
    }

    #[tokio::test]
    async fn no_reader_waits_while_there_is_a_permit() {
        let server = Server::new(4);
        let asked: Vec<_> = (0..4).map(|n| tokio::spawn(server.clone().ask(vec![n]))).collect();
        until(|| server.statements.load(Ordering::SeqCst) == 4).await;
        server.go.add_permits(4);
        for (n, asked) in asked.into_iter().enumerate() {
            assert_eq!(asked.await.expect("no panic"), Ok(vec![n as i64]));
        }
    }

    #[tokio::test]
    async fn what_failed_together_is_tried_alone() {
        let server = Server::new(1);
        let asked: Vec<_> = [1, 2, 13, 4].map(|n| tokio::spawn(server.clone().ask(vec![n]))).into();
        until(|| server.waiting() == 3).await;
        server.go.add_permits(100);
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.expect("no panic"));
        }
        assert_eq!(answers, [Ok(vec![1]), Ok(vec![2]), Err("thirteen".to_owned()), Ok(vec![4])]);
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_holds_up_no_other() {
        let server = Server::new(1);
        let first = tokio::spawn(server.clone().ask(vec![1]));
        until(|| server.statements.load(Ordering::SeqCst) == 1).await;
        let second = tokio::spawn(server.clone().ask(vec![2]));
        until(|| server.waiting() == 1).await;
        let third = tokio::spawn(server.clone().ask(vec![3]));
        until(|| server.waiting() == 2).await;
        // Gone with the permit, and gone while it waits for one.
        first.abort();
        second.abort();
        server.go.add_permits(100);
        assert_eq!(third.await.expect("no panic"), Ok(vec![3]));
        until(|| lock(&server.reads.queues).is_empty()).await;
    }
}
