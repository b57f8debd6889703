//! The life of one customer with the shop, from first visit to last parcel: when they come,
//! what for, and what the shop knows of them by then. The scenes are in `visit`, `purchase`,
//! `message` and `contact`; each adds methods to [`Life`].

use std::sync::Arc;

use super::{
    device::Device,
    dice::Dice,
    event::Event,
    ids::Id,
    moment::{DAY, HOUR, Moment},
    person::{Known, NOBODIES, Person},
    recorder::Recorder,
};

/// A customer's state while the story is told.
pub(super) struct Life<'a, 'r> {
    pub(super) seed: u64,
    pub(super) person: &'a Person,
    pub(super) dice: &'a mut Dice,
    pub(super) recorder: &'a mut Recorder<'r>,
    pub(super) devices: Vec<Device>,
    /// A friend, whose address this customer may give to the shop.
    pub(super) friend: Option<Arc<str>>,
    pub(super) signed_up: bool,
    pub(super) joined: bool,
    pub(super) can_be_mailed: bool,
    pub(super) orders: u64,
    pub(super) carts: u64,
    sessions: u64,
    /// Touchpoints that may still come, in all and in the present episode.
    left: u64,
    room: u64,
}

/// How much happens: both in thousandths, means over all customers.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    pub(super) touchpoints: u64,
    pub(super) orders: u64,
}

/// A time at which the customer and the shop meet, and what has to happen then.
struct Episode {
    at: Moment,
    purchase: bool,
    sign_up: bool,
}

/// What can happen when nothing has to.
#[derive(Clone, Copy)]
enum Occasion {
    Visit,
    Newsletters,
    Text,
    Contact,
    Store,
    Letter,
}

impl<'a, 'r> Life<'a, 'r> {
    /// A customer nobody knows yet, with some devices of their own and perhaps a `tablet` that
    /// is not theirs alone.
    pub(super) fn new(
        seed: u64,
        person: &'a Person,
        tablet: Option<Device>,
        friend: Option<Arc<str>>,
        dice: &'a mut Dice,
        recorder: &'a mut Recorder<'r>,
    ) -> Self {
        let own = dice.weigh(&[(450, 1), (400, 2), (150, 3)]);
        let devices = (0..own).map(|number| Device::new(dice, seed, person.number, number));
        let devices = devices.collect::<Vec<_>>().into_iter().chain(tablet).collect();
        Self {
            seed,
            person,
            dice,
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

    /// Tells the whole life, which begins on the day of `first`.
    pub(super) fn play(mut self, amount: Amount, first: Moment) {
        let orders = match self.person.known {
            Known::Nobody => 0,
            _ => self.dice.count(amount.orders * 1_000 / (1_000 - NOBODIES)),
        };
        // Most do little, a few do much; the mean of the factors is 1.
        let tenths =
            self.dice.weigh(&[(100, 2), (170, 4), (180, 6), (170, 8), (140, 10), (120, 15), (80, 24), (40, 39)]);
        self.left = (amount.touchpoints * tenths / 10_000).max(orders + 1);
        let episodes = self.plan(orders, first);
        let mut orders_left = orders;
        for (index, episode) in episodes.iter().enumerate() {
            self.room = self.share(episodes.len() - index, orders_left);
            orders_left -= u64::from(episode.purchase);
            self.live_through(episode);
        }
        // What the episodes did not use: a few more visits, so that the mean is what was asked for.
        let mut at = episodes.last().map_or(first, |episode| episode.at);
        while self.left > 0 {
            at = at.after(self.dice.between(DAY / 2, 3 * DAY));
            self.room = self.left.min(12);
            self.visit(at, false, false, None);
        }
    }

    /// Counts a session and gives it its name.
    pub(super) fn next_session(&mut self) -> Id {
        self.sessions += 1;
        Id::session(self.seed, self.person.number, self.sessions)
    }

    /// Records something that becomes a touchpoint.
    pub(super) fn touch(&mut self, event: Event) {
        self.spend();
        self.recorder.record(self.dice, event);
    }

    /// Records a touchpoint whose moment of arrival is fixed.
    pub(super) fn touch_at(&mut self, event: Event, arrives_at: Moment) {
        self.spend();
        self.recorder.record_at(self.dice, event, arrives_at);
    }

    /// Whether the present episode may have more touchpoints.
    pub(super) fn has_room(&self) -> bool {
        self.room > 0
    }

    /// Whether something optional happens, which is never when there is no room for it.
    pub(super) fn maybe(&mut self, per_mille: u64) -> bool {
        self.has_room() && self.dice.chance(per_mille)
    }

    fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.room = self.room.saturating_sub(1);
    }

    /// How many touchpoints the next of `episodes` may have: its part of what is left, more or
    /// less, with one kept back for each order to come.
    fn share(&mut self, episodes: usize, orders: u64) -> u64 {
        let free = self.left.saturating_sub(orders);
        match episodes {
            1 => free + orders,
            _ => (free * self.dice.between(50, 150) / 100 / episodes as u64).max(1),
        }
    }

    fn plan(&mut self, orders: u64, first: Moment) -> Vec<Episode> {
        let count = (self.left / 6 + 1).max(orders + 1);
        let days = self.dice.weigh(&[(150, 3), (250, 30), (300, 90), (300, 180)]);
        let first_day = Moment(first.0 / DAY * DAY);
        let mut times = vec![first_day.after(self.hour_of_day())];
        for _ in 1..count {
            let day = first_day.after(self.dice.between(1, days) * DAY);
            times.push(day.after(self.hour_of_day()));
        }
        times.sort_unstable();
        let sign_up = match self.person.known {
            Known::Account => Some(self.dice.below(count.min(4))),
            _ => None,
        };
        let (mut orders, mut episodes) = (orders, Vec::with_capacity(times.len()));
        for (index, at) in (0..count).zip(times) {
            // Each later episode is as likely as any other to be one of the orders.
            let purchase = index > 0 && self.dice.below(count - index) < orders;
            orders -= u64::from(purchase);
            episodes.push(Episode { at, purchase, sign_up: sign_up == Some(index) });
        }
        episodes
    }

    /// A time of day between six in the morning and eleven at night, mostly in the middle.
    fn hour_of_day(&mut self) -> u64 {
        6 * HOUR + (self.dice.below(17 * HOUR) + self.dice.below(17 * HOUR)) / 2
    }

    fn live_through(&mut self, episode: &Episode) {
        let at = episode.at;
        let member = self.person.known == Known::Member;
        if member && !self.joined {
            self.join_in_store(at);
        }
        if episode.purchase && (member || self.joined && self.dice.chance(250)) {
            return self.order_in_store(at);
        }
        if episode.purchase || episode.sign_up {
            return self.visit(at, episode.purchase, episode.sign_up, None);
        }
        let mailed = u64::from(self.can_be_mailed);
        match self.dice.weigh(&[
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
