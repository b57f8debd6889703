//! A view of the projection, which answers questions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::low_priority::run_low_priority;
use super::{ProjectionError, Shared, Snapshot};
use crate::journeys::{Answer, Cancel, JourneyError, Projection, Question, Run, Scope};

/// How long a question may take, with its wait for a permit.
const TIME_LIMIT: Duration = Duration::from_secs(9);

/// One state of the projection: the answers to all questions about it are consistent. Clones share it.
#[derive(Clone)]
pub struct View {
    shared: Arc<Shared>,
    snapshot: Snapshot,
}

impl View {
    pub(super) fn new(shared: Arc<Shared>, snapshot: Snapshot) -> Self {
        View { shared, snapshot }
    }

    /// The change that it is as of.
    pub fn change(&self) -> i64 {
        self.snapshot.change
    }

    /// Checks a question and answers it, from the cache if it can.
    ///
    /// # Errors
    /// The question is not valid, or took too long.
    pub async fn answer(&self, scope: &Scope, question: &Question) -> Result<Arc<Answer>, ProjectionError> {
        question.check()?;
        scope.check()?;
        let name = format!("{question:?} {scope:?}");
        let (scope, question) = (scope.clone(), question.clone());
        self.ask(&name, move |projection, run| question.answer(projection, &scope, run)).await
    }

    /// Computes an answer on threads of low priority. `name` identifies the question: it is the key of the cache. Dropping
    /// the future cancels the work.
    ///
    /// # Errors
    /// The question is not valid, or took too long.
    pub async fn ask<A, Q>(&self, name: &str, question: Q) -> Result<Arc<A>, ProjectionError>
    where
        A: Send + Sync + 'static,
        Q: FnOnce(&Projection, &Run) -> Result<A, JourneyError> + Send + 'static,
    {
        self.ask_within(TIME_LIMIT, name, question).await
    }

    /// The same with another time limit.
    ///
    /// # Errors
    /// As [`ask`](View::ask).
    pub async fn ask_within<A, Q>(&self, limit: Duration, name: &str, question: Q) -> Result<Arc<A>, ProjectionError>
    where
        A: Send + Sync + 'static,
        Q: FnOnce(&Projection, &Run) -> Result<A, JourneyError> + Send + 'static,
    {
        if let Some(answer) = self.shared.cache.get(name, self.snapshot.change) {
            metrics::counter!("throughline_journeys_questions_total", "outcome" => "cached").increment(1);
            return Ok(answer);
        }
        let deadline = Instant::now() + limit;
        let permit = tokio::time::timeout_at(deadline.into(), self.shared.permits.clone().acquire_owned());
        let Ok(Ok(permit)) = permit.await else { return Err(record_outcome(JourneyError::Timeout).into()) };
        // Another request may have computed it while this one waited.
        if let Some(answer) = self.shared.cache.get(name, self.snapshot.change) {
            return Ok(answer);
        }
        let cancel = Arc::new(Cancel::at(deadline));
        let _dropped = CancelOnDrop(cancel.clone());
        let run = Run { threads: self.shared.options.threads, cancel };
        let projection = self.snapshot.projection.clone();
        let began = Instant::now();
        let work = run_low_priority(move || {
            // Held until the work has ended, also when the future is dropped before.
            let _permit = permit;
            question(&projection, &run)
        });
        let answer = Arc::new(work.await.ok_or(ProjectionError::Internal)?.map_err(record_outcome)?);
        metrics::histogram!("throughline_journeys_question_seconds").record(began.elapsed());
        metrics::counter!("throughline_journeys_questions_total", "outcome" => "answered").increment(1);
        self.shared.cache.insert(name, self.snapshot.change, &answer);
        Ok(answer)
    }
}

fn record_outcome(error: JourneyError) -> JourneyError {
    let outcome = match &error {
        JourneyError::BadArgument { .. } => "refused",
        JourneyError::Cancelled => "cancelled",
        JourneyError::Timeout => "timeout",
    };
    metrics::counter!("throughline_journeys_questions_total", "outcome" => outcome).increment(1);
    error
}

struct CancelOnDrop(Arc<Cancel>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
