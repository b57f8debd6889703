//! The habits of buying of a customer.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::everybody::{Everybody, Spent};
use super::hours::{self, HourScore};
use super::lines::{LineProperties, of_orders};
use super::repeat::Buyer;
use super::{DAY, Frame, day, weight};
use crate::domain::order::{Order, OrderStatus};
use crate::domain::product::ProductAct;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Amount, Currency, Timestamp};
use crate::segments::CustomerFacts;
use crate::segments::property_path::properties;

/// What a piece in a cart weighs beside a bought one.
const IN_CART: f64 = 0.3;
/// What a view weighs beside a bought piece.
const VIEWED: f64 = 0.1;

/// Which orders count.
#[derive(Clone, Debug, Default)]
pub struct Period {
    /// The currency; `None` for the most frequent one.
    pub currency: Option<Currency>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// Figures about the orders of a customer, and about what it looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerFigures {
    /// The currency of the amounts. `None` when the customer has no order.
    pub currency: Option<Currency>,
    /// Days since the last order.
    pub recency_days: Option<f64>,
    /// Orders.
    pub frequency: u32,
    /// Their net.
    pub monetary: Amount,
    /// Their net, divided by their number.
    pub average: Option<Amount>,
    /// The median of the days between two orders, from three orders on.
    pub usual_gap_days: Option<f64>,
    /// Fifths among all customers with an order in this currency. `None` without an order, and of a period.
    pub rfm: Option<Rfm>,
    /// The returned share of the gross.
    pub return_rate: f64,
    /// Why something came back, the most frequent first.
    pub return_reasons: Vec<ReasonCount>,
    /// `None` when no line says its size.
    pub size_habit: Option<SizeHabit>,
    /// By lift.
    pub categories: Vec<CategoryAffinity>,
    /// The share of lines that were reduced. `None` without lines.
    pub bargain_share: Option<f64>,
    /// The best hours of visits.
    pub hours: Vec<HourScore>,
    /// The purchases, in all currencies. `None` without one.
    pub buyer: Option<Buyer>,
}

/// Fifths by rank, 5 the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rfm {
    /// By the last order.
    pub recency: u32,
    /// By the number of orders.
    pub frequency: u32,
    /// By net.
    pub monetary: u32,
}

/// Why something came back, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonCount {
    /// As it was given.
    pub reason: Option<Arc<str>>,
    /// Lines that came back.
    pub lines: u32,
    /// Their amounts.
    pub amount: Amount,
}

/// Orders of one product in several sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeHabit {
    /// Orders in which a line says its size.
    pub orders: u32,
    /// Those with one product in several sizes.
    pub bracketed: u32,
    /// Of those, the ones of which something came back.
    pub returned: u32,
    /// The size that was kept most often, and twice at least.
    pub kept_most: Option<String>,
    /// How often it was kept.
    pub kept: i64,
}

/// How much more a customer cares for a category than everybody does.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoryAffinity {
    /// The category.
    pub category: Arc<str>,
    /// The share of the customer's interest, divided by everybody's share.
    pub lift: f64,
    /// Pieces bought and kept.
    pub bought: i64,
    /// Views.
    pub viewed: u32,
}

/// The interest in one category.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interest {
    pub(super) weighted: f64,
    bought: i64,
    viewed: u32,
}

/// Orders that count: placed by now, and not cancelled.
pub(super) fn that_count(facts: &CustomerFacts, now: Timestamp) -> impl Iterator<Item = (&Order, Timestamp)> {
    let placed = facts.orders.iter().filter_map(|order| Some((order, order.placed?.at)));
    placed.filter(move |(order, at)| order.status != OrderStatus::Cancelled && *at <= now)
}

/// What a customer spent in each currency.
pub(super) fn spent(facts: &CustomerFacts, now: Timestamp) -> BTreeMap<Currency, Spent> {
    let mut all: BTreeMap<Currency, Spent> = BTreeMap::new();
    for (order, at) in that_count(facts, now) {
        let spent = all.entry(order.currency.clone()).or_insert(Spent { last: at, orders: 0, net: Amount::ZERO });
        spent.last = spent.last.max(at);
        spent.orders += 1;
        spent.net += order.net();
    }
    all
}

/// The purchases of a customer: the days with an order, in any currency.
pub(super) fn buyer(facts: &CustomerFacts, end: Timestamp) -> Option<Buyer> {
    Buyer::of(&that_count(facts, end).map(|(_, at)| day(at)).collect(), day(end))
}

/// Works out the figures of a customer.
pub fn figures(facts: &CustomerFacts, everybody: &Everybody, frame: &Frame<'_>, period: &Period) -> CustomerFigures {
    let end = period.until.map_or(frame.now, |until| frame.now.min(Timestamp(until.0 - 1)));
    let is_in = |at: Timestamp| at <= end && period.since.is_none_or(|since| since <= at);
    let all: Vec<(&Order, Timestamp)> = that_count(facts, end).filter(|(_, at)| is_in(*at)).collect();
    let currency = period.currency.clone().or_else(|| most_frequent(&all));
    let mut orders: Vec<(&Order, Timestamp)> =
        all.iter().filter(|(order, _)| Some(&order.currency) == currency.as_ref()).copied().collect();
    orders.sort_by_key(|(_, at)| *at);
    let sum = |of: fn(&Order) -> Amount| orders.iter().map(|(order, _)| of(order)).sum::<Amount>();
    let (gross, returned, monetary) = (sum(|order| order.total), sum(|order| order.returned), sum(Order::net));
    let last = orders.last().map(|(_, at)| *at);
    let is_whole = period.since.is_none() && period.until.is_none();
    let rfm = currency.as_ref().zip(last).filter(|_| is_whole).and_then(|(currency, last)| {
        rfm(everybody.spent.get(currency)?, &Spent { last, orders: orders.len() as u32, net: monetary })
    });
    let plain: Vec<&Order> = orders.iter().map(|(order, _)| *order).collect();
    let said = of_orders(&plain, &facts.touchpoints, frame.masks);
    let properties: Vec<&LineProperties> = said.values().flatten().collect();
    let bargains = properties.iter().filter(|line| line.is_bargain).count();
    let lines = |order: &'_ Order| said.get(&order.key).map_or(&[][..], Vec::as_slice);
    let gap = |pair: &[(&Order, Timestamp)]| (pair[1].1.0 - pair[0].1.0) as f64 / DAY as f64;
    let interests = interests(facts, frame.now, is_in);
    CustomerFigures {
        recency_days: last.map(|last| (end_of(period, frame).0 - last.0) as f64 / DAY as f64),
        frequency: orders.len() as u32,
        monetary,
        average: currency.as_ref().and_then(|currency| average(monetary, orders.len(), currency)),
        usual_gap_days: if orders.len() < 3 { None } else { median(orders.windows(2).map(gap).collect()) },
        rfm,
        return_rate: if gross == Amount::ZERO { 0.0 } else { returned.0 as f64 / gross.0 as f64 },
        return_reasons: reasons(&plain),
        size_habit: size_habit(&plain, lines),
        categories: affinities(&interests, &everybody.categories),
        bargain_share: (!properties.is_empty()).then(|| bargains as f64 / properties.len() as f64),
        hours: hours::of_any_visits(facts, frame, everybody, is_in),
        buyer: buyer(facts, end),
        currency,
    }
}

/// The end of a period: the present time, or the end that was asked for if it is earlier.
fn end_of(period: &Period, frame: &Frame<'_>) -> Timestamp {
    period.until.map_or(frame.now, |until| until.min(frame.now))
}

/// The most frequent currency, of equally frequent ones the first by its code.
fn most_frequent(orders: &[(&Order, Timestamp)]) -> Option<Currency> {
    let mut counts: BTreeMap<&Currency, usize> = BTreeMap::new();
    orders.iter().for_each(|(order, _)| *counts.entry(&order.currency).or_default() += 1);
    counts.into_iter().min_by_key(|(_, count)| Reverse(*count)).map(|(currency, _)| currency.clone())
}

/// An amount divided by a count, in whole smallest units of the currency, rounded half to even.
fn average(sum: Amount, count: usize, currency: &Currency) -> Option<Amount> {
    let (unit, count) = (currency.smallest().0, count as i128);
    if count == 0 {
        return None;
    }
    let parts = unit.checked_mul(count)?;
    let (whole, rest) = (sum.0.div_euclid(parts), sum.0.rem_euclid(parts));
    let up = rest * 2 > parts || rest * 2 == parts && whole % 2 != 0;
    Some(Amount((whole + i128::from(up)) * unit))
}

/// The median; of an even count the mean of the two in the middle.
fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    match all.len() % 2 {
        _ if all.is_empty() => None,
        1 => Some(all[middle]),
        _ => Some((all[middle - 1] + all[middle]) / 2.0),
    }
}

/// `5 - floor(5 x better / n)`.
fn rfm(all: &[Spent], own: &Spent) -> Option<Rfm> {
    let fifth = |is_better: &dyn Fn(&Spent) -> bool| {
        let better = all.iter().filter(|other| is_better(other)).count();
        u32::try_from(5_usize.saturating_sub(5 * better / all.len())).unwrap_or_default().max(1)
    };
    (!all.is_empty()).then(|| Rfm {
        recency: fifth(&|other| other.last > own.last),
        frequency: fifth(&|other| other.orders > own.orders),
        monetary: fifth(&|other| other.net > own.net),
    })
}

fn reasons(orders: &[&Order]) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<Option<Arc<str>>, (u32, Amount)> = BTreeMap::new();
    for returned in orders.iter().flat_map(|order| &order.returns) {
        let (lines, amount) = counts.entry(returned.reason.clone()).or_default();
        // Money that belongs to no line is no line.
        *lines += u32::from(returned.product.is_some());
        *amount += returned.amount;
    }
    let count = |(reason, (lines, amount))| ReasonCount { reason, lines, amount };
    let mut all: Vec<ReasonCount> = counts.into_iter().map(count).collect();
    all.sort_by_key(|count| (Reverse(count.lines), Reverse(count.amount)));
    all
}

fn size_habit<'o>(orders: &[&'o Order], lines: impl Fn(&'o Order) -> &'o [LineProperties]) -> Option<SizeHabit> {
    let mut habit = SizeHabit { orders: 0, bracketed: 0, returned: 0, kept_most: None, kept: 0 };
    // By size: how many were kept, and the place of the last order with it.
    let mut kept: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for (place, order) in orders.iter().enumerate() {
        let both: Vec<_> = order.lines.iter().zip(lines(order)).filter(|(_, said)| said.size.is_some()).collect();
        habit.orders += u32::from(!both.is_empty());
        let is_pair = |(line, said): &(&crate::domain::order::OrderLine, &LineProperties),
                       (other, of_other): &(&crate::domain::order::OrderLine, &LineProperties)| {
            let same_style = said.style.is_some() && said.style == of_other.style;
            let same_name = line.product.name.is_some() && line.product.name == other.product.name;
            let colours = [&said.colour, &of_other.colour];
            let same_colour = colours[0] == colours[1] || colours.iter().any(|colour| colour.is_none());
            (same_style || line.product.sku == other.product.sku || same_name)
                && same_colour
                && said.size != of_other.size
        };
        let is_bracketed =
            both.iter().enumerate().any(|(n, one)| both[n + 1..].iter().any(|other| is_pair(one, other)));
        habit.bracketed += u32::from(is_bracketed);
        habit.returned += u32::from(is_bracketed && order.lines.iter().any(|line| line.returned_quantity > 0));
        for (line, said) in both {
            let count = line.quantity - line.returned_quantity;
            if let Some(size) = said.size.as_deref().filter(|_| count > 0) {
                let (sum, last) = kept.entry(size).or_default();
                (*sum, *last) = (*sum + count, place);
            }
        }
    }
    if let Some((size, (count, _))) = kept.into_iter().max_by_key(|(_, of)| *of).filter(|(_, (count, _))| *count >= 2) {
        (habit.kept_most, habit.kept) = (Some(size.to_owned()), count);
    }
    (habit.orders > 0).then_some(habit)
}

impl SizeHabit {
    /// The habit in English, with its numbers.
    pub fn reason(&self) -> String {
        let kept = match &self.kept_most {
            Some(size) => format!("size {size} was kept {} times, more than any other", self.kept),
            None => "no size was kept twice".to_owned(),
        };
        let (orders, bracketed, returned) = (self.orders, self.bracketed, self.returned);
        format!(
            "{bracketed} of {orders} orders with sizes have one product in several sizes, and something came back of \
             {returned} of those; {kept}"
        )
    }
}

/// The interest in each category: pieces bought and kept, carts, and views, by age.
pub(super) fn interests(
    facts: &CustomerFacts,
    now: Timestamp,
    is_in: impl Fn(Timestamp) -> bool,
) -> BTreeMap<Arc<str>, Interest> {
    let mut all: BTreeMap<Arc<str>, Interest> = BTreeMap::new();
    let aged = |at: Timestamp| weight((now.0 - at.0) as f64 / DAY as f64);
    for (order, at) in that_count(facts, now).filter(|(_, at)| is_in(*at)) {
        for line in &order.lines {
            if let Some(category) = &line.product.category {
                let kept = line.quantity - line.returned_quantity;
                let interest = all.entry(category.clone()).or_default();
                interest.weighted += kept as f64 * aged(at);
                interest.bought += kept;
            }
        }
    }
    for act in facts.acts.iter().filter(|act| act.act == ProductAct::Added && act.at <= now && is_in(act.at)) {
        if let Some(category) = &act.product.category {
            let count = act.quantity.unwrap_or(1) as f64;
            all.entry(category.clone()).or_default().weighted += IN_CART * count * aged(act.at);
        }
    }
    for touchpoint in facts.touchpoints.iter().filter(|of| is_view(of) && of.at <= now && is_in(of.at)) {
        let said = properties(touchpoint);
        let category = ["category", "item_category"].into_iter().find_map(|name| said.get(name)?.as_str());
        if let Some(category) = category.map(str::trim).filter(|category| !category.is_empty()) {
            let interest = all.entry(category.into()).or_default();
            interest.weighted += VIEWED * aged(touchpoint.at);
            interest.viewed += 1;
        }
    }
    all
}

/// Whether it is the view of one product.
fn is_view(touchpoint: &Touchpoint) -> bool {
    &*touchpoint.fact.kind == "product" && !touchpoint.fact.name.to_lowercase().contains("list")
}

fn affinities(own: &BTreeMap<Arc<str>, Interest>, all: &BTreeMap<Arc<str>, f64>) -> Vec<CategoryAffinity> {
    let (of_own, of_all) = (own.values().map(|of| of.weighted).sum::<f64>(), all.values().sum::<f64>());
    let one = |(category, of): (&Arc<str>, &Interest)| {
        let everybodys = all.get(category).copied().unwrap_or_default() / of_all;
        let lift = of.weighted / of_own / everybodys;
        lift.is_finite().then(|| CategoryAffinity {
            category: category.clone(),
            lift,
            bought: of.bought,
            viewed: of.viewed,
        })
    };
    let mut all: Vec<CategoryAffinity> = own.iter().filter_map(one).collect();
    // They were in the order of their names, so equal ones stay so.
    all.sort_by(|a, b| b.lift.total_cmp(&a.lift));
    all
}
