//! Worlds of invented customers, for trying, testing and measuring.
//!
//! A world is the same for the same [`WorldSpec`] on every machine, and no two seeds share an identifier. It is made in
//! *cohorts*: each begins in its own part of the year, and only one is in memory at a time, so a world of ten million
//! customers needs no more memory than one of a thousand. Within a cohort (about 60,000 touchpoints) events come in the
//! order of their arrival, which is the order of their times except for late ones. At the start of the next cohort the time
//! goes back by some months.
//!
//! Knows no other module: it writes what any sender could send.

mod account;
mod contact;
mod device;
mod dice;
mod event;
mod ids;
mod life;
mod message;
mod moment;
mod money;
mod names;
mod payload;
mod person;
mod purchase;
mod recorder;
mod refund;
mod shop;
mod visit;

pub mod command;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub use event::{Event, EventKind};
pub use ids::{Id, Token};
pub use moment::Moment;

use device::Device;
use dice::Dice;
use life::{Amount, Life};
use moment::DAY;
use money::Currency;
use person::Person;
use recorder::Recorder;

/// What a world is to be like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorldSpec {
    /// How many people there are; at most [`WorldSpec::MOST_CUSTOMERS`].
    pub customers: u64,
    /// Which of all worlds of this size. Worlds of other seeds have other people and share no
    /// identifier with it; for telephone numbers and birthdays, which are too few for all seeds,
    /// that holds for seeds that differ modulo 1,200 and at most 250,000 customers each.
    pub seed: u64,
    /// The mean number of touchpoints of one customer; at most 10,000.
    pub touchpoints_per_customer: f64,
    /// The mean number of orders of one customer; at most 500.
    pub orders_per_customer: f64,
}

impl WorldSpec {
    /// As many as there are telephone numbers for, with room to spare.
    pub const MOST_CUSTOMERS: u64 = 100_000_000;

    /// A world with 25 touchpoints and 0.6 orders a customer.
    pub fn new(customers: u64, seed: u64) -> Self {
        Self { customers, seed, touchpoints_per_customer: 25.0, orders_per_customer: 0.6 }
    }

    fn amount(&self) -> Amount {
        // Thousandths from here on: whole numbers come out the same everywhere.
        let thousandths = |mean: f64, most: f64| (mean.clamp(0.0, most) * 1_000.0).round() as u64;
        Amount {
            touchpoints: thousandths(self.touchpoints_per_customer, 10_000.0),
            orders: thousandths(self.orders_per_customer, 500.0),
        }
    }
}

/// Writes a world as Segment NDJSON, one event a line, and says what was in it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_world(out: &mut impl Write, spec: &WorldSpec) -> io::Result<WorldSummary> {
    let mut world = World::new(*spec);
    let mut line = Vec::with_capacity(2_048);
    for event in world.by_ref() {
        line.clear();
        serde_json::to_writer(&mut line, &event)?;
        line.push(b'\n');
        out.write_all(&line)?;
    }
    out.flush()?;
    Ok(world.summary)
}

/// What was in a world: the figures that a store should show after reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldSummary {
    /// People. A store shows more customers than that, since some devices are never signed in
    /// on, and some people have nothing but such devices.
    pub customers: u64,
    /// People who share a device with another one.
    pub sharing_a_device: u64,
    /// Lines, duplicates included.
    pub events: u64,
    /// Events that become touchpoints, each counted once.
    pub touchpoints: u64,
    /// Events that were sent twice.
    pub duplicates: u64,
    /// Events that arrived hours or days late, orders apart.
    pub late: u64,
    /// Orders, the cancelled ones among them.
    pub orders: u64,
    /// Orders that were cancelled.
    pub cancelled: u64,
    /// Orders of which something came back.
    pub returned_orders: u64,
    /// Returns; an order can have two.
    pub refunds: u64,
    /// Orders whose return stands before them in the file.
    pub returns_before_their_order: u64,
    /// Orders and returns in pence.
    pub pounds: Takings,
    /// Orders and returns in cents.
    pub euros: Takings,
}

/// Sums of one currency in its smallest unit, without cancelled orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takings {
    /// What was ordered, after updates.
    pub gross: u64,
    /// What was paid back.
    pub returned: u64,
}

impl WorldSummary {
    fn takings(&mut self, currency: Currency) -> &mut Takings {
        match currency {
            Currency::Pound => &mut self.pounds,
            Currency::Euro => &mut self.euros,
        }
    }
}

/// The events of a world, in the order of the file.
pub struct World {
    spec: WorldSpec,
    amount: Amount,
    /// Customers of one cohort: an even number, so that neighbours stay together.
    cohort: u64,
    told: u64,
    events: std::vec::IntoIter<Event>,
    summary: WorldSummary,
}

/// Touchpoints of one cohort, about: what is held in memory.
const COHORT_TOUCHPOINTS: u64 = 60_000;
/// Days during which customers begin.
const BEGINNINGS: u64 = 365;
/// Out of a thousand pairs of neighbours, those who live together and share a tablet.
const HOUSEHOLDS: u64 = 50;

impl World {
    /// A world that has not begun. Figures above what [`WorldSpec`] allows are cut to it.
    pub fn new(spec: WorldSpec) -> Self {
        let spec = WorldSpec { customers: spec.customers.min(WorldSpec::MOST_CUSTOMERS), ..spec };
        let amount = spec.amount();
        let each = (amount.touchpoints + 3 * amount.orders) / 1_000;
        Self {
            spec,
            amount,
            cohort: (COHORT_TOUCHPOINTS / each.max(1)).clamp(2, 5_000) / 2 * 2,
            told: 0,
            events: Vec::new().into_iter(),
            summary: WorldSummary { customers: spec.customers, ..WorldSummary::default() },
        }
    }

    /// What was in it; complete once the last event has been taken.
    pub fn summary(&self) -> &WorldSummary {
        &self.summary
    }

    fn tell_cohort(&mut self) -> Vec<Event> {
        let end = (self.told + self.cohort).min(self.spec.customers);
        let day = |told: u64| BEGINNINGS * DAY * told / self.spec.customers;
        let (from, until) = (Moment::FIRST.after(day(self.told)), Moment::FIRST.after(day(end)));
        let mut events = Vec::new();
        while self.told < end {
            self.tell_pair(from, until, &mut events);
        }
        // Stable, and by a copy of the key: the events themselves are large.
        events.sort_by_cached_key(|event| event.arrives_at);
        events
    }

    /// The lives of the next two customers, or of the last one of an odd number.
    fn tell_pair(&mut self, from: Moment, until: Moment, events: &mut Vec<Event>) {
        let (seed, pair) = (self.spec.seed, self.told / 2);
        let mut dice = Dice::new(seed, pair);
        let numbers = self.told + 1..=(self.told + 2).min(self.spec.customers);
        self.told = *numbers.end();
        let people: Vec<_> = numbers.map(|n| Person::new(&mut dice, seed, n)).collect();
        let together = people.len() == 2 && dice.chance(HOUSEHOLDS);
        if together {
            self.summary.sharing_a_device += 2;
        }
        let mut recorder = Recorder::new(seed, pair, events, &mut self.summary);
        for (index, person) in people.iter().enumerate() {
            let tablet = together.then(|| Device::shared_tablet(seed, people[0].number));
            let friend = people.get(1 - index).map(|other| other.email.clone());
            let first = Moment(from.0 + dice.below(until.0 - from.0));
            Life::new(seed, person, tablet, friend, &mut dice, &mut recorder).play(self.amount, first);
        }
    }
}

impl Iterator for World {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.next() {
                return Some(event);
            }
            if self.told == self.spec.customers {
                return None;
            }
            // The room of the last cohort is given back before the next one needs it.
            self.events = Vec::new().into_iter();
            self.events = self.tell_cohort().into_iter();
        }
    }
}
