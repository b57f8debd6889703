//! Worlds of invented customers, for trials, tests and measurements.
//!
//! A world is the same for the same [`WorldSpec`] on every machine, and no two seeds share an identifier. It is made in
//! *cohorts*. Each cohort begins in its own part of the year, and only one is in memory at a time, so a world of ten
//! million customers needs no more memory than a world of a thousand. Within a cohort (about 60,000 touchpoints),
//! events are in the order of their arrival. This is also the order of their times, except for late events. At the
//! start of the next cohort the time goes back by some months.
//!
//! Knows no other module: it writes what any sender could send.

mod account;
mod contact;
mod device;
mod event;
mod ids;
mod message;
mod money;
mod names;
mod payload;
mod person;
mod purchase;
mod random;
mod recorder;
mod refund;
mod shop;
mod simulator;
mod timestamp;
mod visit;

pub mod command;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub use event::{Event, EventKind};
pub use ids::{Id, Token};
pub use timestamp::Timestamp;

use device::Device;
use money::Currency;
use person::Person;
use random::Random;
use recorder::Recorder;
use simulator::{Amount, Simulator};
use timestamp::DAY;

/// The size and the seed of a world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorldSpec {
    /// The number of customers; at most [`WorldSpec::MAX_CUSTOMERS`].
    pub customers: u64,
    /// The seed. Worlds of different seeds have different customers and no identifier in common. There are too few
    /// telephone numbers and birthdays: for these, this holds only for seeds that differ modulo 1,200 and for at most
    /// 250,000 customers each.
    pub seed: u64,
    /// The mean number of touchpoints of one customer; at most 10,000.
    pub touchpoints_per_customer: f64,
    /// The mean number of orders of one customer; at most 500.
    pub orders_per_customer: f64,
}

impl WorldSpec {
    /// There are more telephone numbers than this.
    pub const MAX_CUSTOMERS: u64 = 100_000_000;

    /// A world with 25 touchpoints and 0.6 orders a customer.
    pub fn new(customers: u64, seed: u64) -> Self {
        Self { customers, seed, touchpoints_per_customer: 25.0, orders_per_customer: 0.6 }
    }

    fn amount(&self) -> Amount {
        // Thousandths from here on: integers are the same on every machine.
        let thousandths = |mean: f64, most: f64| (mean.clamp(0.0, most) * 1_000.0).round() as u64;
        Amount {
            touchpoints: thousandths(self.touchpoints_per_customer, 10_000.0),
            orders: thousandths(self.orders_per_customer, 500.0),
        }
    }
}

/// Writes a world as Segment NDJSON, one event a line. The answer has its figures.
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

/// The figures of a world. A store should have these figures after an import of the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldSummary {
    /// The number of customers. A store has more: some devices have no sign-in, and some customers have only
    /// such devices.
    pub customers: u64,
    /// Customers who share a device with another one.
    pub sharing_a_device: u64,
    /// The number of lines, with duplicates.
    pub events: u64,
    /// Events that become touchpoints, each counted once.
    pub touchpoints: u64,
    /// Events that were sent twice.
    pub duplicates: u64,
    /// Events that arrived hours or days late, except orders.
    pub late: u64,
    /// Orders, with the cancelled ones.
    pub orders: u64,
    /// Orders that were cancelled.
    pub cancelled: u64,
    /// Orders with a return.
    pub returned_orders: u64,
    /// Returns; an order can have two.
    pub refunds: u64,
    /// Orders with a return that is before the order in the file.
    pub returns_before_their_order: u64,
    /// Orders and returns in pence.
    pub pounds: CurrencyTotals,
    /// Orders and returns in cents.
    pub euros: CurrencyTotals,
}

/// Sums of one currency in its smallest unit, without cancelled orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CurrencyTotals {
    /// The total of orders, after updates.
    pub gross: u64,
    /// The total of returns.
    pub returned: u64,
}

impl WorldSummary {
    fn totals(&mut self, currency: Currency) -> &mut CurrencyTotals {
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
    /// The number of customers of a cohort. It is even, so that the two customers of a pair are in the same cohort.
    cohort: u64,
    generated: u64,
    events: std::vec::IntoIter<Event>,
    summary: WorldSummary,
}

/// About how many touchpoints a cohort has: it is in memory.
const COHORT_TOUCHPOINTS: u64 = 60_000;
/// The number of days on which customers have their first visit.
const FIRST_VISIT_DAYS: u64 = 365;
/// Pairs of customers per thousand that live together and share a tablet.
const SHARED_TABLETS: u64 = 50;

impl World {
    /// A world at its beginning. Figures above the limits of [`WorldSpec`] are set to the limits.
    pub fn new(spec: WorldSpec) -> Self {
        let spec = WorldSpec { customers: spec.customers.min(WorldSpec::MAX_CUSTOMERS), ..spec };
        let amount = spec.amount();
        let each = (amount.touchpoints + 3 * amount.orders) / 1_000;
        Self {
            spec,
            amount,
            cohort: (COHORT_TOUCHPOINTS / each.max(1)).clamp(2, 5_000) / 2 * 2,
            generated: 0,
            events: Vec::new().into_iter(),
            summary: WorldSummary { customers: spec.customers, ..WorldSummary::default() },
        }
    }

    /// Its figures; complete after the last event.
    pub fn summary(&self) -> &WorldSummary {
        &self.summary
    }

    fn generate_cohort(&mut self) -> Vec<Event> {
        let end = (self.generated + self.cohort).min(self.spec.customers);
        let day = |generated: u64| FIRST_VISIT_DAYS * DAY * generated / self.spec.customers;
        let (from, until) = (Timestamp::FIRST.after(day(self.generated)), Timestamp::FIRST.after(day(end)));
        let mut events = Vec::new();
        while self.generated < end {
            self.generate_pair(from, until, &mut events);
        }
        // A stable sort with cached keys, since events are large.
        events.sort_by_cached_key(|event| event.arrives_at);
        events
    }

    /// Generates the events of the next two customers, or of the last one of an odd number.
    fn generate_pair(&mut self, from: Timestamp, until: Timestamp, events: &mut Vec<Event>) {
        let (seed, pair) = (self.spec.seed, self.generated / 2);
        let mut random = Random::new(seed, pair);
        let numbers = self.generated + 1..=(self.generated + 2).min(self.spec.customers);
        self.generated = *numbers.end();
        let people: Vec<_> = numbers.map(|n| Person::new(&mut random, seed, n)).collect();
        let together = people.len() == 2 && random.chance(SHARED_TABLETS);
        if together {
            self.summary.sharing_a_device += 2;
        }
        let mut recorder = Recorder::new(seed, pair, events, &mut self.summary);
        for (index, person) in people.iter().enumerate() {
            let tablet = together.then(|| Device::shared_tablet(seed, people[0].number));
            let friend = people.get(1 - index).map(|other| other.email.clone());
            let first = Timestamp(from.0 + random.below(until.0 - from.0));
            Simulator::new(seed, person, tablet, friend, &mut random, &mut recorder).run(self.amount, first);
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
            if self.generated == self.spec.customers {
                return None;
            }
            // The memory of the last cohort is freed before the next one is generated.
            self.events = Vec::new().into_iter();
            self.events = self.generate_cohort().into_iter();
        }
    }
}
