//! Simulates one customer from the first visit to the last delivery: the times and purposes of the customer's actions,
//! and the shop's knowledge of the customer. The modules `account`, `visit`, `purchase`, `refund`, `message` and
//! `contact` add methods to [`Simulator`].

use std::sync::Arc;

use super::{
    device::Device,
    event::Event,
    ids::Id,
    person::{ANONYMOUS_SHARE, CustomerType, Person},
    random::Random,
    recorder::Recorder,
    timestamp::{DAY, HOUR, Timestamp},
};

/// The state of one customer during the simulation.
pub(super) struct Simulator<'a, 'r> {
    pub(super) seed: u64,
    pub(super) person: &'a Person,
    pub(super) random: &'a mut Random,
    pub(super) recorder: &'a mut Recorder<'r>,
    pub(super) devices: Vec<Device>,
    /// The address of a friend, which this customer may give to the shop.
    pub(super) friend: Option<Arc<str>>,
    pub(super) signed_up: bool,
    pub(super) joined: bool,
    pub(super) can_be_mailed: bool,
    pub(super) orders: u64,
    pub(super) carts: u64,
    sessions: u64,
    /// How many more touchpoints there may be, in total and in the current episode.
    left: u64,
    room: u64,
}

/// The mean numbers over all customers, in thousandths.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    pub(super) touchpoints: u64,
    pub(super) orders: u64,
}

/// A time at which the customer acts, and what must happen then.
struct Episode {
    at: Timestamp,
    purchase: bool,
    sign_up: bool,
}

/// What can happen when nothing must happen.
#[derive(Clone, Copy)]
enum Occasion {
    Visit,
    Newsletters,
    Text,
    Contact,
    Store,
    Letter,
}

impl<'a, 'r> Simulator<'a, 'r> {
    /// A customer that the shop does not know yet, with devices of its own and perhaps a shared `tablet`.
    pub(super) fn new(
        seed: u64,
        person: &'a Person,
        tablet: Option<Device>,
        friend: Option<Arc<str>>,
        random: &'a mut Random,
        recorder: &'a mut Recorder<'r>,
    ) -> Self {
        let own = random.weighted(&[(450, 1), (400, 2), (150, 3)]);
        let devices = (0..own).map(|number| Device::new(random, seed, person.number, number));
        let devices = devices.collect::<Vec<_>>().into_iter().chain(tablet).collect();
        Self {
            seed,
            person,
            random,
            recorder,
            devices,
            friend,
            signed_up: false,
            joined: false,
            can_be_mailed: false,
            orders: 0,
            carts: 0,
            sessions: 0,
            left: 0,
            room: 0,
        }
    }

    /// Runs the simulation, which begins on the day of `first`.
    pub(super) fn run(mut self, amount: Amount, first: Timestamp) {
        let orders = match self.person.customer_type {
            CustomerType::Anonymous => 0,
            _ => self.random.count(amount.orders * 1_000 / (1_000 - ANONYMOUS_SHARE)),
        };
        // Most customers have few touchpoints, some have many; the mean of the factors is 1.
        let tenths =
            self.random.weighted(&[(100, 2), (170, 4), (180, 6), (170, 8), (140, 10), (120, 15), (80, 24), (40, 39)]);
        self.left = (amount.touchpoints * tenths / 10_000).max(orders + 1);
        let episodes = self.plan(orders, first);
        let mut orders_left = orders;
        for (index, episode) in episodes.iter().enumerate() {
            self.room = self.share(episodes.len() - index, orders_left);
            orders_left -= u64::from(episode.purchase);
            self.play_episode(episode);
        }
        // More visits use the remaining touchpoints of the episodes, so that the mean is right.
        let mut at = episodes.last().map_or(first, |episode| episode.at);
        while self.left > 0 {
            at = at.after(self.random.between(DAY / 2, 3 * DAY));
            self.room = self.left.min(12);
            self.visit(at, false, false, None);
        }
    }

    /// The id of the next session.
    pub(super) fn next_session(&mut self) -> Id {
        self.sessions += 1;
        Id::session(self.seed, self.person.number, self.sessions)
    }

    /// Records an event that becomes a touchpoint.
    pub(super) fn touch(&mut self, event: Event) {
        self.spend();
        self.recorder.record(self.random, event);
    }

    /// Records an event that becomes a touchpoint and arrives at a fixed time.
    pub(super) fn touch_at(&mut self, event: Event, arrives_at: Timestamp) {
        self.spend();
        self.recorder.record_at(self.random, event, arrives_at);
    }

    /// Whether the current episode may have more touchpoints.
    pub(super) fn has_room(&self) -> bool {
        self.room > 0
    }

    /// Whether something optional happens; never when the episode may have no more touchpoints.
    pub(super) fn maybe(&mut self, per_mille: u64) -> bool {
        self.has_room() && self.random.chance(per_mille)
    }

    fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.room = self.room.saturating_sub(1);
    }

    /// The maximum number of touchpoints of the next of `episodes`: about its part of the remaining ones, with one
    /// reserved for each later order.
    fn share(&mut self, episodes: usize, orders: u64) -> u64 {
        let free = self.left.saturating_sub(orders);
        match episodes {
            1 => free + orders,
            _ => (free * self.random.between(50, 150) / 100 / episodes as u64).max(1),
        }
    }

    fn plan(&mut self, orders: u64, first: Timestamp) -> Vec<Episode> {
        let count = (self.left / 6 + 1).max(orders + 1);
        let days = self.random.weighted(&[(150, 3), (250, 30), (300, 90), (300, 180)]);
        let first_day = Timestamp(first.0 / DAY * DAY);
        let mut times = vec![first_day.after(self.hour_of_day())];
        for _ in 1..count {
            let day = first_day.after(self.random.between(1, days) * DAY);
            times.push(day.after(self.hour_of_day()));
        }
        times.sort_unstable();
        let sign_up = match self.person.customer_type {
            CustomerType::Account => Some(self.random.below(count.min(4))),
            _ => None,
        };
        let (mut orders, mut episodes) = (orders, Vec::with_capacity(times.len()));
        for (index, at) in (0..count).zip(times) {
            // Each episode after the first is an order with the same probability.
            let purchase = index > 0 && self.random.below(count - index) < orders;
            orders -= u64::from(purchase);
            episodes.push(Episode { at, purchase, sign_up: sign_up == Some(index) });
        }
        episodes
    }

    /// A time of day between 06:00 and 23:00, mostly in the middle.
    fn hour_of_day(&mut self) -> u64 {
        6 * HOUR + (self.random.below(17 * HOUR) + self.random.below(17 * HOUR)) / 2
    }

    fn play_episode(&mut self, episode: &Episode) {
        let at = episode.at;
        let member = self.person.customer_type == CustomerType::Member;
        if member && !self.joined {
            self.join_in_store(at);
        }
        if episode.purchase && (member || self.joined && self.random.chance(250)) {
            return self.order_in_store(at);
        }
        if episode.purchase || episode.sign_up {
            return self.visit(at, episode.purchase, episode.sign_up, None);
        }
        let mailed = u64::from(self.can_be_mailed);
        match self.random.weighted(&[
            (560, Occasion::Visit),
            (230 * mailed, Occasion::Newsletters),
            (90 * mailed, Occasion::Text),
            (60 * mailed, Occasion::Contact),
            (if member { 600 } else { 130 * u64::from(self.joined) }, Occasion::Store),
            (15 * mailed, Occasion::Letter),
        ]) {
            Occasion::Visit => self.visit(at, false, false, None),
            Occasion::Newsletters => self.newsletters(at),
            Occasion::Text => self.text_message(at),
            Occasion::Contact => self.contact(at),
            Occasion::Store => self.store_visit(at),
            Occasion::Letter => self.letter(at),
        }
    }
}
