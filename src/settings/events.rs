//! `[[event]]`: kinds of events by name, and the properties with the parts of an order.

use std::str::FromStr;
use std::sync::Arc;

use super::error::SettingsError;
use super::raw::{RawValue, Section};
use crate::domain::pattern::Pattern;
use crate::domain::touchpoint::KINDS;

/// A rule: the kind of events whose name matches.
#[derive(Clone, Debug)]
pub struct EventRule {
    /// The pattern of the name.
    pub name: Pattern,
    /// The kind, one of [`KINDS`].
    pub kind: Arc<str>,
    /// For an order or a return: the properties with its parts.
    pub order: Option<OrderFields>,
}

/// The properties of an event, and of its lines, that have the parts of an order. Of several paths, the first one with
/// a value counts.
#[derive(Clone, Debug)]
pub struct OrderFields {
    /// The order number.
    pub number: Vec<PropertyPath>,
    /// The total.
    pub total: Vec<PropertyPath>,
    /// The total without tax and shipping, for an event without `total`.
    pub revenue: Vec<PropertyPath>,
    /// The tax, which is added to `revenue`.
    pub tax: Vec<PropertyPath>,
    /// The shipping cost, which is added to `revenue`.
    pub shipping: Vec<PropertyPath>,
    /// The total, for an event without `total` and `revenue`.
    pub value: Vec<PropertyPath>,
    /// The currency.
    pub currency: Vec<PropertyPath>,
    /// The reason of a return.
    pub reason: Vec<PropertyPath>,
    /// The order lines.
    pub lines: Vec<PropertyPath>,
    /// In a line: the product.
    pub sku: Vec<PropertyPath>,
    /// In a line: the name of the product.
    pub name: Vec<PropertyPath>,
    /// In a line: the category of the product.
    pub category: Vec<PropertyPath>,
    /// In a line: the unit price.
    pub price: Vec<PropertyPath>,
    /// In a line: the quantity.
    pub quantity: Vec<PropertyPath>,
}

/// A path in the properties: `totals.grand`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyPath {
    /// The steps, at least one.
    pub steps: Vec<Box<str>>,
}

impl std::fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.steps.join("."))
    }
}

impl FromStr for PropertyPath {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let steps: Vec<Box<str>> = text.trim().split('.').map(Box::from).collect();
        if steps.iter().all(|step| !step.is_empty()) { Ok(PropertyPath { steps }) } else { Err(()) }
    }
}

impl Default for OrderFields {
    /// The names of Segment's and GA4's e-commerce events.
    fn default() -> Self {
        let places = |names: &[&str]| -> Vec<PropertyPath> {
            names.iter().map(|name| PropertyPath { steps: vec![(*name).into()] }).collect()
        };
        OrderFields {
            number: places(&["order_id", "orderId", "transaction_id", "transactionId"]),
            total: places(&["total"]),
            revenue: places(&["revenue"]),
            tax: places(&["tax"]),
            shipping: places(&["shipping"]),
            value: places(&["value"]),
            currency: places(&["currency"]),
            reason: places(&["reason"]),
            lines: places(&["products", "items"]),
            sku: places(&["sku", "product_id", "productId", "item_id"]),
            name: places(&["name", "item_name"]),
            category: places(&["category", "item_category"]),
            price: places(&["price"]),
            quantity: places(&["quantity"]),
        }
    }
}

impl OrderFields {
    /// Reads a table. A given part replaces its built-in names.
    fn read(mut section: Section) -> Result<Self, SettingsError> {
        let mut fields = OrderFields::default();
        let parts: [(&'static str, &mut Vec<PropertyPath>); 14] = [
            ("number", &mut fields.number),
            ("total", &mut fields.total),
            ("revenue", &mut fields.revenue),
            ("tax", &mut fields.tax),
            ("shipping", &mut fields.shipping),
            ("value", &mut fields.value),
            ("currency", &mut fields.currency),
            ("reason", &mut fields.reason),
            ("lines", &mut fields.lines),
            ("sku", &mut fields.sku),
            ("name", &mut fields.name),
            ("category", &mut fields.category),
            ("price", &mut fields.price),
            ("quantity", &mut fields.quantity),
        ];
        for (key, places) in parts {
            let Some(given) = section.take(key) else { continue };
            let path = |text: &Arc<str>| {
                let within = text.trim().strip_prefix("properties.").unwrap_or(text);
                within.parse().map_err(|()| given.bad("not a property: write it as receipt_no or totals.grand"))
            };
            *places = given.text_or_texts()?.iter().map(path).collect::<Result<_, _>>()?;
            if places.is_empty() {
                return Err(given.bad("the list is empty"));
            }
        }
        section.done()?;
        Ok(fields)
    }
}

pub(super) fn read(given: Option<RawValue>) -> Result<Vec<EventRule>, SettingsError> {
    let Some(given) = given else { return Ok(Vec::new()) };
    given.map(|rule| {
        let mut section = rule.section()?;
        let name = section.take("name").ok_or_else(|| section.lacks(&rule.place, "name"))?;
        let kind = section.take("kind").ok_or_else(|| section.lacks(&rule.place, "kind"))?;
        let order = section.take("order");
        section.done()?;
        let pattern = name.text()?;
        if pattern.trim().is_empty() {
            return Err(name.bad("the name is empty"));
        }
        let text = kind.text()?;
        let Some(meant) = KINDS.into_iter().find(|known| *known == text.trim()) else {
            return Err(kind.bad(format!("not a kind: use one of {}", KINDS.join(", "))));
        };
        let order = match order {
            None => None,
            Some(order) if !matches!(meant, "order" | "return") => {
                return Err(order.bad("only an event of kind order or return has an order"));
            }
            Some(order) => Some(OrderFields::read(order.section()?)?),
        };
        Ok(EventRule { name: Pattern::of_names(&pattern), kind: meant.into(), order })
    })
}
