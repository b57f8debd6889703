//! The customers behind a figure, one line for each.

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};

use super::step::StepText;
use super::table::Table;
use super::{Form, dimension};
use crate::domain::Duration;
use crate::domain::customer::CustomerView;
use crate::graphql::claim::unmasked_name;
use crate::graphql::id::NodeId;
use crate::journeys::Question;
use crate::journeys::customer_set::{CustomerSet, StepProgress};
use crate::journeys::funnel::{Breakdown, FunnelSteps, Group};
use crate::settings::Settings;
use crate::store::Store;
use crate::store::query::{CustomerKey, FirstPages, Shape};

/// Customers of one read.
const PAGE: usize = 500;

/// The figure.
#[derive(Subcommand, Clone, Debug)]
pub(super) enum Figure {
    /// The customers who reached a step of a funnel, or dropped out before it
    Funnel {
        /// The steps, in order
        #[arg(value_name = "STEP", required = true)]
        steps: Vec<StepText>,
        /// The longest time from the first step to any other step, such as P7D
        #[arg(long, value_name = "DURATION")]
        within: Option<Duration>,
        /// The number of the step, from 1 [default: the last]
        #[arg(long, value_name = "N")]
        step: Option<usize>,
        /// The customers who reached the previous step but not this one
        #[arg(long)]
        dropped: bool,
        /// The dimension of the groups
        #[arg(long, value_name = "DIMENSION", requires = "group")]
        breakdown: Option<String>,
        /// Only this group, by its value; … for the groups that are not shown
        #[arg(long, value_name = "VALUE", requires = "breakdown")]
        group: Option<String>,
        /// The number of groups shown
        #[arg(long, value_name = "N", default_value_t = 20)]
        top: usize,
    },
    /// The customers with a journey that matches a pattern of values
    Match {
        /// The pattern, such as 'Search -> [^"Product Viewed"]* -> $'
        #[arg(value_name = "PATTERN")]
        pattern: String,
    },
}

impl Figure {
    /// The question for the journeys module.
    pub(super) fn read(&self, settings: &Settings) -> Result<Question, String> {
        Ok(match self {
            Figure::Funnel { steps, within, step, dropped, breakdown, group, top } => {
                let steps = steps.iter().map(|step| step.read(settings)).collect::<Result<Vec<_>, _>>()?;
                let number = step.unwrap_or(steps.len());
                let by = breakdown.as_deref().map(|name| dimension(name, settings)).transpose()?;
                let group = by.zip(group.as_deref()).map(|(by, value)| Group {
                    by: Breakdown::Dimension(by),
                    value: value.into(),
                    top: *top,
                });
                let progress = if *dropped { StepProgress::Dropped } else { StepProgress::Reached };
                Question::FunnelCustomers { steps: FunnelSteps { steps, within: *within }, group, number, progress }
            }
            Figure::Match { pattern } => Question::MatchCustomers { pattern: pattern.as_str().into() },
        })
    }
}

/// Prints the customers page by page.
pub(super) async fn print(
    store: &dyn Store,
    settings: &Settings,
    people: &CustomerSet,
    form: Form,
) -> anyhow::Result<()> {
    let mut table = Table::of_people();
    if matches!(form, Form::Csv | Form::Ndjson) {
        super::super::print(&table.written(form))?;
    }
    for ids in people.all().chunks(PAGE) {
        let keys: Vec<CustomerKey> = ids.iter().cloned().map(CustomerKey::Id).collect();
        let pages = FirstPages { orders: 0, touchpoints: 0 };
        let views = store.customers(&keys, Shape::Card, pages).await.context("the customers cannot be read")?;
        for view in views {
            // An erased customer is left out.
            if let Some(view) = view.context("a customer cannot be read")? {
                table.push(row(settings, &view));
            }
        }
        if matches!(form, Form::Csv | Form::Ndjson) {
            super::super::print(&table.more(form))?;
        }
    }
    match form {
        Form::Csv | Form::Ndjson => Ok(()),
        Form::Table | Form::Json => {
            table.total("customers", json!(people.all().len()));
            super::super::print(&table.written(form))
        }
    }
}

/// The customer's id in the API, its display name, and its identifiers, the first seen first.
fn row(settings: &Settings, view: &CustomerView) -> Vec<Value> {
    let name = unmasked_name(&settings.traits, view);
    let identifiers = view.identifiers.iter().map(|identifier| identifier.key.to_string());
    let id = NodeId::of_customer(&view.customer.id);
    vec![json!(id), json!(name), json!(identifiers.collect::<Vec<_>>())]
}
