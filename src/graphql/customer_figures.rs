//! Figures about one customer, compared with all customers.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions};

use super::Setup;
use super::error::{Code, coded, store_error};
use super::history::MOST;
use super::load::{self, FactsOf, StatusNow};
use super::viewer::Viewer;
use crate::domain::customer::CustomerId;
use crate::domain::{Moment, Timestamp};
use crate::knowing::Frame;
use crate::knowing::everybody::Everybody;
use crate::members::everybody::NoSums;
use crate::segments::CustomerFacts;

/// What figures about a customer are worked out from.
pub(super) struct Known {
    pub(super) facts: Arc<CustomerFacts>,
    pub(super) everybody: Arc<Everybody>,
    now: Timestamp,
}

impl Known {
    /// What is the same for all figures of this customer: of now or of the moment, as the caller may see it.
    pub(super) fn frame<'a>(&self, ctx: &'a Context<'_>) -> Frame<'a> {
        let (setup, viewer) = (ctx.data_unchecked::<Setup>(), ctx.data_unchecked::<Viewer>());
        Frame { now: self.now, traits: &setup.traits, masks: &viewer.masks }
    }
}

/// Reads a customer and the sums over all customers. `None` for an id that stands for another customer by now.
pub(super) async fn known(ctx: &Context<'_>, as_of: Option<Moment>, id: &CustomerId) -> Result<Option<Known>, Error> {
    let setup = ctx.data_unchecked::<Setup>();
    // The status first: what is read after it has all of its change.
    let status = load::one(ctx, StatusNow).await?.unwrap_or_default();
    let Some(facts) = load::one_as_of(ctx, as_of, FactsOf(id.clone())).await? else { return Ok(None) };
    let store = &load::of(ctx).loader().0;
    let now = setup.now();
    let sums = Box::pin(setup.everybody.sums(store, &setup.traits, status, now, as_of)).await;
    let everybody = sums.map_err(|error| match error {
        NoSums::NotReady => coded(Code::NotReady, error.to_string()),
        NoSums::Store(error) => store_error(error),
    })?;
    Ok(Some(Known { facts, everybody, now: as_of.map_or(now, |moment| moment.at) }))
}

/// The error of a customer with too many touchpoints to be read at once.
pub(super) fn check_size(touchpoints: i64) -> Result<(), Error> {
    if usize::try_from(touchpoints).is_ok_and(|count| count > MOST) {
        let message = format!("the customer has more than {MOST} touchpoints, too many to work out its figures");
        return Err(coded(Code::TooExpensive, message).extend_with(|_, extensions| {
            extensions.set("cost", touchpoints);
            extensions.set("limit", MOST as i64);
            extensions.set("hint", "ask for `activity` and `spend`, which are kept");
        }));
    }
    Ok(())
}
