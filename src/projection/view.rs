//! What a question is asked of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::aside::aside;
use super::{Shared, Trouble};
use crate::journeys::{Answer, Cancel, Fault, Projection, Question, Run, Scope};

/// How long a question may take, its wait for a turn included.
const TIME_LIMIT: Duration = Duration::from_secs(9);

/// One state of the projection: all questions that are asked of it agree. Clones share it.
#[derive(Clone)]
pub struct View {
    shared: Arc<Shared>,
    projection: Projection,
    change: i64,
}

impl View {
    pub(super) fn new(shared: Arc<Shared>, projection: Projection, change: i64) -> Self {
        View { shared, projection, change }
    }

    /// The change it is of.
    pub fn change(&self) -> i64 {
        self.change
    }

    /// Answers a question, checked first; one that was answered lately is answered again at once.
    ///
    /// # Errors
    /// What the question finds wrong; that it took too long.
    pub async fn answer(&self, scope: &Scope, question: &Question) -> Result<Arc<Answer>, Trouble> {
        question.check()?;
        scope.check()?;
        let name = format!("{question:?} {scope:?}");
        let (scope, question) = (scope.clone(), question.clone());
        self.ask(&name, move |projection, run| question.answer(projection, &scope, run)).await
    }

    /// Works a question out, on threads that may be busy. `name` says all of the question: an answer that
    /// was given lately to a question of that name is given again. Dropping the future cancels the work.
    ///
    /// # Errors
    /// What the question finds wrong; that it took too long.
    pub async fn ask<A, Q>(&self, name: &str, question: Q) -> Result<Arc<A>, Trouble>
    where
        A: Send + Sync + 'static,
        Q: FnOnce(&Projection, &Run) -> Result<A, Fault> + Send + 'static,
    {
        self.ask_within(TIME_LIMIT, name, question).await
    }

    /// The same with a time limit of its own.
    ///
    /// # Errors
    /// As for [`ask`](View::ask).
    pub async fn ask_within<A, Q>(&self, limit: Duration, name: &str, question: Q) -> Result<Arc<A>, Trouble>
    where
        A: Send + Sync + 'static,
        Q: FnOnce(&Projection, &Run) -> Result<A, Fault> + Send + 'static,
    {
        if let Some(answer) = self.shared.cache.find(name, self.change) {
            metrics::counter!("throughline_journeys_questions_total", "outcome" => "cached").increment(1);
            return Ok(answer);
        }
        let deadline = Instant::now() + limit;
        let turn = tokio::time::timeout_at(deadline.into(), self.shared.turns.clone().acquire_owned());
        let Ok(Ok(turn)) = turn.await else { return Err(outcome(Fault::Timeout).into()) };
        // Whoever waited beside for the same has it now.
        if let Some(answer) = self.shared.cache.find(name, self.change) {
            return Ok(answer);
        }
        let cancel = Arc::new(Cancel::at(deadline));
        let _dropped = CancelOnDrop(cancel.clone());
        let run = Run { threads: self.shared.options.threads, cancel };
        let projection = self.projection.clone();
        let began = Instant::now();
        let work = aside(move || {
            // Kept until the work has ended, however soon nobody waits for it.
            let _turn = turn;
            question(&projection, &run)
        });
        let answer = Arc::new(work.await.ok_or(Trouble::Internal)?.map_err(outcome)?);
        metrics::histogram!("throughline_journeys_question_seconds").record(began.elapsed());
        metrics::counter!("throughline_journeys_questions_total", "outcome" => "answered").increment(1);
        self.shared.cache.keep(name, self.change, &answer);
        Ok(answer)
    }
}

fn outcome(fault: Fault) -> Fault {
    let outcome = match &fault {
        Fault::BadArgument { .. } => "refused",
        Fault::Cancelled => "cancelled",
        Fault::Timeout => "timeout",
    };
    metrics::counter!("throughline_journeys_questions_total", "outcome" => outcome).increment(1);
    fault
}

struct CancelOnDrop(Arc<Cancel>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
