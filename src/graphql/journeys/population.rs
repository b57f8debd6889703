//! The size of a scope.

use async_graphql::{Error, SimpleObject};

use super::{ScopedView, wrong_answer};
use crate::graphql::id::ChangeCursor;
use crate::graphql::scalar::Long;
use crate::journeys::{self, Answer, Question};

/// The size of a scope, and what it leaves out.
#[derive(SimpleObject, Clone)]
pub struct Population {
    /// The number of customers with a journey in the scope.
    customers: Long,
    /// The number of journeys with a touchpoint in the scope.
    journeys: Long,
    /// The number of touchpoints in the scope.
    touchpoints: Long,
    /// The number of touchpoints without a customer that match the scope's times, `include` and `exclude`. No other figure
    /// includes them.
    unowned: Long,
    /// The number of touchpoints that the scope's purpose or that of the request hides and that match the scope's times,
    /// `include` and `exclude`: those of customers without consent, and those on channels that a customer refused. No other
    /// figure includes them.
    hidden_by_consent: Long,
    /// The last change that the figures include, as a cursor.
    as_of_change: String,
}

pub(super) async fn fetch(scoped: &ScopedView) -> Result<Population, Error> {
    match &*scoped.answer(&Question::Population).await? {
        Answer::Population(population) => Ok(Population::of(scoped, population)),
        _ => Err(wrong_answer()),
    }
}

impl Population {
    pub(super) fn of(scoped: &ScopedView, counted: &journeys::Population) -> Self {
        Population {
            customers: Long(counted.customers as i64),
            journeys: Long(counted.journeys as i64),
            touchpoints: Long(counted.touchpoints as i64),
            unowned: Long(counted.unowned as i64),
            hidden_by_consent: Long(counted.hidden_by_consent as i64),
            as_of_change: ChangeCursor::behind(scoped.view.change()).encode(),
        }
    }
}
