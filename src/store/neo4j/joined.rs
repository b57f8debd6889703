//! Reads of customers that would only wait for each other go to the server as one statement.
//!
//! A statement costs the server nearly as much before its first row as a whole customer costs. So of the
//! same statement a few run at a time; who comes while they do waits for the next turn, and whoever
//! gets it takes along all who wait. With nobody waiting nothing is changed: a read goes at once.
//!
//! A turn lives in the task of the reader who has it. When that reader is dropped, those it took along
//! read by themselves, and the turn goes to the next. What failed together is tried alone: the fault
//! may be in what another asked for.

use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use neo4rs::BoltType;
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

/// How many keys one statement takes from all who read by it.
const KEYS: usize = 16;

/// Who reads and who waits, by what makes two reads the same statement.
pub(super) struct Lanes<K: Eq + Hash + Clone, A> {
    lanes: Arc<Mutex<FxHashMap<K, Lane<K, A>>>>,
    at_once: usize,
}

/// The readers of one statement.
struct Lane<K: Eq + Hash + Clone, A> {
    running: usize,
    waiting: VecDeque<Waiting<K, A>>,
}

struct Waiting<K: Eq + Hash + Clone, A> {
    keys: Vec<BoltType>,
    answer: oneshot::Sender<Word<K, A>>,
}

/// What somebody who waits is told.
enum Word<K: Eq + Hash + Clone, A> {
    /// Another read it along.
    Answer(A),
    /// It is its turn.
    Turn(Turn<K, A>),
}

/// The right to run a statement. When it is dropped it goes to the next who waits.
struct Turn<K: Eq + Hash + Clone, A> {
    lanes: Arc<Mutex<FxHashMap<K, Lane<K, A>>>>,
    lane: K,
}

impl<K: Eq + Hash + Clone, A> Lanes<K, A> {
    /// Lets `at_once` of the same statement run at a time.
    pub(super) fn new(at_once: usize) -> Self {
        Lanes { lanes: Arc::default(), at_once: at_once.max(1) }
    }

    /// The answer about `keys`. `run` is given all keys of a statement, and how many of them belong to
    /// each reader, in order; it returns an answer for each of those readers.
    pub(super) async fn read<E, F>(
        &self,
        lane: K,
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
        let turn = match self.enter(&lane, &keys) {
            Entered::Turn(turn) => turn,
            Entered::Waits(word) => match word.await {
                Ok(Word::Answer(answer)) => return Ok(answer),
                Ok(Word::Turn(turn)) => turn,
                // Whoever took it along failed or has gone.
                Err(_) => return alone(keys).await,
            },
        };
        let along = turn.take_along(KEYS - keys.len());
        let counts = std::iter::once(keys.len()).chain(along.iter().map(|w| w.keys.len())).collect();
        let all = keys.iter().chain(along.iter().flat_map(|waiting| &waiting.keys)).cloned().collect();
        let answers = run(all, counts).await;
        drop(turn);
        let mut answers = match answers {
            Ok(answers) => answers.into_iter(),
            Err(error) if along.is_empty() => return Err(error),
            Err(_) => {
                drop(along);
                return alone(keys).await;
            }
        };
        let own = answers.next().expect("an answer for each reader");
        for (waiting, answer) in along.into_iter().zip(answers) {
            // One that has gone wants none.
            let _ = waiting.answer.send(Word::Answer(answer));
        }
        Ok(own)
    }

    fn enter(&self, lane: &K, keys: &[BoltType]) -> Entered<K, A> {
        let mut lanes = lock(&self.lanes);
        let readers = lanes.entry(lane.clone()).or_insert_with(|| Lane { running: 0, waiting: VecDeque::new() });
        if readers.running < self.at_once {
            readers.running += 1;
            return Entered::Turn(Turn { lanes: self.lanes.clone(), lane: lane.clone() });
        }
        let (answer, word) = oneshot::channel();
        readers.waiting.push_back(Waiting { keys: keys.to_vec(), answer });
        Entered::Waits(word)
    }
}

enum Entered<K: Eq + Hash + Clone, A> {
    Turn(Turn<K, A>),
    Waits(oneshot::Receiver<Word<K, A>>),
}

impl<K: Eq + Hash + Clone, A> Turn<K, A> {
    /// Those who wait, the longest first, as long as they have no more keys than `room`.
    fn take_along(&self, mut room: usize) -> Vec<Waiting<K, A>> {
        let mut lanes = lock(&self.lanes);
        let mut along = Vec::new();
        let Some(lane) = lanes.get_mut(&self.lane) else { return along };
        lane.waiting.retain(|waiting| !waiting.answer.is_closed());
        while lane.waiting.front().is_some_and(|next| next.keys.len() <= room) {
            let next = lane.waiting.pop_front().expect("one was seen");
            room -= next.keys.len();
            along.push(next);
        }
        along
    }
}

impl<K: Eq + Hash + Clone, A> Drop for Turn<K, A> {
    fn drop(&mut self) {
        let next = {
            let mut lanes = lock(&self.lanes);
            let Some(lane) = lanes.get_mut(&self.lane) else { return };
            let next = std::iter::from_fn(|| lane.waiting.pop_front()).find(|waiting| !waiting.answer.is_closed());
            if next.is_none() {
                lane.running -= 1;
                if lane.running == 0 {
                    lanes.remove(&self.lane);
                }
            }
            next
        };
        if let Some(next) = next {
            // Not taken after all, it is dropped here and goes on to the one after.
            let _ = next.answer.send(Word::Turn(Turn { lanes: self.lanes.clone(), lane: self.lane.clone() }));
        }
    }
}

fn lock<T>(lanes: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lanes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use neo4rs::BoltInteger;
    use tokio::sync::Semaphore;

    use super::*;

    /// Answers each reader with its own keys; a run waits for the semaphore.
    struct Server {
        lanes: Lanes<&'static str, Vec<i64>>,
        statements: AtomicUsize,
        go: Semaphore,
    }

    impl Server {
        fn new(at_once: usize) -> Arc<Self> {
            Arc::new(Server { lanes: Lanes::new(at_once), statements: AtomicUsize::new(0), go: Semaphore::new(0) })
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
                // A guilty key fails all of its statement.
                if answers.iter().flatten().any(|key| *key == 13) { Err("thirteen".to_owned()) } else { Ok(answers) }
            };
            self.lanes.read("same", bolt, run).await
        }

        fn waiting(&self) -> usize {
            lock(&self.lanes.lanes).get("same").map_or(0, |lane| lane.waiting.len())
        }
    }

    async fn until(mut done: impl FnMut() -> bool) {
        while !done() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_waits_is_read_along_and_gets_its_own() {
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
        assert!(lock(&server.lanes.lanes).is_empty(), "a lane that nobody uses is forgotten");
    }

    #[tokio::test]
    async fn nobody_waits_while_there_is_a_turn() {
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
    async fn a_reader_that_goes_away_holds_nobody_up() {
        let server = Server::new(1);
        let first = tokio::spawn(server.clone().ask(vec![1]));
        until(|| server.statements.load(Ordering::SeqCst) == 1).await;
        let second = tokio::spawn(server.clone().ask(vec![2]));
        until(|| server.waiting() == 1).await;
        let third = tokio::spawn(server.clone().ask(vec![3]));
        until(|| server.waiting() == 2).await;
        // Gone with the turn, and gone while it waits for one.
        first.abort();
        second.abort();
        server.go.add_permits(100);
        assert_eq!(third.await.expect("no panic"), Ok(vec![3]));
        until(|| lock(&server.lanes.lanes).is_empty()).await;
    }
}
