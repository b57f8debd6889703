//! The order event in an event.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::event::{Event, Type};
use super::json::{Json, Object, within};
use super::notes::{Notes, Weight};
use super::products::{self, Quantity};
use crate::domain::money::{Currency, MoneyError};
use crate::domain::order::{Line, OrderAct, OrderContent, OrderEvent, OrderKey, Refund, RefundLine};
use crate::domain::product::Product;
use crate::domain::{Amount, Arrival, ProblemCode, Timestamp};
use crate::settings::OrderFields;
use crate::settings::events::PropertyPath;

/// The parts of an event that may be about an order.
#[derive(Clone, Copy)]
pub(crate) struct Said<'s> {
    /// The event's name, [squashed](super::kinds::squash); empty when the settings give it another meaning.
    pub(crate) name: &'s str,
    /// What it means.
    pub(crate) kind: &'s str,
    /// The property names.
    pub(crate) fields: &'s OrderFields,
    /// Whether the settings give the event property names of orders.
    pub(crate) own: bool,
}

/// The kind of order event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Completed,
    Updated,
    Cancelled,
    Refunded,
}

/// The order of "Order Completed", "Order Updated", "Order Cancelled" and "Order Refunded", of GA4's `purchase` and
/// `refund`, and of events that are orders by the settings. `None` for any other event, and `None` after a fault.
pub(crate) fn order(
    event: &Event<'_>,
    said: Said<'_>,
    source: &Arc<str>,
    at: Timestamp,
    channel: Option<&Arc<str>>,
    notes: &mut Notes,
) -> Option<(OrderKey, OrderEvent)> {
    if event.kind != Type::Track {
        return None;
    }
    // A purchase without a number is not an order: a sender may use this name for something else.
    let (act, needs_number) = match (said.name, said.kind) {
        ("ordercompleted" | "completedorder", _) => (Act::Completed, true),
        ("orderupdated", _) => (Act::Updated, true),
        ("ordercancelled" | "ordercanceled", _) => (Act::Cancelled, true),
        ("orderrefunded", _) => (Act::Refunded, true),
        ("purchase" | "inapppurchase", _) => (Act::Completed, said.own),
        ("refund", _) => (Act::Refunded, said.own),
        (_, "order") if said.own => (Act::Completed, true),
        (_, "return") if said.own => (Act::Refunded, true),
        _ => return None,
    };
    let number = number(event, said, needs_number, notes);
    if number.is_none() && !needs_number {
        return None;
    }
    let act = match act {
        Act::Completed => completed(event, said.fields, channel, notes),
        Act::Updated => OrderAct::Updated(content(event, said.fields, channel, notes)),
        Act::Cancelled => OrderAct::Cancelled,
        Act::Refunded => OrderAct::Refunded(refund(event, said.fields, notes)),
    };
    let key = OrderKey { source: source.clone(), number: number? };
    Some((key, OrderEvent { at, arrival: Arrival::default(), owner: None, act }))
}

/// The order of another source that an event names.
pub(crate) fn about(event: &Event<'_>, fields: &OrderFields, source: &Arc<str>, notes: &mut Notes) -> Option<OrderKey> {
    let (place, raw) = find(&event.properties, &fields.number)?;
    let number = event.ids.id(Weight::Warning, &path_of(Some(place), &[]), Some(raw), notes)?;
    Some(OrderKey { source: source.clone(), number })
}

/// The products of an order's lines.
pub(crate) fn products(order: Option<&(OrderKey, OrderEvent)>) -> Vec<Product> {
    match order.map(|(_, event)| &event.act) {
        Some(OrderAct::Completed(content) | OrderAct::Updated(content)) => {
            content.lines.iter().flatten().map(|line| line.product.clone()).collect()
        }
        Some(OrderAct::Refunded(refund)) => refund.products.iter().map(|line| line.product.clone()).collect(),
        Some(OrderAct::Cancelled) | None => Vec::new(),
    }
}

/// The first value at one of several paths, with its path below `properties`.
pub(crate) fn find<'a, 'p>(
    object: &Object<'a>,
    places: &'p [PropertyPath],
) -> Option<(&'p PropertyPath, &'a RawValue)> {
    places.iter().find_map(|place| {
        let (first, rest) = place.steps.split_first()?;
        Some((place, within(object.get(first)?, rest)?)).filter(|(_, raw)| raw.get() != "null")
    })
}

/// The path of a part of the order in this event, else its usual path.
fn path_of(found: Option<&PropertyPath>, places: &[PropertyPath]) -> String {
    format!("properties.{}", found.or(places.first()).map(ToString::to_string).unwrap_or_default())
}

fn number(event: &Event<'_>, said: Said<'_>, needed: bool, notes: &mut Notes) -> Option<Arc<str>> {
    let faults = notes.faults.len();
    let places = &said.fields.number;
    let number = places.iter().find_map(|place| {
        let (_, raw) = find(&event.properties, std::slice::from_ref(place))?;
        event.ids.id(Weight::Fault, &path_of(Some(place), &[]), Some(raw), notes)
    });
    if number.is_none() && notes.faults.len() == faults {
        if needed {
            notes.fault(ProblemCode::MissingField, path_of(None, places), "an order without its number");
        } else {
            notes.warn(ProblemCode::MissingField, "properties.transaction_id", "no number, so this makes no order");
        }
    }
    number
}

fn completed(event: &Event<'_>, fields: &OrderFields, channel: Option<&Arc<str>>, notes: &mut Notes) -> OrderAct {
    let content = content(event, fields, channel, notes);
    if notes.faults.is_empty() {
        let path = path_of(find(&event.properties, &fields.currency).map(|(place, _)| place), &fields.currency);
        // An invalid value has a note already.
        if content.currency.is_none() && notes.warnings.iter().all(|problem| problem.path.as_ref() != Some(&path)) {
            notes.warn(ProblemCode::MissingField, path, "no currency, so the order's is XXX");
        }
        if content.total.is_none() && content.lines.is_none() {
            let path = path_of(None, &fields.total);
            notes.warn(ProblemCode::MissingField, path, "neither total nor products, so the order is of 0");
        }
    }
    OrderAct::Completed(content)
}

fn content(event: &Event<'_>, fields: &OrderFields, channel: Option<&Arc<str>>, notes: &mut Notes) -> OrderContent {
    let lines = lines(event, fields, notes, |product, quantity, line, path, notes| {
        let (price, given) = price(line, fields, path, notes);
        if !given {
            notes.warn(ProblemCode::MissingField, format!("{path}.price"), "no price, so the line's is 0");
        }
        let price = price.unwrap_or_default();
        (Line { product, quantity, price }, price)
    });
    OrderContent {
        currency: currency(event, fields, notes),
        total: total(event, fields, notes),
        channel: channel.cloned(),
        // A list without any valid line means that the lines are unknown, not that there are none.
        lines: lines.and_then(|lines| if lines.kept.is_empty() && lines.left_out { None } else { Some(lines.kept) }),
    }
}

fn refund(event: &Event<'_>, fields: &OrderFields, notes: &mut Notes) -> Refund {
    let lines = lines(event, fields, notes, |product, quantity, line, path, notes| {
        let (price, _) = price(line, fields, path, notes);
        (RefundLine { product, quantity, price }, price.unwrap_or_default())
    });
    // A refund of products is not a refund of the whole order, even when the products are unknown.
    let of_nothing = lines.as_ref().is_some_and(|lines| lines.kept.is_empty() && lines.left_out);
    let reason = find(&event.properties, &fields.reason);
    Refund {
        currency: currency(event, fields, notes),
        total: total(event, fields, notes).or(of_nothing.then_some(Amount::ZERO)),
        products: lines.map(|lines| lines.kept).unwrap_or_default(),
        reason: reason.and_then(|(place, raw)| notes.word(&path_of(Some(place), &[]), Some(raw))),
    }
}

fn currency(event: &Event<'_>, fields: &OrderFields, notes: &mut Notes) -> Option<Currency> {
    let (place, raw) = find(&event.properties, &fields.currency)?;
    let path = path_of(Some(place), &[]);
    let text = notes.text(Weight::Warning, &path, Some(raw))?;
    let fault = |fault: MoneyError| {
        notes.warn(ProblemCode::BadMoney, path, format!("{fault}; this is as if it was not given"));
    };
    text.parse::<Currency>().map_err(fault).ok()
}

/// `total`, else `revenue` with tax and shipping, else `value`.
fn total(event: &Event<'_>, fields: &OrderFields, notes: &mut Notes) -> Option<Amount> {
    let mut part = |places: &[PropertyPath]| {
        let (place, raw) = find(&event.properties, places)?;
        amount(Some(raw), || path_of(Some(place), &[]), notes)
    };
    if let Some(total) = part(&fields.total) {
        return Some(total);
    }
    match part(&fields.revenue) {
        Some(revenue) => Some(
            [&fields.tax, &fields.shipping].into_iter().filter_map(|places| part(places)).fold(revenue, |a, b| a + b),
        ),
        None => part(&fields.value),
    }
}

/// The price of one piece of a line, and whether it was given.
fn price(line: &Object<'_>, fields: &OrderFields, path: &str, notes: &mut Notes) -> (Option<Amount>, bool) {
    match find(line, &fields.price) {
        Some((place, raw)) => (amount(Some(raw), || format!("{path}.{place}"), notes), true),
        None => (None, false),
    }
}

/// The valid lines of a list.
struct Lines<T> {
    kept: Vec<T>,
    /// Whether some entries were not lines.
    left_out: bool,
}

/// The event's lines with a sku and a quantity; other lines are left out. `read` also gives the price of one piece.
fn lines<T>(
    event: &Event<'_>,
    fields: &OrderFields,
    notes: &mut Notes,
    mut read: impl FnMut(Product, i64, &Object<'_>, &str, &mut Notes) -> (T, Amount),
) -> Option<Lines<T>> {
    let given = products::list(event, &fields.lines, notes)?;
    let mut lines = Lines { kept: Vec::with_capacity(given.entries.len()), left_out: given.left_out };
    for (path, line) in &given.entries {
        let line = Object::parse(line).unwrap_or_default();
        let product = products::product(&line, fields, path, notes);
        let quantity = products::quantity(&line, fields, path, notes);
        let (Some(product), Quantity::Unsaid | Quantity::Of(_)) = (product, quantity) else {
            lines.left_out = true;
            continue;
        };
        let quantity = if let Quantity::Of(quantity) = quantity { quantity } else { 1 };
        let (line, price) = read(product, quantity, &line, path, notes);
        if price.times(quantity) < Amount::LIMIT {
            lines.kept.push(line);
        } else {
            notes.warn(
                ProblemCode::BadMoney,
                path.as_str(),
                "price times quantity is not below 10^15; the line is left out",
            );
            lines.left_out = true;
        }
    }
    Some(lines)
}

/// An amount given as a number or as text, from zero up to below 10^15. Any other amount counts as not given. More
/// digits after the point than are stored are rounded half to even.
pub(crate) fn amount(raw: Option<&RawValue>, path: impl Fn() -> String, notes: &mut Notes) -> Option<Amount> {
    let read = match Json::of(raw?) {
        Json::Text(text) if text.trim().is_empty() => return None,
        Json::Text(text) => Amount::read(&text),
        Json::Number(text) => Amount::read(text),
        _ => Err(MoneyError::Malformed),
    };
    let fault = match read {
        Ok((amount, exact)) if amount >= Amount::ZERO => {
            if !exact {
                notes.warn(ProblemCode::BadMoney, path(), "rounded to 6 digits behind the point");
            }
            return Some(amount);
        }
        Ok(_) => "an amount below zero: take what is off out of the total".to_owned(),
        Err(fault) => fault.to_string(),
    };
    notes.warn(ProblemCode::BadMoney, path(), format!("{fault}; this is as if it was not given"));
    None
}
