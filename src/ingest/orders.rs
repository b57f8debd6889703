//! What an event does to an order.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::event::{Event, Type};
use super::json::{Json, Object, as_text};
use super::notes::{Notes, Weight};
use super::products;
use crate::domain::money::{Currency, MoneyError};
use crate::domain::order::{Line, OrderAct, OrderContent, OrderEvent, OrderKey, Refund, RefundLine};
use crate::domain::product::Product;
use crate::domain::{Amount, Arrival, ProblemCode, Timestamp};

/// The order of "Order Completed", "Order Updated", "Order Cancelled" and "Order Refunded"; nothing
/// for any other event, and nothing when a fault was noted.
pub(crate) fn order(
    event: &Event<'_>,
    name: &str,
    source: &Arc<str>,
    at: Timestamp,
    channel: Option<&Arc<str>>,
    notes: &mut Notes,
) -> Option<(OrderKey, OrderEvent)> {
    if event.kind != Type::Track {
        return None;
    }
    let read: fn(&Event<'_>, Option<&Arc<str>>, &mut Notes) -> OrderAct = match name {
        "ordercompleted" | "completedorder" => completed,
        "orderupdated" => |event, channel, notes| OrderAct::Updated(content(event, channel, notes)),
        "ordercancelled" | "ordercanceled" => |_, _, _| OrderAct::Cancelled,
        "orderrefunded" => refunded,
        _ => return None,
    };
    let number = number(event, notes);
    let act = read(event, channel, notes);
    let key = OrderKey { source: source.clone(), number: number? };
    Some((key, OrderEvent { at, arrival: Arrival::default(), owner: None, act }))
}

/// The products that an order's lines name.
pub(crate) fn products(order: Option<&(OrderKey, OrderEvent)>) -> Vec<Product> {
    match order.map(|(_, event)| &event.act) {
        Some(OrderAct::Completed(content) | OrderAct::Updated(content)) => {
            content.lines.iter().flatten().map(|line| line.product.clone()).collect()
        }
        Some(OrderAct::Refunded(refund)) => refund.products.iter().map(|line| line.product.clone()).collect(),
        Some(OrderAct::Cancelled) | None => Vec::new(),
    }
}

fn number(event: &Event<'_>, notes: &mut Notes) -> Option<Arc<str>> {
    const PATH: &str = "properties.order_id";
    let faults = notes.faults.len();
    let raw = event.properties.get("order_id").or_else(|| event.properties.get("orderId"));
    let number = event.ids.id(Weight::Fault, PATH, raw, notes);
    if number.is_none() && notes.faults.len() == faults {
        notes.fault(ProblemCode::MissingField, PATH, "an order without its number");
    }
    number
}

fn completed(event: &Event<'_>, channel: Option<&Arc<str>>, notes: &mut Notes) -> OrderAct {
    let content = content(event, channel, notes);
    if notes.faults.is_empty() {
        if content.currency.is_none() {
            notes.warn(ProblemCode::MissingField, "properties.currency", "no currency, so the order's is XXX");
        }
        if content.total.is_none() && content.lines.is_none() {
            notes.warn(
                ProblemCode::MissingField,
                "properties.total",
                "neither total nor products, so the order is of 0",
            );
        }
    }
    OrderAct::Completed(content)
}

fn content(event: &Event<'_>, channel: Option<&Arc<str>>, notes: &mut Notes) -> OrderContent {
    const CURRENCY: &str = "properties.currency";
    let currency = notes.text(Weight::Fault, CURRENCY, event.properties.get("currency")).and_then(|text| {
        text.parse::<Currency>().map_err(|fault| notes.fault(ProblemCode::BadMoney, CURRENCY, fault.to_string())).ok()
    });
    let given = lines(event, notes, |product, line, path, notes| {
        let price = amount(line.get("price"), || format!("{path}.price"), notes);
        if price.is_none() && line.get("price").is_none() {
            notes.warn(ProblemCode::MissingField, format!("{path}.price"), "no price, so the line's is 0");
        }
        Line { product, quantity: products::quantity(line, path, notes).unwrap_or(1), price: price.unwrap_or_default() }
    });
    OrderContent {
        currency,
        total: amount(event.properties.get("total"), || "properties.total".into(), notes),
        channel: channel.cloned(),
        lines: given,
    }
}

fn refunded(event: &Event<'_>, _: Option<&Arc<str>>, notes: &mut Notes) -> OrderAct {
    let given = lines(event, notes, |product, line, path, notes| RefundLine {
        product,
        quantity: products::quantity(line, path, notes).unwrap_or(1),
        price: amount(line.get("price"), || format!("{path}.price"), notes),
    });
    OrderAct::Refunded(Refund {
        total: amount(event.properties.get("total"), || "properties.total".into(), notes),
        products: given.unwrap_or_default(),
        reason: notes.word("properties.reason", event.properties.get("reason")),
    })
}

/// Each of `properties.products` that has a sku; one without is a fault.
fn lines<T>(
    event: &Event<'_>,
    notes: &mut Notes,
    mut read: impl FnMut(Product, &Object<'_>, &str, &mut Notes) -> T,
) -> Option<Vec<T>> {
    let given = products::list(event, notes)?;
    let mut lines = Vec::with_capacity(given.len());
    for (path, line) in given {
        if let Some(product) = products::product(&line, &path, notes) {
            lines.push(read(product, &line, &path, notes));
        }
    }
    Some(lines)
}

/// An amount given as a number or as text, not below zero. A number is read as it is written; only
/// one with the noise of binary arithmetic (59.970000000000006) is rounded.
pub(crate) fn amount(raw: Option<&RawValue>, path: impl Fn() -> String, notes: &mut Notes) -> Option<Amount> {
    let raw = raw?;
    let parsed = match Json::of(raw) {
        Json::Text(text) if text.trim().is_empty() => return None,
        Json::Text(text) => Amount::parse(&text),
        Json::Number(text) => number_amount(text),
        _ => Err(MoneyError::Malformed),
    };
    let fault = match parsed {
        Ok(amount) if amount >= Amount::ZERO => return Some(amount),
        Ok(_) => "an amount below zero: take what is off out of the total".to_owned(),
        Err(fault) => fault.to_string(),
    };
    notes.fault(ProblemCode::BadMoney, path(), fault);
    None
}

fn number_amount(text: &str) -> Result<Amount, MoneyError> {
    match Amount::parse(text) {
        Ok(amount) => Ok(amount),
        Err(MoneyError::TooLarge) => Err(MoneyError::TooLarge),
        Err(fault) => {
            if text.contains(['e', 'E']) {
                let plain = Decimal::from_scientific(text).map_err(|_| MoneyError::TooLarge)?;
                return Amount::parse(&plain.to_string());
            }
            let number: f64 = text.parse().map_err(|_| MoneyError::Malformed)?;
            // 15 digits are exact in binary; what differs only behind them is noise.
            let rounded = format!("{number:.6}");
            let exact: f64 = rounded.parse().map_err(|_| MoneyError::Malformed)?;
            let noise = (exact - number).abs() <= number.abs() * 1e-14;
            if noise { Amount::parse(&rounded) } else { Err(fault) }
        }
    }
}

/// Whether a text is the sku of nothing.
pub(crate) fn sku(line: &Object<'_>) -> Option<&'static str> {
    ["sku", "product_id", "productId"]
        .into_iter()
        .find(|field| line.get(field).and_then(as_text).is_some_and(|text| !text.trim().is_empty()))
}
