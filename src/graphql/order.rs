//! Orders: lines, returns, and net value.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ID, InputObject, Object};

use super::customer::Customer;
use super::id::NodeId;
use super::load::{self, OrderCount, OrdersOf, Total};
use super::page::{Connection, List, read_first, read_size};
use super::product::Product;
use super::scalar::{DateTime, int};
use super::spend::Money;
use crate::domain::Moment;
use crate::domain::customer::CustomerView;
use crate::domain::order::{self, OrderKey};
use crate::domain::page::Page;
use crate::store::query::{Of, OrderPage, TimeKey};

/// An order.
#[derive(Clone)]
pub struct Order {
    row: Arc<order::Order>,
    view: Option<Arc<CustomerView>>,
    as_of: Option<Moment>,
}

/// The status of an order.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Placed, without returns.
    Placed,
    /// Cancelled.
    Cancelled,
    /// Some of it was returned.
    PartReturned,
    /// All goods were returned, or all money was refunded.
    Returned,
}

/// An order's number and source.
#[derive(InputObject, Clone, Debug)]
#[graphql(name = "OrderKey")]
pub struct OrderKeyInput {
    /// The order number.
    pub number: String,
    /// The source. Required when several sources have an order with this number.
    pub source: Option<String>,
}

/// An order, computed from all events about it.
#[Object]
impl Order {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Order(self.row.key.clone()).encode_at(self.as_of)
    }

    /// The sender's order number.
    async fn number(&self) -> &str {
        &self.row.key.number
    }

    /// The source that sent it.
    async fn source(&self) -> &str {
        &self.row.key.source
    }

    /// When it was placed.
    async fn placed_at(&self) -> DateTime {
        DateTime(self.row.placed.map(|p| p.at).unwrap_or_default())
    }

    /// The status.
    async fn status(&self) -> OrderStatus {
        match self.row.status {
            order::OrderStatus::Placed => OrderStatus::Placed,
            order::OrderStatus::Cancelled => OrderStatus::Cancelled,
            order::OrderStatus::PartReturned => OrderStatus::PartReturned,
            order::OrderStatus::Returned => OrderStatus::Returned,
        }
    }

    /// The total. A cancelled order keeps its total.
    async fn total(&self) -> Money {
        Money::of(self.row.total, &self.row.currency)
    }

    /// The returned amount. Never more than the total.
    async fn returned(&self) -> Money {
        Money::of(self.row.returned, &self.row.currency)
    }

    /// `total - returned`. 0 for a cancelled order.
    async fn net(&self) -> Money {
        Money::of(self.row.net(), &self.row.currency)
    }

    /// The channel on which it was placed. Null when it is not known.
    async fn channel(&self) -> Option<&str> {
        self.row.channel.as_deref()
    }

    /// The order lines, in the sender's order.
    async fn lines(
        &self,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<OrderLine>, Error> {
        let count = read_size("first", first)?.min(self.row.lines.len());
        Ok((0..count).map(|line| OrderLine { order: self.row.clone(), line, as_of: self.as_of }).collect())
    }

    /// The returns, the earliest first.
    async fn returns(
        &self,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Return>, Error> {
        let count = read_size("first", first)?.min(self.row.returns.len());
        Ok((0..count).map(|entry| Return { order: self.row.clone(), entry, as_of: self.as_of }).collect())
    }

    /// The customer that has the identifier the order is attached to. Null when none has.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        if let Some(view) = &self.view {
            return Some(Ok(Customer::of_view(view.clone())));
        }
        Customer::of_identifier_at(ctx, self.as_of, self.row.placed?.owner).await.transpose()
    }
}

impl Order {
    /// The order with this key, now or as of a moment.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        key: OrderKey,
    ) -> Result<Option<Self>, Error> {
        Ok(load::one_as_of(ctx, as_of, key).await?.map(|row| Order { row: Arc::new(row), view: None, as_of }))
    }
}

/// One line of an order.
pub struct OrderLine {
    order: Arc<order::Order>,
    line: usize,
    as_of: Option<Moment>,
}

/// One line of an order.
#[Object]
impl OrderLine {
    /// The product.
    async fn product(&self) -> Product {
        Product(self.row().product.clone(), self.as_of)
    }

    /// The ordered quantity.
    async fn quantity(&self) -> i32 {
        int(self.row().quantity)
    }

    /// The price of one unit.
    async fn unit_price(&self) -> Money {
        Money::of(self.row().unit_price, &self.order.currency)
    }

    /// The returned quantity.
    async fn returned_quantity(&self) -> i32 {
        int(self.row().returned_quantity)
    }
}

impl OrderLine {
    fn row(&self) -> &order::OrderLine {
        &self.order.lines[self.line]
    }
}

/// A return.
pub struct Return {
    order: Arc<order::Order>,
    entry: usize,
    as_of: Option<Moment>,
}

/// A return of goods or money.
#[Object]
impl Return {
    /// The product. Null for money that belongs to no line.
    async fn product(&self) -> Option<Product> {
        self.row().product.clone().map(|product| Product(product, self.as_of))
    }

    /// The quantity. 0 for money alone.
    async fn quantity(&self) -> i32 {
        int(self.row().quantity)
    }

    /// The refunded amount.
    async fn amount(&self) -> Money {
        Money::of(self.row().amount, &self.order.currency)
    }

    /// When it was returned.
    async fn at(&self) -> DateTime {
        DateTime(self.row().at)
    }

    /// The reason. Null when it is not known.
    async fn reason(&self) -> Option<&str> {
        self.row().reason.as_deref()
    }
}

impl Return {
    fn row(&self) -> &order::Return {
        &self.order.returns[self.entry]
    }
}

/// A page of a customer's orders: from its view when that has it, else read from the store.
pub(super) async fn page(
    ctx: &Context<'_>,
    view: &Arc<CustomerView>,
    since: Option<DateTime>,
    until: Option<DateTime>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Connection<Order>, Error> {
    let limit = read_first(first)?;
    let (since, until) = (since.map(|t| t.0), until.map(|t| t.0));
    let list = List::of_customer(view, "orders", (since, until));
    let after = list.read::<TimeKey>(after.as_deref())?;
    let of = Of::Customer(view.customer.id.clone());
    let plain = since.is_none() && until.is_none() && after.is_none();
    let page = match first_of(view.orders.as_ref(), limit).filter(|_| plain) {
        Some(page) => page,
        None => {
            let page = OrderPage { since, until, after, limit };
            let page = load::one_as_of(ctx, view.as_of, OrdersOf(of.clone(), page)).await?;
            page.unwrap_or(Page { items: Vec::new(), more: false })
        }
    };
    let place = |o: &order::Order| {
        let placed = o.placed.expect("a listed order was placed");
        TimeKey { at: placed.at, arrival: placed.arrival }
    };
    let node = |row| Order { row: Arc::new(row), view: Some(view.clone()), as_of: view.as_of };
    let total = Total::Orders(OrderCount(of, since, until)).at(view.as_of);
    Ok(Connection::forward(&list, page, after.is_some(), total, place, node))
}

/// The first `limit` items of a page in a view. `None` when the page may have too few.
pub(super) fn first_of<T: Clone>(page: Option<&Page<T>>, limit: usize) -> Option<Page<T>> {
    let page = page?;
    (limit <= page.items.len() || !page.more).then(|| Page {
        items: page.items[..limit.min(page.items.len())].to_vec(),
        more: page.more || limit < page.items.len(),
    })
}
