//! `[[event]]`: what events of other names mean, and which of their properties is what of an order.

use std::str::FromStr;
use std::sync::Arc;

use super::error::SettingsError;
use super::given::{Given, Section};
use crate::domain::pattern::Pattern;
use crate::domain::touchpoint::KINDS;

/// One rule: what an event means whose name fits.
#[derive(Clone, Debug)]
pub struct EventRule {
    /// The event's name.
    pub name: Pattern,
    /// What it means, one of [`KINDS`].
    pub kind: Arc<str>,
    /// Of an order or a return: which property is what.
    pub order: Option<OrderFields>,
}

/// Where in an event's properties, and in its lines, the parts of an order stand. Of several places the first in which
/// something stands counts.
#[derive(Clone, Debug)]
pub struct OrderFields {
    /// Its number.
    pub number: Vec<PropertyPath>,
    /// Its total.
    pub total: Vec<PropertyPath>,
    /// Its total before tax and shipping, for an event without `total`.
    pub revenue: Vec<PropertyPath>,
    /// Tax, which adds to `revenue`.
    pub tax: Vec<PropertyPath>,
    /// Shipping, which adds to `revenue`.
    pub shipping: Vec<PropertyPath>,
    /// Its total, for an event without `total` and `revenue`.
    pub value: Vec<PropertyPath>,
    /// Its currency.
    pub currency: Vec<PropertyPath>,
    /// Why something came back.
    pub reason: Vec<PropertyPath>,
    /// Its lines.
    pub lines: Vec<PropertyPath>,
    /// Of a line: its product.
    pub sku: Vec<PropertyPath>,
    /// Of a line: the product's name.
    pub name: Vec<PropertyPath>,
    /// Of a line: the product's category.
    pub category: Vec<PropertyPath>,
    /// Of a line: the price of one.
    pub price: Vec<PropertyPath>,
    /// Of a line: how many.
    pub quantity: Vec<PropertyPath>,
}

/// Steps into an object: `totals.grand`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyPath {
    /// At least one.
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
    /// Those of Segment's events for commerce, and of GA4's.
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
    /// What is named takes the place of the built-in names of that part.
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
                return Err(given.bad("a list without properties"));
            }
        }
        section.done()?;
        Ok(fields)
    }
}

pub(super) fn read(given: Option<Given>) -> Result<Vec<EventRule>, SettingsError> {
    let Some(given) = given else { return Ok(Vec::new()) };
    given.map(|rule| {
        let mut section = rule.section()?;
        let name = section.take("name").ok_or_else(|| section.lacks(&rule.place, "name"))?;
        let kind = section.take("kind").ok_or_else(|| section.lacks(&rule.place, "kind"))?;
        let order = section.take("order");
        section.done()?;
        let pattern = name.text()?;
        if pattern.trim().is_empty() {
            return Err(name.bad("an event without a name"));
        }
        let text = kind.text()?;
        let Some(meant) = KINDS.into_iter().find(|known| *known == text.trim()) else {
            return Err(kind.bad(format!("not a kind: one of {}", KINDS.join(", "))));
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
