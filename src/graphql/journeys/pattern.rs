//! The journeys that match a pattern of values.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object};

use super::people;
use super::{ScopedView, write, wrong_answer};
use crate::graphql::customers::CustomerConnection;
use crate::graphql::id::NodeId;
use crate::graphql::scalar::Long;
use crate::journeys::{Answer, Question, pattern};

/// The journeys that match a pattern of values, and their customers.
#[derive(Clone)]
pub struct PatternMatch {
    scoped: Arc<ScopedView>,
    pattern: Arc<str>,
    figures: pattern::PatternMatch,
}

/// The journeys that match a pattern of values, and their customers.
#[Object]
impl PatternMatch {
    /// Opaque. It includes the whole query; `node` evaluates it again.
    pub(in crate::graphql) async fn id(&self) -> ID {
        NodeId::PatternMatch(write(&(&self.scoped.encoded, &self.pattern))).encode()
    }

    /// The number of journeys that match.
    async fn journeys(&self) -> Long {
        Long(self.figures.journeys as i64)
    }

    /// The share of all journeys.
    async fn share(&self) -> f64 {
        self.figures.share
    }

    /// The number of occurrences of the pattern, counted from the left, the shortest match each time, without overlap. An
    /// empty match does not count.
    async fn occurrences(&self) -> Long {
        Long(self.figures.occurrences as i64)
    }

    /// Values of the pattern that no touchpoint of the store has. They are probably misspelled.
    async fn unknown_values(&self) -> Vec<&str> {
        self.figures.unknown_values.iter().map(|value| &**value).collect()
    }

    /// The customers with a journey that matches, ordered by id.
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<CustomerConnection, Error> {
        let question = Question::MatchCustomers { pattern: self.pattern.clone() };
        let named = write(&(&self.scoped.encoded, &self.pattern));
        people::page(ctx, &self.scoped, &question, &named, first, after).await
    }
}

pub(super) async fn fetch(scoped: &Arc<ScopedView>, pattern: &str) -> Result<PatternMatch, Error> {
    let pattern: Arc<str> = pattern.into();
    match &*scoped.answer(&Question::Match { pattern: pattern.clone() }).await? {
        Answer::Match(figures) => Ok(PatternMatch { scoped: scoped.clone(), pattern, figures: figures.clone() }),
        _ => Err(wrong_answer()),
    }
}
