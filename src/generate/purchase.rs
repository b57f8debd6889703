//! Orders, and what follows them: updates, cancellations, deliveries and returns.

use std::sync::Arc;

use super::{
    event::{Context, Event},
    ids::Id,
    money::{Currency, Money},
    payload::{About, Line, Order, Properties},
    random::Random,
    shop,
    simulator::Simulator,
    timestamp::{DAY, HOUR, MINUTE, Timestamp},
    visit::Visit,
};

/// Cancelled, returned and updated orders per thousand.
const CANCELLED: u64 = 20;
const RETURNED: u64 = 122;
const UPDATED: u64 = 40;
/// Orders that arrive after their return, per thousand orders with a return.
const AFTER_ITS_RETURN: u64 = 80;

/// The times of the events that follow an order.
struct FollowUps {
    updated_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
    returned_at: Option<Timestamp>,
}

/// The identifiers of the buyer in later events about an order, and the source that sends them.
pub(super) struct Buyer {
    user_id: Option<Id>,
    email: Option<Arc<str>>,
    card: Option<Id>,
    source: &'static str,
}

impl Simulator<'_, '_> {
    /// Fills a cart on the visit and orders it.
    pub(super) fn checkout(&mut self, visit: &mut Visit) {
        let currency = self.currency();
        let lines = self.lines(currency);
        for line in &lines {
            if self.maybe(700) {
                self.about_product(visit, "Product Viewed", *line, currency);
            }
            if self.maybe(700) {
                self.about_product(visit, "Product Added", *line, currency);
            }
        }
        if self.maybe(700) {
            self.view_cart(visit, lines.clone());
        }
        if self.maybe(500) {
            let about = About::Cart { cart_id: self.cart_id(), products: lines.clone() };
            self.act(visit, "Checkout Started", about);
        }
        let signed_in = self.is_signed_in(visit);
        let buyer = Buyer {
            user_id: signed_in.then_some(self.person.user_id),
            email: if signed_in { self.order_email() } else { Some(self.person.typed_email(self.random)) },
            card: None,
            source: "shop",
        };
        self.can_be_mailed |= !self.signed_up;
        let order = self.order(currency, lines);
        let mut event = self.act_of(visit, "Order Completed", About::Order(order.clone()));
        if let Some(properties) = &mut event.properties {
            properties.email = buyer.email.clone();
        }
        // Later events identify a guest by the address, and a customer with an account by the account.
        let buyer = if signed_in { Buyer { email: None, ..buyer } } else { buyer };
        let at = event.arrives_at;
        let follow_ups = self.place(event, &order, at);
        self.confirm(&buyer, at);
        if follow_ups.cancelled_at.is_none() {
            self.deliver(&buyer, &order, at);
        }
        self.follow(follow_ups, &buyer, order);
    }

    /// An order in a store with the loyalty card, the only identifier that the till knows.
    pub(super) fn order_in_store(&mut self, at: Timestamp) {
        let currency = self.person.city.currency;
        let mut lines = self.lines(currency);
        for line in &mut lines {
            line.price = line.price.text();
        }
        let store = self.person.city.store;
        let mut order = self.order(currency, lines);
        order.total = order.total.text();
        order.store = Some(store);
        let buyer = Buyer { user_id: None, email: None, card: self.person.card, source: "stores" };
        if self.maybe(500) {
            self.store_visit(at.before(9 * MINUTE));
        }
        let event = self.about_order("Order Completed", at, &buyer, About::Order(order.clone()));
        let follow_ups = self.place(event, &order, at);
        self.follow(follow_ups, &buyer, order);
    }

    fn order(&mut self, currency: Currency, products: Vec<Line>) -> Order {
        self.orders += 1;
        let mut order = Order {
            order_id: Id::order(self.seed, self.person.number, self.orders),
            currency,
            total: Money::number(0),
            store: None,
            products,
        };
        order.add_up();
        order
    }

    /// The currency of the customer's city, or rarely the other one.
    fn currency(&mut self) -> Currency {
        let home = self.person.city.currency;
        if self.random.chance(30) { home.other() } else { home }
    }

    /// One to four different products.
    fn lines(&mut self, currency: Currency) -> Vec<Line> {
        let wanted = self.random.weighted(&[(480, 1), (300, 2), (150, 3), (70, 4)]);
        let mut lines: Vec<Line> = Vec::with_capacity(wanted);
        while lines.len() < wanted {
            let quantity = self.random.weighted(&[(850, 1), (110, 2), (40, 3)]);
            let line = Line::new(shop::product(self.random, self.person.favourite), currency, quantity);
            if lines.iter().all(|other| other.sku != line.sku) {
                lines.push(line);
            }
        }
        lines
    }

    /// The address on the order of a customer who is signed in: none, the work address, or the usual one.
    fn order_email(&mut self) -> Option<Arc<str>> {
        match &self.person.work_email {
            Some(work) if self.random.chance(600) => Some(Arc::clone(work)),
            _ if self.random.chance(300) => Some(self.person.typed_email(self.random)),
            _ => None,
        }
    }

    /// Records the order, and decides what follows it.
    fn place(&mut self, event: Event, order: &Order, at: Timestamp) -> FollowUps {
        let follow_ups = FollowUps::new(self.random, at);
        let mut arrives_at = at;
        if let (Some(returned_at), None) = (follow_ups.returned_at, follow_ups.updated_at)
            && self.random.chance(AFTER_ITS_RETURN)
        {
            arrives_at = returned_at.after(self.random.between(HOUR, 3 * DAY));
            self.recorder.summary.returns_before_their_order += 1;
        }
        let summary = &mut *self.recorder.summary;
        summary.orders += 1;
        if follow_ups.cancelled_at.is_none() {
            summary.totals(order.currency).gross += order.total.minor;
        }
        self.touch_at(event, arrives_at);
        follow_ups
    }

    /// Records the update, the cancellation and the return of an order.
    fn follow(&mut self, follow_ups: FollowUps, buyer: &Buyer, mut order: Order) {
        if let Some(at) = follow_ups.updated_at {
            self.update(at, buyer, &mut order);
        }
        if let Some(at) = follow_ups.cancelled_at {
            self.recorder.summary.cancelled += 1;
            let event = self.about_order("Order Cancelled", at, buyer, About::Order(order.clone()));
            self.touch_at(event, at);
        }
        if let Some(at) = follow_ups.returned_at {
            self.return_items(at, buyer, &order);
        }
    }

    /// Updates the order: another quantity, or one line less.
    fn update(&mut self, at: Timestamp, buyer: &Buyer, order: &mut Order) {
        let before = order.total.minor;
        if order.products.len() > 1 && self.random.chance(500) {
            order.products.pop();
        } else if let Some(line) = order.products.first_mut() {
            line.quantity += 1;
        }
        order.add_up();
        let totals = self.recorder.summary.totals(order.currency);
        totals.gross = totals.gross - before + order.total.minor;
        let event = self.about_order("Order Updated", at, buyer, About::Order(order.clone()));
        self.touch_at(event, at);
    }

    /// Sends the confirmation of an order.
    fn confirm(&mut self, buyer: &Buyer, at: Timestamp) {
        if self.maybe(600) {
            let email = Arc::clone(buyer.email.as_ref().unwrap_or(&self.person.email));
            let about = About::Message { campaign_name: "order-confirmation", link_url: None };
            let properties = Properties { email: Some(email), ..Properties::about(about) };
            let event = Event::track("Email Sent", at.after(MINUTE), Context::of("mailer"), properties);
            self.touch(event.by(buyer.user_id, None));
        }
    }

    /// The delivery events that the carrier reports.
    fn deliver(&mut self, buyer: &Buyer, order: &Order, at: Timestamp) {
        let carrier = *self.random.pick(&["Parcelway", "Red Van", "Swift and Sons"]);
        let mut steps = vec!["Shipment Dispatched", "Shipment Delivered"];
        if self.random.chance(60) {
            steps.insert(1, "Delivery Attempted");
        }
        let mut at = at;
        for name in steps {
            at = at.after(self.random.between(10 * HOUR, 2 * DAY));
            if self.maybe(600) {
                let about = About::Delivery { order_id: order.order_id, carrier };
                let mut event = self.about_order(name, at, buyer, about);
                if let Some(properties) = &mut event.properties {
                    properties.channel = Some("delivery");
                    properties.direction = Some("OUTBOUND");
                }
                self.touch(event);
            }
        }
    }

    /// An event about an order, from the system that took it.
    pub(super) fn about_order(&mut self, name: &'static str, at: Timestamp, buyer: &Buyer, about: About) -> Event {
        let properties = Properties {
            channel: Some(if buyer.card.is_some() { "store" } else { "website" }),
            email: buyer.email.clone(),
            loyalty_card: buyer.card,
            ..Properties::about(about)
        };
        Event::track(name, at, Context::of(buyer.source), properties).by(buyer.user_id, None)
    }

    fn cart_id(&self) -> Id {
        Id::cart(self.seed, self.person.number, self.carts.max(1))
    }
}

impl FollowUps {
    fn new(random: &mut Random, at: Timestamp) -> Self {
        let end = random.below(1_000);
        let updated = end >= CANCELLED && random.chance(UPDATED);
        Self {
            updated_at: updated.then(|| at.after(random.between(10 * MINUTE, 6 * HOUR))),
            cancelled_at: (end < CANCELLED).then(|| at.after(random.between(HOUR, 20 * HOUR))),
            returned_at: (CANCELLED..CANCELLED + RETURNED)
                .contains(&end)
                .then(|| at.after(random.between(3 * DAY, 25 * DAY))),
        }
    }
}
