//! A visit to the website or a session in the app: browsing, signing up, signing in.

use super::{
    event::{CategoryPreferences, ConsentChoice, Context, Event, EventKind, Machine},
    ids::Id,
    money::Currency,
    payload::{About, Line, Properties},
    person::CustomerType,
    shop::{self, ADVERTISEMENTS, Campaign, PAGES, SEARCHES},
    simulator::Simulator,
    timestamp::{MINUTE, SECOND, Timestamp},
};

/// The state of a visit.
pub(super) struct Visit {
    pub(super) device: usize,
    pub(super) now: Timestamp,
    session: Option<Id>,
    /// The campaign that led to the visit; only the first event has it.
    campaign: Option<&'static Campaign>,
    /// Whether the first event has the choices of the consent banner.
    banner: bool,
}

impl Simulator<'_, '_> {
    /// A visit, until the episode may have no more touchpoints; with `purchase` it has an order.
    pub(super) fn visit(&mut self, at: Timestamp, purchase: bool, sign_up: bool, campaign: Option<&'static Campaign>) {
        let mut visit = self.begin(at, campaign);
        self.page(&mut visit, "Home", "/");
        if sign_up && !purchase && self.random.chance(700) {
            self.browse(&mut visit);
        }
        // Three in four customers who order without an account open one at the checkout.
        let signs_up =
            sign_up || (purchase && self.person.customer_type == CustomerType::Account && self.random.chance(750));
        if signs_up && !self.signed_up {
            self.sign_up(&mut visit);
        } else if self.signed_up && !self.devices[visit.device].signed_in {
            let shared = self.devices[visit.device].shared;
            if self.random.chance(if shared { 600 } else { 920 }) {
                self.sign_in(&mut visit);
            }
        }
        if purchase {
            self.checkout(&mut visit);
        } else if self.person.customer_type == CustomerType::Guest && !self.can_be_mailed && self.random.chance(500) {
            self.subscribe(&mut visit);
        }
        while self.has_room() {
            self.browse(&mut visit);
            if self.random.chance(40) {
                break;
            }
        }
        if self.devices[visit.device].shared {
            self.devices[visit.device].signed_in = false;
        }
    }

    /// The time of the next action.
    pub(super) fn next(&mut self, visit: &mut Visit) -> Timestamp {
        visit.now = visit.now.after(self.random.between(4 * SECOND, 2 * MINUTE));
        visit.now
    }

    /// Records an action of the visit.
    pub(super) fn act(&mut self, visit: &mut Visit, name: &'static str, about: About) {
        let event = self.act_of(visit, name, about);
        self.touch(event);
    }

    /// An action of the visit, which is not recorded yet.
    pub(super) fn act_of(&mut self, visit: &mut Visit, name: &'static str, about: About) -> Event {
        let at = self.next(visit);
        let model = self.devices[visit.device].model;
        let properties = Properties {
            channel: Some(if model.app { "mobile_app" } else { "website" }),
            platform: Some(model.platform),
            ..Properties::about(about)
        };
        let event = Event::track(name, at, Context::of("shop"), properties);
        self.seen_on(visit, event)
    }

    /// Whether the visitor is signed in now.
    pub(super) fn is_signed_in(&self, visit: &Visit) -> bool {
        self.devices[visit.device].signed_in
    }

    fn begin(&mut self, at: Timestamp, campaign: Option<&'static Campaign>) -> Visit {
        let own = self.devices.iter().filter(|device| !device.shared).count();
        let device = if own < self.devices.len() && self.random.chance(400) {
            own
        } else if self.random.chance(if self.signed_up { 600 } else { 850 }) {
            0
        } else {
            self.random.below(own as u64) as usize
        };
        if self.random.chance(50) {
            self.devices[device].clear_cookie();
        }
        let advertised = campaign.is_none() && self.random.chance(180);
        // The visits on a shared device are distinguished by their sessions, so it always sends a session id.
        let named = self.devices[device].shared || self.random.chance(600);
        Visit {
            device,
            now: at,
            session: named.then(|| self.next_session()),
            campaign: if advertised { Some(self.random.pick(&ADVERTISEMENTS)) } else { campaign },
            banner: self.random.chance(150),
        }
    }

    /// The event with everything that the device adds.
    pub(super) fn seen_on(&mut self, visit: &mut Visit, event: Event) -> Event {
        let device = &self.devices[visit.device];
        let user_id = device.signed_in.then_some(self.person.user_id);
        let mut event = event.by(user_id, Some(device.cookie()));
        event.context.machine = Some(Machine::new(device.model, device.id));
        event.context.session_id = visit.session;
        event.context.campaign = visit.campaign.take();
        if std::mem::take(&mut visit.banner) {
            let category_preferences =
                CategoryPreferences { analytics: self.random.chance(700), advertising: self.random.chance(400) };
            event.context.consent = Some(ConsentChoice { category_preferences });
        }
        if device.model.app {
            // Apps send their time of sending; the difference corrects a slow clock.
            event.received_at = Some(event.timestamp.after(SECOND));
            event.timestamp = event.timestamp.before(device.slow_by);
            event.sent_at = Some(event.timestamp.after(SECOND));
        }
        event
    }

    fn page(&mut self, visit: &mut Visit, title: &'static str, path: &'static str) {
        let at = self.next(visit);
        let app = self.devices[visit.device].model.app;
        let referrer = visit.campaign.map(|_| "https://www.example.com/");
        let kind = if app { EventKind::Screen } else { EventKind::Page };
        let mut event = Event::new(kind, at, Context::of("shop"));
        event.name = Some(title);
        event.properties = Some(Box::new(Properties {
            platform: Some(self.devices[visit.device].model.platform),
            ..Properties::about(About::Page { title, path, referrer })
        }));
        let event = self.seen_on(visit, event);
        self.touch(event);
    }

    /// One step of browsing: a page, or a product and actions on it.
    fn browse(&mut self, visit: &mut Visit) {
        if !self.has_room() {
            return;
        }
        if self.random.chance(380) {
            let (title, path) = *self.random.pick(&PAGES);
            return self.page(visit, title, path);
        }
        if self.maybe(180) {
            let about = About::Search { query: self.random.pick::<&str>(&SEARCHES), results: self.random.below(60) };
            self.act(visit, "Products Searched", about);
        }
        let currency = self.person.city.currency;
        let product = shop::product(self.random, self.person.favourite);
        let line = Line::new(product, currency, 1);
        self.about_product(visit, "Product Viewed", line, currency);
        if self.maybe(70) {
            self.about_product(visit, "Product Added to Wishlist", line, currency);
        }
        if self.maybe(30) {
            let liked = self.random.chance(750);
            let name = if liked { "Product Liked" } else { "Product Disliked" };
            self.about_product(visit, name, line, currency);
        }
        if self.maybe(130) {
            self.about_product(visit, "Product Added", line, currency);
            if self.maybe(400) {
                self.view_cart(visit, vec![line]);
            }
            if self.maybe(250) {
                self.about_product(visit, "Product Removed", line, currency);
            }
        }
        if self.signed_up && self.maybe(4) {
            self.recommend(visit, line);
        }
    }

    /// Records an action on one product.
    pub(super) fn about_product(&mut self, visit: &mut Visit, name: &'static str, line: Line, currency: Currency) {
        self.act(visit, name, About::Product { line, currency });
    }

    /// Views the cart.
    pub(super) fn view_cart(&mut self, visit: &mut Visit, products: Vec<Line>) {
        self.carts += 1;
        let cart_id = Id::cart(self.seed, self.person.number, self.carts);
        self.act(visit, "Cart Viewed", About::Cart { cart_id, products });
    }

    /// Shares a product with a friend, whose address is then in an event of this customer.
    fn recommend(&mut self, visit: &mut Visit, line: Line) {
        let Some(friend) = self.friend.clone() else { return };
        let about = About::Shared { share_via: "email", sku: line.sku };
        let mut event = self.act_of(visit, "Product Shared", about);
        if let Some(properties) = &mut event.properties {
            properties.email = Some(friend);
        }
        self.touch(event);
    }
}
