//! An order, computed from all its events, in any order of arrival.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::money::Currency;
use super::product::Product;
use super::rollup::MoneyRollup;
use super::{Amount, Arrival, IdentifierId, Moment, Timestamp};

/// The key of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderKey {
    /// Who sent it.
    pub source: Arc<str>,
    /// The sender's number.
    pub number: Arc<str>,
}

/// One event of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// When it happened.
    pub at: Timestamp,
    /// Its arrival; set when it is stored.
    #[serde(default)]
    pub arrival: Arrival,
    /// The owner of the event, set when it is stored; the order's owner is its first COMPLETED's.
    #[serde(default)]
    pub owner: Option<IdentifierId>,
    /// What happened.
    pub act: OrderAct,
}

impl OrderEvent {
    /// The size that it adds to the stored order: an order of few lines can have a thousand events.
    fn weight(&self) -> usize {
        100 + match &self.act {
            OrderAct::Completed(content) | OrderAct::Updated(content) => content.lines.as_ref().map_or(0, Vec::len),
            OrderAct::Refunded(refund) => refund.products.len(),
            OrderAct::Cancelled => 0,
        }
    }
}

/// The kind of an order event.
///
/// In JSON `{"COMPLETED": {…}}`: with its kind first, an event is parsed in one pass. To read the events of ten orders
/// takes a third of the time to read a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderAct {
    /// It was placed; a second such event updates it.
    Completed(OrderContent),
    /// Its content changed; fields that are not given stay.
    Updated(OrderContent),
    /// It was cancelled.
    Cancelled,
    /// Something came back.
    Refunded(Refund),
}

/// The content of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderContent {
    /// Its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Its total; without one, the sum of its lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Amount>,
    /// The channel on which it was placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Arc<str>>,
    /// Its lines; `None` when they are not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Line>>,
}

/// A line as sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The product.
    pub product: Product,
    /// The quantity, at least 1.
    pub quantity: i64,
    /// The price of one.
    pub price: Amount,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The currency, if given. A refund in another currency than its order does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The amount, if given. It replaces quantity x price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Amount>,
    /// The products; empty for the whole order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<RefundLine>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}

/// One product of a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// The product.
    pub product: Product,
    /// The quantity, at least 1.
    pub quantity: i64,
    /// The price of one; without it, the price of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Amount>,
}

/// The status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// It was placed; nothing was returned.
    Placed,
    /// Called off.
    Cancelled,
    /// Something came back.
    PartReturned,
    /// All money or all goods were returned.
    Returned,
}

impl OrderStatus {
    /// Its name in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderStatus::Placed => "PLACED",
            OrderStatus::Cancelled => "CANCELLED",
            OrderStatus::PartReturned => "PART_RETURNED",
            OrderStatus::Returned => "RETURNED",
        }
    }
}

/// The present state of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Source and number.
    pub key: OrderKey,
    /// Owner, time and arrival of its first COMPLETED event. Before this event arrives, the order *waits*: it is
    /// stored, but no customer has it.
    pub placed: Option<Placed>,
    /// Its currency: that of the latest event with one, else `XXX` (ISO 4217: no currency).
    pub currency: Currency,
    /// Its total.
    pub total: Amount,
    /// The returned amount, never more than the total.
    pub returned: Amount,
    /// Where it stands.
    pub status: OrderStatus,
    /// The channel on which it was placed.
    pub channel: Option<Arc<str>>,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// The returns, in order of time.
    pub returns: Vec<Return>,
    /// All events, in order of arrival. All other fields are computed from these.
    pub events: Vec<OrderEvent>,
}

/// The first COMPLETED event of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The identifier that the order is attached to.
    pub owner: IdentifierId,
    /// When it was placed.
    pub at: Timestamp,
    /// The arrival of that event. It breaks ties of equal times in lists.
    pub arrival: Arrival,
}

/// The present state of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The product.
    pub product: Product,
    /// How many.
    pub quantity: i64,
    /// The price of one.
    pub unit_price: Amount,
    /// The returned quantity.
    pub returned_quantity: i64,
}

/// One return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The product; `None` for money that belongs to no line.
    pub product: Option<Product>,
    /// The quantity; 0 for money alone.
    pub quantity: i64,
    /// How much.
    pub amount: Amount,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<Arc<str>>,
}

impl Order {
    /// The order from `events`. The result does not depend on their order, with two exceptions: arrival breaks ties of
    /// equal times, and the owner comes from the first COMPLETED event to arrive.
    pub fn fold(key: OrderKey, mut events: Vec<OrderEvent>) -> Order {
        events.sort_by_key(|e| e.arrival);
        let placed = events.iter().find_map(|e| match (&e.act, e.owner) {
            (OrderAct::Completed(_), Some(owner)) => Some(Placed { owner, at: e.at, arrival: e.arrival }),
            _ => None,
        });
        let mut order = Order {
            key,
            placed,
            currency: Currency("XXX".into()),
            total: Amount::ZERO,
            returned: Amount::ZERO,
            status: OrderStatus::Placed,
            channel: None,
            lines: Vec::new(),
            returns: Vec::new(),
            events: Vec::new(),
        };
        let mut by_time: Vec<&OrderEvent> = events.iter().collect();
        by_time.sort_by_key(|e| (e.at, e.arrival));
        let mut total = None;
        let said = said_currency(&by_time);
        for event in &by_time {
            if let OrderAct::Completed(content) | OrderAct::Updated(content) = &event.act {
                order.take_content(content, &mut total);
            }
        }
        order.total = total.unwrap_or_else(|| order.lines.iter().map(|l| l.unit_price.times(l.quantity)).sum());
        for event in &by_time {
            if let OrderAct::Refunded(refund) = &event.act
                && !refund.is_foreign(said)
            {
                order.take_refund(refund, event.at);
            }
        }
        let cancelled = events.iter().any(|e| e.act == OrderAct::Cancelled);
        order.status = order.standing(cancelled);
        order.events = events;
        order
    }

    /// Whether one more event of an order with `events` is stored. There is a limit, since all events are read and
    /// written again with each new one. An event that places or cancels the order is always stored.
    pub fn keeps(events: &[OrderEvent], next: &OrderEvent) -> bool {
        const MOST: usize = 100_000;
        let is_first = |is_one: fn(&OrderAct) -> bool| is_one(&next.act) && !events.iter().any(|e| is_one(&e.act));
        let decides =
            is_first(|act| matches!(act, OrderAct::Completed(_))) || is_first(|act| *act == OrderAct::Cancelled);
        decides || events.iter().chain([next]).map(OrderEvent::weight).sum::<usize>() <= MOST
    }

    /// The refunds among `events` that do not count because their currency is not the order's, by arrival. Empty while
    /// the order itself has not arrived.
    pub fn foreign_refunds(events: &[OrderEvent]) -> BTreeSet<Arrival> {
        let mut by_time: Vec<&OrderEvent> = events.iter().collect();
        by_time.sort_by_key(|e| (e.at, e.arrival));
        let is_here = events.iter().any(|e| matches!(e.act, OrderAct::Completed(_)));
        let said = said_currency(&by_time).filter(|_| is_here);
        let foreign =
            by_time.iter().filter(|e| matches!(&e.act, OrderAct::Refunded(refund) if refund.is_foreign(said)));
        foreign.map(|e| e.arrival).collect()
    }

    /// The events up to a moment, or all events.
    pub fn fold_as_of(key: OrderKey, mut events: Vec<OrderEvent>, when: Option<Moment>) -> Order {
        if let Some(moment) = when {
            events.retain(|event| moment.has(event.arrival));
        }
        Order::fold(key, events)
    }

    /// Sets the owners that its events had before reassignments, by arrival.
    pub fn give_back<S: BuildHasher>(&mut self, owners: &HashMap<Arrival, IdentifierId, S>) {
        let placed = self.placed.iter_mut().map(|placed| (placed.arrival, &mut placed.owner));
        let said = self.events.iter_mut().filter_map(|event| Some((event.arrival, event.owner.as_mut()?)));
        for (arrival, owner) in placed.chain(said) {
            *owner = owners.get(&arrival).copied().unwrap_or(*owner);
        }
    }

    /// `total - returned`; 0 for a cancelled order.
    pub fn net(&self) -> Amount {
        if self.status == OrderStatus::Cancelled { Amount::ZERO } else { self.total - self.returned }
    }

    /// The amounts that it adds to its owner's figures: none while it waits or when it is cancelled.
    pub fn figures(&self) -> Option<(IdentifierId, &Currency, MoneyRollup)> {
        let placed = self.placed?;
        (self.status != OrderStatus::Cancelled).then_some((
            placed.owner,
            &self.currency,
            MoneyRollup { orders: 1, gross: self.total, returned: self.returned },
        ))
    }

    /// Sets the names of its products from `products` (by sku).
    pub fn name_products(&mut self, products: &HashMap<Arc<str>, Product>) {
        let lines = self.lines.iter_mut().map(|l| &mut l.product);
        let returns = self.returns.iter_mut().filter_map(|r| r.product.as_mut());
        for product in lines.chain(returns) {
            if let Some(known) = products.get(&product.sku) {
                *product = known.clone();
            }
        }
    }

    /// Every product of its lines and returns.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        let lines = self.lines.iter().map(|l| &l.product);
        lines.chain(self.returns.iter().filter_map(|r| r.product.as_ref()))
    }

    /// Every sku in it.
    pub fn skus(&self) -> impl Iterator<Item = &Arc<str>> {
        self.products().map(|product| &product.sku)
    }

    /// Later content replaces the fields that it has. New lines without a total set the total to their sum.
    fn take_content(&mut self, content: &OrderContent, total: &mut Option<Amount>) {
        if let Some(currency) = &content.currency {
            self.currency = currency.clone();
        }
        if content.channel.is_some() {
            self.channel.clone_from(&content.channel);
        }
        if let Some(lines) = &content.lines {
            self.lines = lines
                .iter()
                .map(|l| OrderLine {
                    product: l.product.clone(),
                    quantity: l.quantity,
                    unit_price: l.price,
                    returned_quantity: 0,
                })
                .collect();
            *total = None;
        }
        if content.total.is_some() {
            *total = content.total;
        }
    }

    /// Subtracts the returned amounts and quantities from the remaining ones.
    fn take_refund(&mut self, refund: &Refund, at: Timestamp) {
        let left = self.total - self.returned;
        let mut parts: Vec<(Option<Product>, i64, Amount)> = Vec::new();
        let amount = if refund.products.is_empty() {
            let amount = refund.total.unwrap_or(left).min(left);
            // A sum smaller than the rest is money alone: the returned goods are not known.
            if amount == left {
                for line in &mut self.lines {
                    let quantity = line.quantity - line.returned_quantity;
                    if quantity > 0 {
                        line.returned_quantity = line.quantity;
                        parts.push((Some(line.product.clone()), quantity, line.unit_price.times(quantity)));
                    }
                }
            }
            amount
        } else {
            let mut left_of: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
            for (n, line) in self.lines.iter().enumerate().rev() {
                left_of.entry(line.product.sku.clone()).or_default().push(n);
            }
            for returned in &refund.products {
                self.take_product(returned, left_of.get_mut(&returned.product.sku), &mut parts);
            }
            let computed: Amount = parts.iter().map(|p| p.2).sum();
            refund.total.unwrap_or(computed).min(left)
        };
        if parts.is_empty() {
            parts.push((None, 0, amount));
        }
        self.returned += amount;
        let said: Vec<Amount> = parts.iter().map(|p| p.2).collect();
        // When the sum of the lines is right, it need not be divided.
        let shares =
            if said.iter().copied().sum::<Amount>() == amount { said } else { amount.share_out(&said, &self.currency) };
        for ((product, quantity, _), amount) in parts.into_iter().zip(shares) {
            self.returns.push(Return { product, quantity, amount, at, reason: refund.reason.clone() });
        }
    }

    /// Takes a refund's product from the lines of its sku with a remaining quantity, the first line last in `left_of`;
    /// never more than was bought.
    fn take_product(
        &mut self,
        returned: &RefundLine,
        left_of: Option<&mut Vec<usize>>,
        parts: &mut Vec<(Option<Product>, i64, Amount)>,
    ) {
        let mut wanted = returned.quantity;
        let Some(left_of) = left_of else {
            let price = returned.price.unwrap_or_default();
            parts.push((Some(returned.product.clone()), wanted, price.times(wanted)));
            return;
        };
        while let Some(line) = left_of.last().map(|&n| &mut self.lines[n])
            && wanted > 0
        {
            let quantity = wanted.min(line.quantity - line.returned_quantity);
            if quantity > 0 {
                line.returned_quantity += quantity;
                wanted -= quantity;
                let price = returned.price.unwrap_or(line.unit_price);
                parts.push((Some(line.product.clone()), quantity, price.times(quantity)));
            }
            if line.returned_quantity == line.quantity {
                left_of.pop();
            }
        }
    }

    fn standing(&self, cancelled: bool) -> OrderStatus {
        let goods_back = !self.lines.is_empty() && self.lines.iter().all(|l| l.returned_quantity == l.quantity);
        let money_back = self.total > Amount::ZERO && self.returned == self.total;
        if cancelled {
            OrderStatus::Cancelled
        } else if goods_back || money_back {
            OrderStatus::Returned
        } else if self.returned > Amount::ZERO || self.lines.iter().any(|l| l.returned_quantity > 0) {
            OrderStatus::PartReturned
        } else {
            OrderStatus::Placed
        }
    }
}

/// The currency of the latest event with one.
fn said_currency<'e>(by_time: &[&'e OrderEvent]) -> Option<&'e Currency> {
    by_time.iter().rev().find_map(|event| match &event.act {
        OrderAct::Completed(content) | OrderAct::Updated(content) => content.currency.as_ref(),
        _ => None,
    })
}

impl Refund {
    /// Whether a refund has another currency than its order. A refund without a currency has the order's currency. An
    /// order without a currency accepts any.
    fn is_foreign(&self, order: Option<&Currency>) -> bool {
        self.currency.as_ref().zip(order).is_some_and(|(own, order)| own != order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(sku: &str) -> Product {
        Product { sku: sku.into(), name: None, category: None }
    }

    fn gbp(text: &str) -> Amount {
        Amount::parse(text).expect("an amount")
    }

    fn completed(total: &str, lines: &[(&str, i64, &str)]) -> OrderAct {
        OrderAct::Completed(OrderContent {
            currency: Some(Currency("GBP".into())),
            total: Some(gbp(total)),
            channel: None,
            lines: Some(
                lines
                    .iter()
                    .map(|(sku, quantity, price)| Line {
                        product: product(sku),
                        quantity: *quantity,
                        price: gbp(price),
                    })
                    .collect(),
            ),
        })
    }

    fn refund(total: Option<&str>, products: &[(&str, i64, Option<&str>)]) -> OrderAct {
        OrderAct::Refunded(Refund {
            currency: None,
            total: total.map(gbp),
            products: products
                .iter()
                .map(|(sku, quantity, price)| RefundLine {
                    product: product(sku),
                    quantity: *quantity,
                    price: price.map(gbp),
                })
                .collect(),
            reason: None,
        })
    }

    fn fold(acts: Vec<(i64, OrderAct)>) -> Order {
        let events = acts
            .into_iter()
            .enumerate()
            .map(|(n, (at, act))| OrderEvent {
                at: Timestamp(at),
                arrival: Arrival::new(1, n as u32),
                owner: Some(Arrival::new(0, 7)),
                act,
            })
            .collect();
        Order::fold(OrderKey { source: "shop".into(), number: "1".into() }, events)
    }

    #[test]
    fn a_refund_by_products_uses_its_own_price_else_the_lines() {
        let order = fold(vec![
            (1, completed("50", &[("a", 2, "10"), ("b", 1, "30")])),
            (2, refund(None, &[("a", 1, None)])),
            (3, refund(None, &[("a", 1, Some("8"))])),
        ]);
        assert_eq!(order.returned, gbp("18"));
        assert_eq!(order.status, OrderStatus::PartReturned);
        assert_eq!(order.lines[0].returned_quantity, 2);
    }

    #[test]
    fn a_whole_refund_is_what_is_left_and_never_more_than_the_total() {
        let order = fold(vec![
            (1, completed("55", &[("a", 2, "10"), ("b", 1, "30")])),
            (2, refund(None, &[("a", 1, None)])),
            (3, refund(None, &[])),
            (4, refund(None, &[("b", 1, None)])),
        ]);
        assert_eq!((order.returned, order.net()), (gbp("55"), Amount::ZERO));
        assert_eq!(order.status, OrderStatus::Returned);
        assert!(order.lines.iter().all(|l| l.returned_quantity == l.quantity));
        assert_eq!(order.returns.iter().map(|r| r.amount).sum::<Amount>(), gbp("55"));
    }

    #[test]
    fn a_total_of_its_own_wins_and_money_alone_returns_no_goods() {
        let order = fold(vec![
            (1, completed("50", &[("a", 2, "10"), ("b", 1, "30")])),
            (2, refund(Some("9.99"), &[("a", 1, None)])),
            (3, refund(Some("5"), &[])),
        ]);
        assert_eq!(order.returned, gbp("14.99"));
        assert_eq!(order.lines.iter().map(|l| l.returned_quantity).sum::<i64>(), 1);
        assert_eq!(order.returns[1].product, None);
    }

    #[test]
    fn a_refund_waits_for_its_order_and_arrival_does_not_matter() {
        let acts = [(1, completed("50", &[("a", 2, "10"), ("b", 1, "30")])), (2, refund(None, &[("b", 1, None)]))];
        let early = fold(vec![acts[1].clone()]);
        assert_eq!((early.placed, early.figures()), (None, None));
        let late = fold(vec![acts[1].clone(), acts[0].clone()]);
        let usual = fold(acts.to_vec());
        assert_eq!((late.returned, late.net()), (usual.returned, usual.net()));
        assert_eq!(late.net(), gbp("20"));
    }

    #[test]
    fn a_refund_in_another_currency_counts_for_nothing_whichever_comes_first() {
        let in_currency = |currency: &str, act: OrderAct| match act {
            OrderAct::Refunded(refund) => {
                OrderAct::Refunded(Refund { currency: Some(Currency(currency.into())), ..refund })
            }
            act => act,
        };
        let placed = (1, completed("50", &[("a", 1, "50")]));
        let foreign = (2, in_currency("EUR", refund(Some("20"), &[])));
        let own = (3, in_currency("GBP", refund(Some("5"), &[])));
        for acts in [
            vec![placed.clone(), foreign.clone(), own.clone()],
            vec![own.clone(), foreign.clone(), placed.clone()],
            vec![foreign.clone(), placed.clone(), own.clone()],
        ] {
            let order = fold(acts);
            assert_eq!((order.returned, order.returns.len()), (gbp("5"), 1));
            assert_eq!((order.status, order.lines[0].returned_quantity), (OrderStatus::PartReturned, 0));
            assert_eq!(Order::foreign_refunds(&order.events).len(), 1);
        }
        assert!(Order::foreign_refunds(&fold(vec![foreign.clone()]).events).is_empty(), "its order is not here yet");
        let euros = OrderContent { currency: Some(Currency("EUR".into())), ..OrderContent::default() };
        let order = fold(vec![placed, foreign, own, (4, OrderAct::Updated(euros))]);
        assert_eq!((&*order.currency.0, order.returned), ("EUR", gbp("20")), "the order is in euros after all");
    }

    #[test]
    fn a_whole_refund_over_lines_is_shared_out_in_pennies() {
        let lines = [("a", 1, "3.333333"), ("b", 1, "3.333333"), ("c", 1, "3.333333")];
        let order = fold(vec![(1, completed("10", &lines)), (2, refund(None, &[]))]);
        let parts: Vec<String> = order.returns.iter().map(|part| part.amount.to_text(2)).collect();
        assert_eq!(parts, ["3.34", "3.33", "3.33"]);
        assert_eq!((order.returned, order.status), (gbp("10"), OrderStatus::Returned));
        let whole =
            fold(vec![(1, completed("25", &[("a", 1, "12.345678"), ("b", 1, "12.654322")])), (2, refund(None, &[]))]);
        let parts: Vec<_> = whole.returns.iter().map(|part| part.amount).collect();
        assert_eq!(parts, [gbp("12.345678"), gbp("12.654322")], "what the lines say themselves is not rounded");
    }

    #[test]
    fn a_cancelled_order_keeps_its_total_and_counts_for_nothing() {
        let order = fold(vec![(1, completed("50", &[("a", 1, "50")])), (2, OrderAct::Cancelled)]);
        assert_eq!((order.total, order.net(), order.status), (gbp("50"), Amount::ZERO, OrderStatus::Cancelled));
        assert_eq!(order.figures(), None);
    }

    #[test]
    fn much_may_be_said_of_an_order_and_it_is_still_placed_and_cancelled_once() {
        let event = |act| OrderEvent { at: Timestamp(0), arrival: Arrival::default(), owner: None, act };
        let update = event(OrderAct::Updated(OrderContent::default()));
        let mut events = vec![update.clone(); 999];
        assert!(Order::keeps(&events, &update));
        events.push(update.clone());
        assert!(!Order::keeps(&events, &update) && !Order::keeps(&events, &event(refund(Some("1"), &[]))));
        for decides in [completed("1", &[]), OrderAct::Cancelled] {
            assert!(Order::keeps(&events, &event(decides.clone())));
            events.push(event(decides.clone()));
            assert!(!Order::keeps(&events, &event(decides)));
        }
        let long = event(completed("1", &vec![("k", 1, "1"); 60_000]));
        assert!(Order::keeps(&[], &long) && !Order::keeps(std::slice::from_ref(&long), &long));
    }

    #[test]
    fn products_come_back_from_the_lines_that_have_some_left() {
        let said = |act, n| OrderEvent { at: Timestamp(n), arrival: Arrival(n), owner: Some(Arrival(1)), act };
        let lines = completed("12", &[("a", 1, "1"), ("b", 2, "1"), ("a", 2, "2"), ("a", 1, "3")]);
        let first = refund(None, &[("a", 2, None), ("a", 1, None), ("c", 1, Some("1"))]);
        let second = refund(None, &[("b", 5, None), ("a", 5, None)]);
        let key = OrderKey { source: "s".into(), number: "1".into() };
        let order = Order::fold(key, vec![said(lines, 1), said(first, 2), said(second, 3)]);
        let returned: Vec<i64> = order.lines.iter().map(|line| line.returned_quantity).collect();
        assert_eq!(returned, [1, 2, 2, 1]);
        let parts: Vec<_> = order.returns.iter().map(|one| (one.quantity, one.amount)).collect();
        let expected = [(1, "1"), (1, "2"), (1, "2"), (1, "1"), (2, "2"), (1, "3")];
        assert_eq!(parts, expected.map(|(quantity, amount)| (quantity, gbp(amount))), "{order:?}");
    }
}
