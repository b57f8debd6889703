//! Orders and what becomes of them: changed, called off, delivered, sent back.

use std::sync::Arc;

use super::{
    dice::Dice,
    event::{Context, Event},
    ids::Id,
    life::Life,
    moment::{DAY, HOUR, MINUTE, Moment},
    money::{Currency, Money},
    payload::{About, Line, Order, Properties},
    shop,
    visit::Visit,
};

/// Out of a thousand orders.
const CANCELLED: u64 = 20;
const RETURNED: u64 = 122;
const UPDATED: u64 = 40;
/// Out of a thousand orders that are sent back, those that arrive after their return does.
const AFTER_ITS_RETURN: u64 = 80;

/// What will become of an order.
struct Fate {
    updated_at: Option<Moment>,
    cancelled_at: Option<Moment>,
    returned_at: Option<Moment>,
}

/// By what later events about an order name its buyer, and which system sends them.
pub(super) struct Buyer {
    user_id: Option<Id>,
    email: Option<Arc<str>>,
    card: Option<Id>,
    source: &'static str,
}

impl Life<'_, '_> {
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
            self.look_into_cart(visit, lines.clone());
        }
        if self.maybe(500) {
            let about = About::Cart { cart_id: self.cart_id(), products: lines.clone() };
            self.act(visit, "Checkout Started", about);
        }
        let signed_in = self.is_signed_in(visit);
        let buyer = Buyer {
            user_id: signed_in.then_some(self.person.user_id),
            email: if signed_in { self.order_email() } else { Some(self.person.typed_email(self.dice)) },
            card: None,
            source: "shop",
        };
        self.can_be_mailed |= !self.signed_up;
        let order = self.order(currency, lines);
        let mut event = self.act_of(visit, "Order Completed", About::Order(order.clone()));
        if let Some(properties) = &mut event.properties {
            properties.email = buyer.email.clone();
        }
        // A guest is known by the address alone, a customer by the account.
        let buyer = if signed_in { Buyer { email: None, ..buyer } } else { buyer };
        let at = event.arrives_at;
        let fate = self.place(event, &order, at);
        self.confirm(&buyer, at);
        if fate.cancelled_at.is_none() {
            self.deliver(&buyer, &order, at);
        }
        self.follow(fate, &buyer, order);
    }

    /// Buys in a store with the loyalty card, which is all the till knows.
    pub(super) fn order_in_store(&mut self, at: Moment) {
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
        let fate = self.place(event, &order, at);
        self.follow(fate, &buyer, order);
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

    /// Mostly what is paid where the customer lives, now and then on the other side.
    fn currency(&mut self) -> Currency {
        let home = self.person.city.currency;
        if self.dice.chance(30) { home.other() } else { home }
    }

    /// One to four different products.
    fn lines(&mut self, currency: Currency) -> Vec<Line> {
        let wanted = self.dice.weigh(&[(480, 1), (300, 2), (150, 3), (70, 4)]);
        let mut lines: Vec<Line> = Vec::with_capacity(wanted);
        while lines.len() < wanted {
            let quantity = self.dice.weigh(&[(850, 1), (110, 2), (40, 3)]);
            let line = Line::new(shop::product(self.dice, self.person.favourite), currency, quantity);
            if lines.iter().all(|other| other.sku != line.sku) {
                lines.push(line);
            }
        }
        lines
    }

    /// An address typed in on the order of somebody who is signed in: none, or the other one.
    fn order_email(&mut self) -> Option<Arc<str>> {
        match &self.person.work_email {
            Some(work) if self.dice.chance(600) => Some(Arc::clone(work)),
            _ if self.dice.chance(300) => Some(self.person.typed_email(self.dice)),
            _ => None,
        }
    }

    /// Records the order, and decides what will become of it.
    fn place(&mut self, event: Event, order: &Order, at: Moment) -> Fate {
        let fate = Fate::new(self.dice, at);
        let mut arrives_at = at;
        if let (Some(returned_at), None) = (fate.returned_at, fate.updated_at)
            && self.dice.chance(AFTER_ITS_RETURN)
        {
            arrives_at = returned_at.after(self.dice.between(HOUR, 3 * DAY));
            self.recorder.summary.returns_before_their_order += 1;
        }
        let summary = &mut *self.recorder.summary;
        summary.orders += 1;
        if fate.cancelled_at.is_none() {
            summary.takings(order.currency).gross += order.total.minor;
        }
        self.touch_at(event, arrives_at);
        fate
    }

    /// What comes after the order: changes, the end, or a return.
    fn follow(&mut self, fate: Fate, buyer: &Buyer, mut order: Order) {
        if let Some(at) = fate.updated_at {
            self.update(at, buyer, &mut order);
        }
        if let Some(at) = fate.cancelled_at {
            self.recorder.summary.cancelled += 1;
            let event = self.about_order("Order Cancelled", at, buyer, About::Order(order.clone()));
            self.touch_at(event, at);
        }
        if let Some(at) = fate.returned_at {
            self.give_back(at, buyer, &order);
        }
    }

    /// Changes the number of one line, or leaves one out.
    fn update(&mut self, at: Moment, buyer: &Buyer, order: &mut Order) {
        let before = order.total.minor;
        if order.products.len() > 1 && self.dice.chance(500) {
            order.products.pop();
        } else if let Some(line) = order.products.first_mut() {
            line.quantity += 1;
        }
        order.add_up();
        let takings = self.recorder.summary.takings(order.currency);
        takings.gross = takings.gross - before + order.total.minor;
        let event = self.about_order("Order Updated", at, buyer, About::Order(order.clone()));
        self.touch_at(event, at);
    }

    /// Writes that the order has come in.
    fn confirm(&mut self, buyer: &Buyer, at: Moment) {
        if self.maybe(600) {
            let email = Arc::clone(buyer.email.as_ref().unwrap_or(&self.person.email));
            let about = About::Message { campaign_name: "order-confirmation", link_url: None };
            let properties = Properties { email: Some(email), ..Properties::about(about) };
            let event = Event::track("Email Sent", at.after(MINUTE), Context::of("mailer"), properties);
            self.touch(event.by(buyer.user_id, None));
        }
    }

    /// The parcel on its way, as far as the carrier tells.
    fn deliver(&mut self, buyer: &Buyer, order: &Order, at: Moment) {
        let carrier = *self.dice.pick(&["Parcelway", "Red Van", "Swift and Sons"]);
        let mut steps = vec!["Shipment Dispatched", "Shipment Delivered"];
        if self.dice.chance(60) {
            steps.insert(1, "Delivery Attempted");
        }
        let mut at = at;
        for name in steps {
            at = at.after(self.dice.between(10 * HOUR, 2 * DAY));
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
    pub(super) fn about_order(&mut self, name: &'static str, at: Moment, buyer: &Buyer, about: About) -> Event {
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

impl Fate {
    fn new(dice: &mut Dice, at: Moment) -> Self {
        let end = dice.below(1_000);
        let updated = end >= CANCELLED && dice.chance(UPDATED);
        Self {
            updated_at: updated.then(|| at.after(dice.between(10 * MINUTE, 6 * HOUR))),
            cancelled_at: (end < CANCELLED).then(|| at.after(dice.between(HOUR, 20 * HOUR))),
            returned_at: (CANCELLED..CANCELLED + RETURNED)
                .contains(&end)
                .then(|| at.after(dice.between(3 * DAY, 25 * DAY))),
        }
    }
}
