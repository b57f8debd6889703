//! What order lines say that orders do not keep: sizes, colours, and what they cost before. It is in the touchpoints of
//! the orders.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::domain::Amount;
use crate::domain::masks::{Masks, Sight};
use crate::domain::order::{Order, OrderKey};
use crate::domain::touchpoint::Touchpoint;
use crate::segments::property_path::properties;

/// The names of the list of lines.
const LISTS: [&str; 2] = ["products", "items"];

/// The properties of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineProperties {
    /// `size`.
    pub size: Option<String>,
    /// `colour` or `color`.
    pub colour: Option<String>,
    /// `style`.
    pub style: Option<String>,
    /// Whether it was reduced: a `discount` above 0, or a `compare_at_price` above the price.
    pub is_bargain: bool,
}

/// The properties of the lines of each order, in the order of its lines. Lines of which nothing is known have none. What
/// is masked is not read.
pub fn of_orders(
    orders: &[&Order],
    touchpoints: &[Touchpoint],
    masks: &Masks,
) -> FxHashMap<OrderKey, Vec<LineProperties>> {
    let sees = |name: &str| LISTS.into_iter().all(|list| masks.sight([list, name]) == Sight::Whole);
    let mut said: FxHashMap<&OrderKey, Vec<(Arc<str>, LineProperties)>> = FxHashMap::default();
    // A later event of an order replaces the lines of an earlier one.
    for touchpoint in touchpoints.iter().filter(|touchpoint| &*touchpoint.fact.kind == "order") {
        let Some(key) = &touchpoint.order else { continue };
        let properties = properties(touchpoint);
        let list = LISTS.into_iter().find_map(|name| properties.get(name)?.as_array());
        if let Some(list) = list.filter(|list| !list.is_empty()) {
            said.insert(key, list.iter().filter_map(|line| Some((sku(line)?, read(line, &sees)))).collect());
        }
    }
    let of_order = |order: &Order| {
        let mut left = said.get(&order.key).cloned().unwrap_or_default();
        let of_line = |line: &crate::domain::order::OrderLine| {
            let place = left.iter().position(|(sku, _)| *sku == line.product.sku);
            place.map(|place| left.remove(place).1).unwrap_or_default()
        };
        order.lines.iter().map(of_line).collect()
    };
    orders.iter().map(|order| (order.key.clone(), of_order(order))).collect()
}

fn sku(line: &Value) -> Option<Arc<str>> {
    let found = ["sku", "product_id", "productId", "item_id"].into_iter().find_map(|name| text(line.get(name)));
    found.map(Arc::from)
}

fn read(line: &Value, sees: &impl Fn(&str) -> bool) -> LineProperties {
    let said = |name: &str| text(line.get(name).filter(|_| sees(name)));
    let amount = |name: &str| Amount::read(&said(name)?).ok().map(|(amount, _)| amount);
    let price = amount("price").unwrap_or_default();
    LineProperties {
        // A variant is often a colour.
        size: said("size").or_else(|| said("variant").filter(|variant| is_size(variant))),
        colour: said("colour").or_else(|| said("color")),
        style: said("style"),
        is_bargain: amount("discount").is_some_and(|discount| discount > Amount::ZERO)
            || amount("compare_at_price").is_some_and(|before| before > price),
    }
}

/// Whether a text is a size: a number, or letters such as XL.
fn is_size(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b".,/".contains(&byte));
    is_number || text.trim_end_matches(['L', 'S', 'M']).bytes().all(|byte| byte == b'X' || byte.is_ascii_digit())
}

/// A text or a number, trimmed.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
