//! An order: lines, returns, and what is left of its money.

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
    when: Option<Moment>,
}

/// Where an order stands.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Placed, and nothing came back.
    Placed,
    /// Called off.
    Cancelled,
    /// Some of it came back.
    PartReturned,
    /// All its goods or all its money came back.
    Returned,
}

/// An order's number, and who sent it.
#[derive(InputObject, Clone, Debug)]
#[graphql(name = "OrderKey")]
pub struct OrderKeyInput {
    /// The number.
    pub number: String,
    /// The source; needed when several sources have an order of that number.
    pub source: Option<String>,
}

/// An order, as everything that was said about it comes to.
#[Object]
impl Order {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Order(self.row.key.clone()).encode_at(self.when)
    }

    /// The sender's number.
    async fn number(&self) -> &str {
        &self.row.key.number
    }

    /// Who sent it.
    async fn source(&self) -> &str {
        &self.row.key.source
    }

    /// When it was placed.
    async fn placed_at(&self) -> DateTime {
        DateTime(self.row.placed.map(|p| p.at).unwrap_or_default())
    }

    /// Where it stands.
    async fn status(&self) -> OrderStatus {
        match self.row.status {
            order::OrderStatus::Placed => OrderStatus::Placed,
            order::OrderStatus::Cancelled => OrderStatus::Cancelled,
            order::OrderStatus::PartReturned => OrderStatus::PartReturned,
            order::OrderStatus::Returned => OrderStatus::Returned,
        }
    }

    /// What it cost. A cancelled order keeps its total.
    async fn total(&self) -> Money {
        Money::of(self.row.total, &self.row.currency)
    }

    /// What came back of it; never more than the total.
    async fn returned(&self) -> Money {
        Money::of(self.row.returned, &self.row.currency)
    }

    /// `total - returned`; 0 for a cancelled order.
    async fn net(&self) -> Money {
        Money::of(self.row.net(), &self.row.currency)
    }

    /// Where it was placed; null when nobody said.
    async fn channel(&self) -> Option<&str> {
        self.row.channel.as_deref()
    }

    /// What was ordered, as the sender listed it.
    async fn lines(
        &self,
        #[graphql(desc = "At most so many; 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<OrderLine>, Error> {
        let count = read_size("first", first)?.min(self.row.lines.len());
        Ok((0..count).map(|line| OrderLine { order: self.row.clone(), line, when: self.when }).collect())
    }

    /// What came back, earliest first.
    async fn returns(
        &self,
        #[graphql(desc = "At most so many; 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Return>, Error> {
        let count = read_size("first", first)?.min(self.row.returns.len());
        Ok((0..count).map(|entry| Return { order: self.row.clone(), entry, when: self.when }).collect())
    }

    /// Whose it is: the customer who holds the identifier it was placed under. Null when nobody does.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Result<Customer, Error>> {
        if let Some(view) = &self.view {
            return Some(Ok(Customer::of_view(view.clone())));
        }
        Customer::who_holds(ctx, self.when, self.row.placed?.owner).await.transpose()
    }
}

impl Order {
    /// One that was read by itself.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        when: Option<Moment>,
        key: OrderKey,
    ) -> Result<Option<Self>, Error> {
        Ok(load::then(ctx, when, key).await?.map(|row| Order { row: Arc::new(row), view: None, when }))
    }
}

/// One line of an order.
pub struct OrderLine {
    order: Arc<order::Order>,
    line: usize,
    when: Option<Moment>,
}

/// One line of an order.
#[Object]
impl OrderLine {
    /// The product.
    async fn product(&self) -> Product {
        Product(self.row().product.clone(), self.when)
    }

    /// How many were ordered.
    async fn quantity(&self) -> i32 {
        int(self.row().quantity)
    }

    /// The price of one.
    async fn unit_price(&self) -> Money {
        Money::of(self.row().unit_price, &self.order.currency)
    }

    /// How many came back.
    async fn returned_quantity(&self) -> i32 {
        int(self.row().returned_quantity)
    }
}

impl OrderLine {
    fn row(&self) -> &order::OrderLine {
        &self.order.lines[self.line]
    }
}

/// Something that came back.
pub struct Return {
    order: Arc<order::Order>,
    entry: usize,
    when: Option<Moment>,
}

/// Something that came back of an order.
#[Object]
impl Return {
    /// The product; null for money that no line accounts for.
    async fn product(&self) -> Option<Product> {
        self.row().product.clone().map(|product| Product(product, self.when))
    }

    /// How many; 0 for money alone.
    async fn quantity(&self) -> i32 {
        int(self.row().quantity)
    }

    /// How much was paid back.
    async fn amount(&self) -> Money {
        Money::of(self.row().amount, &self.order.currency)
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.row().at)
    }

    /// Why; null when nobody said.
    async fn reason(&self) -> Option<&str> {
        self.row().reason.as_deref()
    }
}

impl Return {
    fn row(&self) -> &order::Return {
        &self.order.returns[self.entry]
    }
}

/// A page of a customer's orders: from its view when that holds it, else read.
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
    let page = match held(view.orders.as_ref(), limit).filter(|_| plain) {
        Some(page) => page,
        None => {
            let page = OrderPage { since, until, after, limit };
            let page = load::then(ctx, view.as_of, OrdersOf(of.clone(), page)).await?;
            page.unwrap_or(Page { items: Vec::new(), more: false })
        }
    };
    let place = |o: &order::Order| {
        let placed = o.placed.expect("a listed order was placed");
        TimeKey { at: placed.at, arrival: placed.arrival }
    };
    let node = |row| Order { row: Arc::new(row), view: Some(view.clone()), when: view.as_of };
    let total = Total::Orders(OrderCount(of, since, until)).at(view.as_of);
    Ok(Connection::forward(&list, page, after.is_some(), total, place, node))
}

/// The first `limit` of a page that was read with at least as many.
pub(super) fn held<T: Clone>(page: Option<&Page<T>>, limit: usize) -> Option<Page<T>> {
    let page = page?;
    (limit <= page.items.len() || !page.more).then(|| Page {
        items: page.items[..limit.min(page.items.len())].to_vec(),
        more: page.more || limit < page.items.len(),
    })
}
