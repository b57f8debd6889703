//! Returns: whole orders, part of a line, the rest later.

use super::{
    money::Money,
    payload::{About, Order, Returned},
    purchase::Buyer,
    shop::RETURN_REASONS,
    simulator::Simulator,
    timestamp::{DAY, Timestamp},
};

impl Simulator<'_, '_> {
    /// Returns the whole order or part of it, and sometimes the rest later.
    pub(super) fn return_items(&mut self, at: Timestamp, buyer: &Buyer, order: &Order) {
        self.recorder.summary.returned_orders += 1;
        let whole = self.random.chance(500);
        let (total, products, amount) = if whole { self.all_of(order) } else { self.part_of(order) };
        self.refund(at, buyer, order, total, products);
        let mut returned = amount;
        if amount < order.total.minor && self.random.chance(100) {
            let later = at.after(self.random.between(DAY, 9 * DAY));
            self.refund(later, buyer, order, None, Vec::new());
            returned = order.total.minor;
        }
        self.recorder.summary.totals(order.currency).returned += returned;
    }

    /// A return of everything: the total and the products of the event, and the amount.
    fn all_of(&mut self, order: &Order) -> (Option<Money>, Vec<Returned>, u64) {
        let total = self.random.chance(300).then_some(order.total);
        (total, Vec::new(), order.total.minor)
    }

    /// A return of part of one line: at the price of the order, at another price, or for a total with a deduction.
    fn part_of(&mut self, order: &Order) -> (Option<Money>, Vec<Returned>, u64) {
        let line = *self.random.pick(&order.products);
        let quantity = self.random.between(1, line.quantity);
        let (full, plain) = (line.price.minor * quantity, Returned { sku: line.sku, quantity, price: None });
        match self.random.below(10) {
            0..=5 => (None, vec![plain], full),
            6 | 7 => {
                let less = line.price.minor - line.price.minor / 10;
                let price = Some(Money { minor: less, ..line.price });
                (None, vec![Returned { price, ..plain }], less * quantity)
            }
            _ => {
                let kept = full - full.min(395);
                (Some(Money { minor: kept, ..line.price }), vec![plain], kept)
            }
        }
    }

    /// Records one return.
    fn refund(&mut self, at: Timestamp, buyer: &Buyer, order: &Order, total: Option<Money>, products: Vec<Returned>) {
        let about = About::Refund {
            order_id: order.order_id,
            currency: order.currency,
            total,
            products,
            reason: self.random.pick::<&str>(&RETURN_REASONS),
        };
        self.recorder.summary.refunds += 1;
        let event = self.about_order("Order Refunded", at, buyer, about);
        self.touch_at(event, at);
    }
}
