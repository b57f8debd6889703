//! Looks ahead in a query, so that one read of a customer has all the parts that the query selects.

use async_graphql::{Context, Lookahead, Value};

use super::page::{LARGEST_PAGE, USUAL_PAGE};
use crate::store::query::{FirstPages, Shape};

/// The parts of a customer to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerParts {
    /// Which parts.
    pub shape: Shape,
    /// The sizes of the first pages.
    pub pages: FirstPages,
}

impl CustomerParts {
    /// The parts that the current field, a customer, selects.
    pub fn of_field(ctx: &Context<'_>) -> Self {
        Self::of(&[ctx.look_ahead()])
    }

    /// The parts that the items of the current field, a connection, select.
    pub fn of_connection(ctx: &Context<'_>) -> Self {
        Self::of(&items(ctx))
    }

    /// The parts that all these selections of a customer need.
    pub fn of(customers: &[Lookahead<'_>]) -> Self {
        let any = |name| customers.iter().any(|c| c.field(name).exists());
        let pages = FirstPages {
            orders: customers.iter().map(|c| first_page(&c.field("orders"))).max().unwrap_or(0),
            touchpoints: customers.iter().map(|c| first_page(&c.field("touchpoints"))).max().unwrap_or(0),
        };
        let identity = any("consents") || any("devices");
        let shape = match (identity, pages.orders + pages.touchpoints > 0) {
            (false, false) if only(customers, &["id", "asOf", "__typename", "displayName"]) => Shape::Name,
            (false, false) => Shape::Card,
            (true, false) => Shape::Identity,
            (false, true) => Shape::History,
            (true, true) => Shape::All,
        };
        CustomerParts { shape, pages }
    }
}

/// The selections of the items of the current field, a connection.
pub fn items<'a>(ctx: &'a Context<'a>) -> [Lookahead<'a>; 2] {
    let field = ctx.look_ahead();
    [field.field("nodes"), field.field("edges").field("node")]
}

/// Whether all these selections of a customer need only its id, so that it need not be read.
pub fn only_id(customers: &[Lookahead<'_>]) -> bool {
    only(customers, &["id", "asOf", "__typename"])
}

/// Whether all these selections of a customer are of these fields.
fn only(customers: &[Lookahead<'_>], names: &[&str]) -> bool {
    let mut fields = customers.iter().flat_map(Lookahead::selection_fields).flat_map(|customer| {
        let fields: Vec<_> = customer.selection_set().collect();
        fields
    });
    fields.all(|field| names.contains(&field.name()))
}

/// The size of a list's first page. 0 when only filtered, reordered or later pages are selected.
fn first_page(list: &Lookahead<'_>) -> usize {
    let sizes = list.selection_fields().into_iter().filter_map(|field| {
        let mut first = i64::from(USUAL_PAGE);
        for (name, value) in field.arguments().ok()? {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("first", Value::Number(n)) => first = n.as_i64()?,
                ("orderBy", Value::Enum(order)) if order == "NEWEST_FIRST" => {}
                ("orderBy", Value::String(order)) if order == "NEWEST_FIRST" => {}
                _ => return None,
            }
        }
        (1..=i64::from(LARGEST_PAGE)).contains(&first).then_some(first as usize)
    });
    sizes.max().unwrap_or(0)
}
