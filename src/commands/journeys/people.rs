//! Who is behind a figure: a line for each customer.

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};

use super::sheet::Sheet;
use super::step::WrittenStep;
use super::{Form, dimension};
use crate::domain::Duration;
use crate::domain::customer::CustomerView;
use crate::graphql::Viewer;
use crate::graphql::claim::name_of;
use crate::graphql::id::NodeId;
use crate::journeys::Question;
use crate::journeys::customer_set::{CustomerSet, StepProgress};
use crate::journeys::funnel::{Breakdown, FunnelSteps, Group};
use crate::settings::Settings;
use crate::store::Store;
use crate::store::query::{CustomerKey, FirstPages, Shape};

/// So many are read at a time.
const PAGE: usize = 500;

/// Behind which figure.
#[derive(Subcommand, Clone, Debug)]
pub(super) enum Who {
    /// Those who got to a step, or dropped out before it
    Funnel {
        /// The steps, in order
        #[arg(value_name = "STEP", required = true)]
        steps: Vec<WrittenStep>,
        /// At most so long from the first step to any other, such as P7D
        #[arg(long, value_name = "DURATION")]
        within: Option<Duration>,
        /// Which step, from 1; the last without it
        #[arg(long, value_name = "N")]
        step: Option<usize>,
        /// Those who reached the step before and not this one
        #[arg(long)]
        dropped: bool,
        /// What groups are made by
        #[arg(long, value_name = "DIMENSION", requires = "group")]
        breakdown: Option<String>,
        /// Only of this group, by its value; … for those that are not shown
        #[arg(long, value_name = "VALUE", requires = "breakdown")]
        group: Option<String>,
        /// How many groups are shown
        #[arg(long, value_name = "N", default_value_t = 20)]
        top: usize,
    },
    /// Those with a journey that fits a pattern of values
    Match {
        /// The pattern, such as 'Search -> [^"Product Viewed"]* -> $'
        #[arg(value_name = "PATTERN")]
        pattern: String,
    },
}

impl Who {
    /// As journeys know it.
    pub(super) fn read(&self, settings: &Settings) -> Result<Question, String> {
        Ok(match self {
            Who::Funnel { steps, within, step, dropped, breakdown, group, top } => {
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
            Who::Match { pattern } => Question::MatchCustomers { pattern: pattern.as_str().into() },
        })
    }
}

/// Prints them as they are read: there may be many.
pub(super) async fn print(
    store: &dyn Store,
    settings: &Settings,
    people: &CustomerSet,
    form: Form,
) -> anyhow::Result<()> {
    let mut sheet = Sheet::of_people();
    if matches!(form, Form::Csv | Form::Ndjson) {
        super::super::print(&sheet.written(form))?;
    }
    for ids in people.all().chunks(PAGE) {
        let keys: Vec<CustomerKey> = ids.iter().cloned().map(CustomerKey::Id).collect();
        let pages = FirstPages { orders: 0, touchpoints: 0 };
        let views = store.customers(&keys, Shape::Card, pages).await.context("the customers cannot be read")?;
        for view in views {
            // One that was erased a moment ago is not there.
            if let Some(view) = view.context("a customer cannot be read")? {
                sheet.push(row(settings, &view));
            }
        }
        if matches!(form, Form::Csv | Form::Ndjson) {
            super::super::print(&sheet.more(form))?;
        }
    }
    match form {
        Form::Csv | Form::Ndjson => Ok(()),
        Form::Table | Form::Json => {
            sheet.total("customers", json!(people.all().len()));
            super::super::print(&sheet.written(form))
        }
    }
}

/// The id by which the API knows the customer, how to call it, and its identifiers, first seen first.
fn row(settings: &Settings, view: &CustomerView) -> Vec<Value> {
    let name = name_of(&settings.traits, &Viewer::all(), view);
    let identifiers = view.identifiers.iter().map(|identifier| identifier.key.to_string());
    let id = NodeId::Customer(view.customer.id.clone()).encode().0;
    vec![json!(id), json!(name), json!(identifiers.collect::<Vec<_>>())]
}
