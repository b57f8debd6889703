//! Which journeys fit a pattern of values.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object};

use super::people;
use super::{Asked, astray, write};
use crate::graphql::customer::Customer;
use crate::graphql::id::NodeId;
use crate::graphql::page::Connection;
use crate::graphql::scalar::Long;
use crate::journeys::{Answer, Question, pattern};

/// Which journeys fit a pattern of values, and whose they are.
#[derive(Clone)]
pub struct PatternMatch {
    asked: Arc<Asked>,
    pattern: Arc<str>,
    figures: pattern::PatternMatch,
}

/// Which journeys fit a pattern of values, and whose they are.
#[Object]
impl PatternMatch {
    /// Opaque; it carries the whole question, and `node` asks it again.
    pub(in crate::graphql) async fn id(&self) -> ID {
        NodeId::PatternMatch(write(&(&self.asked.written, &self.pattern))).encode()
    }

    /// Journeys that fit.
    async fn journeys(&self) -> Long {
        Long(self.figures.journeys as i64)
    }

    /// Of all journeys.
    async fn share(&self) -> f64 {
        self.figures.share
    }

    /// How often the pattern occurs: from the left, the shortest each, without overlap. That nothing at all
    /// fits it is no occurrence.
    async fn occurrences(&self) -> Long {
        Long(self.figures.occurrences as i64)
    }

    /// Values of the pattern that no touchpoint has, whatever the scope: misspelled, most likely.
    async fn unknown_values(&self) -> Vec<&str> {
        self.figures.unknown_values.iter().map(|value| &**value).collect()
    }

    /// The customers with a journey that fits, by id.
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Customer>, Error> {
        let question = Question::MatchCustomers { pattern: self.pattern.clone() };
        let named = write(&(&self.asked.written, &self.pattern));
        people::page(ctx, &self.asked, &question, &named, first, after).await
    }
}

pub(super) async fn fetch(asked: &Arc<Asked>, pattern: &str) -> Result<PatternMatch, Error> {
    let pattern: Arc<str> = pattern.into();
    match &*asked.answer(&Question::Match { pattern: pattern.clone() }).await? {
        Answer::Match(figures) => Ok(PatternMatch { asked: asked.clone(), pattern, figures: figures.clone() }),
        _ => Err(astray()),
    }
}
