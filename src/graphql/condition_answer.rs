//! Why a customer fits a condition or does not.

use std::sync::Arc;

use async_graphql::{Context, Error, Object, SelectionField, SimpleObject};

use super::claim::{self, Trait};
use super::customer::Customer;
use super::load::{self, MessageId};
use super::page::read_first;
use super::scalar::DateTime;
use super::touchpoint::Touchpoint;
use crate::domain::customer::CustomerView;
use crate::segments::because;

/// A condition, and whether it holds for a customer.
#[derive(Clone)]
pub struct ConditionAnswer {
    answer: because::ConditionAnswer,
    view: Arc<CustomerView>,
}

/// A customer that fails exactly one condition of the outermost `all`.
#[derive(SimpleObject)]
pub struct NearMiss {
    /// The customer.
    customer: Customer,
    /// The condition that it fails.
    fails: ConditionAnswer,
}

/// A condition as a tree: each part with whether it holds for the customer, and what says so.
#[Object]
impl ConditionAnswer {
    /// The condition in English.
    async fn sentence(&self) -> &str {
        &self.answer.sentence
    }

    /// Whether it holds for the customer.
    async fn holds(&self) -> bool {
        self.answer.holds
    }

    /// The conditions inside: of `all`, `any` and `not`, and the condition of a segment. Empty otherwise.
    async fn parts(&self) -> Vec<ConditionAnswer> {
        let part =
            |answer: &because::ConditionAnswer| ConditionAnswer { answer: answer.clone(), view: self.view.clone() };
        self.answer.parts.iter().map(part).collect()
    }

    /// When `holds` changes if nothing is stored until then: a window ends, a day begins, a consent ends. Null for never,
    /// and when that is very far away.
    async fn changes_at(&self) -> Option<DateTime> {
        self.answer.changes_at.map(DateTime)
    }

    /// The touchpoints that a condition on touchpoints counts, the latest first. Empty for other conditions.
    async fn touchpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of touchpoints, 0 to 100.", default = 5)] first: i32,
    ) -> Result<Vec<Touchpoint>, Error> {
        let first = read_first(Some(first))?;
        let keys: Vec<MessageId> = self.answer.touchpoints.iter().take(first).cloned().map(MessageId).collect();
        let mut found = load::many_as_of(ctx, self.view.as_of, keys.clone()).await?;
        let found = keys.iter().filter_map(|key| found.remove(key));
        Ok(found.map(|row| Touchpoint::of_customer(row, &self.view)).collect())
    }

    /// The shown value of the trait that the condition is about. Null for another condition, and when the customer does not
    /// have the trait.
    #[graphql(name = "trait")]
    async fn of_trait(&self, ctx: &Context<'_>) -> Option<Trait> {
        let name = self.answer.of_trait.as_ref()?.to_string();
        claim::shown(ctx, &self.view, Some(&[name])).pop()
    }
}

/// Whether `changesAt` is selected at any depth below the field: it looks at a customer at many moments.
pub(super) fn wants_moments(ctx: &Context<'_>) -> bool {
    fn below(field: SelectionField<'_>) -> bool {
        field.selection_set().any(|inner| inner.name() == "changesAt" || below(inner))
    }
    below(ctx.field())
}

impl ConditionAnswer {
    /// The answer for the customer of this view.
    pub(super) fn new(answer: because::ConditionAnswer, view: Arc<CustomerView>) -> Self {
        ConditionAnswer { answer, view }
    }
}

impl NearMiss {
    pub(super) fn new(customer: Customer, fails: ConditionAnswer) -> Self {
        NearMiss { customer, fails }
    }
}
