//! How much a scope holds.

use async_graphql::{Error, SimpleObject};

use super::{Asked, astray};
use crate::graphql::id::ChangeCursor;
use crate::graphql::scalar::Long;
use crate::journeys::{self, Answer, Question};

/// How much a scope holds, and what stays outside of it.
#[derive(SimpleObject, Clone)]
pub struct Population {
    /// Customers with a journey in it.
    customers: Long,
    /// Journeys with a touchpoint in it.
    journeys: Long,
    /// Their touchpoints.
    touchpoints: Long,
    /// Touchpoints that fit in time, include and exclude and belong to nobody: in no other figure.
    unowned: Long,
    /// Touchpoints that fit in time, include and exclude, of customers whom the purpose hides: in no other
    /// figure.
    hidden_by_consent: Long,
    /// The last change that is in the figures, as a cursor.
    as_of_change: String,
}

pub(super) async fn fetch(asked: &Asked) -> Result<Population, Error> {
    match &*asked.answer(&Question::Population).await? {
        Answer::Population(population) => Ok(Population::of(asked, population)),
        _ => Err(astray()),
    }
}

impl Population {
    pub(super) fn of(asked: &Asked, counted: &journeys::Population) -> Self {
        Population {
            customers: Long(counted.customers as i64),
            journeys: Long(counted.journeys as i64),
            touchpoints: Long(counted.touchpoints as i64),
            unowned: Long(counted.unowned as i64),
            hidden_by_consent: Long(counted.hidden_by_consent as i64),
            as_of_change: ChangeCursor::behind(asked.view.change()).encode(),
        }
    }
}
