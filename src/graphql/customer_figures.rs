//! Figures about one customer, compared with all customers.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions, Object, SimpleObject};

use super::Setup;
use super::channel_choice::HourScore;
use super::customers::read_currency;
use super::error::{Code, bad_argument, coded, store_error};
use super::history::MOST;
use super::load::{self, FactsOf, StatusNow};
use super::page::read_size;
use super::scalar::{DateTime, int};
use super::spend::Money;
use super::viewer::Viewer;
use crate::domain::customer::CustomerId;
use crate::domain::{Moment, Timestamp};
use crate::knowing::everybody::Everybody;
use crate::knowing::orders::{self, Period};
use crate::knowing::{Frame, repeat};
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
    let kept = setup.everybody.of(purpose(ctx));
    let sums = Box::pin(kept.sums(store, &setup.traits, status, now, as_of)).await;
    let everybody = sums.map_err(|error| match error {
        NoSums::NotReady => coded(Code::NotReady, error.to_string()),
        NoSums::Store(error) => store_error(error),
    })?;
    Ok(Some(Known { facts, everybody, now: as_of.map_or(now, |moment| moment.at) }))
}

/// The purpose that hides some customers: these are in no sum.
pub(super) fn purpose(ctx: &Context<'_>) -> Option<Arc<str>> {
    ctx.data_unchecked::<Viewer>().shown().map(|shown| shown.purpose().clone())
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

/// The most days for which orders are expected: ten years.
const MOST_DAYS: i32 = 3_650;

/// Figures about the orders of a customer.
pub struct CustomerFigures {
    figures: orders::CustomerFigures,
    everybody: Arc<Everybody>,
    as_of: Option<Moment>,
}

/// Fifths by rank among the customers with an order in the currency. 5 is the best fifth.
#[derive(SimpleObject)]
pub struct Rfm {
    /// By the time of the last order.
    recency: i32,
    /// By the number of orders.
    frequency: i32,
    /// By net.
    monetary: i32,
}

/// The number of orders that is expected of a customer.
#[derive(SimpleObject)]
pub struct Expectation {
    /// The mean.
    value: f64,
    /// The 10th percentile: a whole number.
    low: f64,
    /// The 90th percentile: a whole number.
    high: f64,
    /// The chance that the customer still buys at all.
    probability_alive: f64,
}

/// Why something came back, and how often.
#[derive(SimpleObject)]
pub struct ReasonCount {
    /// The reason as it was given. Null when none was given.
    reason: Option<String>,
    /// The number of returned lines. Money that belongs to no line is not counted here.
    lines: i32,
    /// The sum of the returned amounts.
    money: Money,
}

/// Whether the customer orders one product in several sizes.
#[derive(SimpleObject)]
pub struct SizeHabit {
    /// The number of orders in which a line says its size.
    orders: i32,
    /// The number of those in which two lines are the same product and colour in different sizes.
    bracketed: i32,
    /// The number of bracketed orders of which something came back.
    returned_of_those: i32,
    /// The size that was kept most often. Null when none was kept twice.
    kept_most: Option<String>,
    /// The same in English.
    reason: String,
}

/// How much the customer cares for a category.
#[derive(SimpleObject)]
pub struct CategoryAffinity {
    /// The category.
    category: String,
    /// The category's share of the customer's interest, divided by its share of everybody's: 2 is twice as much.
    lift: f64,
    /// The number of pieces that were bought and kept.
    bought: i32,
    /// The number of views.
    viewed: i32,
}

/// Figures about the orders of a customer, without cancelled ones, in one currency.
#[Object]
impl CustomerFigures {
    /// The currency: that of the argument, else the most frequent one. Null when the customer has no order.
    async fn currency(&self) -> Option<&str> {
        self.figures.currency.as_ref().map(|currency| &*currency.0)
    }

    /// The days since the last order, or from it to `until`. Null without an order.
    async fn recency_days(&self) -> Option<f64> {
        self.figures.recency_days
    }

    /// The number of orders.
    async fn frequency(&self) -> i32 {
        count(self.figures.frequency)
    }

    /// The net of the orders. Null when there is no currency.
    async fn monetary(&self) -> Option<Money> {
        self.figures.currency.as_ref().map(|currency| Money::of(self.figures.monetary, currency))
    }

    /// The net divided by the number of orders, rounded half to even. Null without an order.
    async fn average_order(&self) -> Option<Money> {
        let (average, currency) = self.figures.average.zip(self.figures.currency.as_ref())?;
        Some(Money::of(average, currency))
    }

    /// The median of the days between two orders. Null with fewer than three orders.
    async fn usual_gap_days(&self) -> Option<f64> {
        self.figures.usual_gap_days
    }

    /// Fifths among the customers with an order in the currency. Null without an order, and with `since` or `until`.
    async fn rfm(&self) -> Option<Rfm> {
        let rfm = self.figures.rfm?;
        let (recency, frequency, monetary) = (count(rfm.recency), count(rfm.frequency), count(rfm.monetary));
        Some(Rfm { recency, frequency, monetary })
    }

    /// The number of days with an order that is expected in the next days, in all currencies, by the model MBG/NBD that is
    /// fitted on all customers. `since` has no effect. Null without an order, on a store with fewer than 200 customers
    /// with an order, and after an error.
    async fn expected_orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of days, 1 to 3650, from now or from `until`.", default = 90)] days: i32,
    ) -> Option<Result<Expectation, Error>> {
        if !(1..=MOST_DAYS).contains(&days) {
            return Some(Err(bad_argument("days", "not from 1 to 3650", "give a number of days, such as 90")));
        }
        let buyer = self.figures.buyer?;
        let setup = ctx.data_unchecked::<Setup>();
        let kept = setup.everybody.of(purpose(ctx));
        let model = Box::pin(kept.model(&self.everybody, self.as_of)).await?;
        let repeat::Expectation { value, low, high, alive } = model.expect(buyer, days.unsigned_abs());
        Some(Ok(Expectation { value, low: low.into(), high: high.into(), probability_alive: alive }))
    }

    /// The returned amount divided by the gross. 0 when the gross is 0.
    async fn return_rate(&self) -> f64 {
        self.figures.return_rate
    }

    /// Why something came back, the reason of most lines first.
    async fn return_reasons(&self) -> Vec<ReasonCount> {
        let Some(currency) = &self.figures.currency else { return Vec::new() };
        let one = |of: &orders::ReasonCount| ReasonCount {
            reason: of.reason.as_deref().map(str::to_owned),
            lines: count(of.lines),
            money: Money::of(of.amount, currency),
        };
        self.figures.return_reasons.iter().map(one).collect()
    }

    /// Whether the customer orders one product in several sizes. Null when no line says its size.
    async fn size_habit(&self) -> Option<SizeHabit> {
        let habit = self.figures.size_habit.as_ref()?;
        Some(SizeHabit {
            orders: count(habit.orders),
            bracketed: count(habit.bracketed),
            returned_of_those: count(habit.returned),
            kept_most: habit.kept_most.clone(),
            reason: habit.reason(),
        })
    }

    /// The categories that the customer bought, put in the cart or viewed, in orders of all currencies, by lift; equal ones
    /// by name.
    async fn categories(
        &self,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 10)] first: i32,
    ) -> Result<Vec<CategoryAffinity>, Error> {
        let first = read_size("first", first)?;
        let one = |of: &orders::CategoryAffinity| CategoryAffinity {
            category: of.category.to_string(),
            lift: of.lift,
            bought: int(of.bought),
            viewed: count(of.viewed),
        };
        Ok(self.figures.categories.iter().take(first).map(one).collect())
    }

    /// The share of order lines with a `discount` above 0, or a `compare_at_price` above the price. Null without a line.
    async fn bargain_share(&self) -> Option<f64> {
        self.figures.bargain_share
    }

    /// The three best hours of the customer's local day for a visit, on any channel, by days.
    async fn hours(&self) -> Vec<HourScore> {
        HourScore::list(&self.figures.hours)
    }
}

fn count(of: u32) -> i32 {
    int(of.into())
}

impl CustomerFigures {
    /// The figures of a customer. `None` for an id that stands for another customer by now.
    pub(super) async fn fetch(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        id: &CustomerId,
        currency: Option<&str>,
        since: Option<DateTime>,
        until: Option<DateTime>,
    ) -> Result<Option<Self>, Error> {
        let currency = currency.map(|text| read_currency("currency", text)).transpose()?;
        if since.zip(until).is_some_and(|(DateTime(since), DateTime(until))| until < since) {
            return Err(bad_argument("until", "earlier than `since`", "give a time that is not before `since`"));
        }
        let Some(known) = known(ctx, as_of, id).await? else { return Ok(None) };
        let period = Period { currency, since: since.map(|DateTime(at)| at), until: until.map(|DateTime(at)| at) };
        let figures = orders::figures(&known.facts, &known.everybody, &known.frame(ctx), &period);
        Ok(Some(CustomerFigures { figures, everybody: known.everybody, as_of }))
    }
}
