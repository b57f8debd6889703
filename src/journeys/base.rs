//! The columns: all touchpoints sorted by owner, time and arrival, and who holds which owner.

use rustc_hash::FxHashMap;

use super::row::HeldConsent;
use crate::domain::CustomerId;
use crate::domain::consent::ConsentStatus;

/// Stands for no index.
pub(crate) const NO: u32 = u32::MAX;

/// How many touchpoints a piece of work holds, unless one customer has more.
const CHUNK: u64 = 1 << 13;

/// What a question scans. Never changed once it is there.
#[derive(Debug, Default)]
pub(crate) struct Base {
    pub(crate) rows: Columns,
    /// Without those that have touchpoints: `holders` says who holds these.
    pub(crate) people: People,
    /// By owner, who holds it; `NO` for nobody.
    holders: Vec<u32>,
    pub(crate) consents: Consents,
    /// For each customer where its runs begin in `runs`; one more at the end.
    pub(crate) run_starts: Vec<u32>,
    /// Owners by number, customer by customer.
    pub(crate) runs: Vec<u32>,
    /// For each customer whether the touchpoints of all its runs stand next to each other, in order.
    in_one_piece: Vec<bool>,
    /// Owners that no customer holds, by number.
    pub(crate) unowned: Vec<u32>,
    /// Where pieces of work begin, as customers; one more at the end.
    pub(crate) chunks: Vec<u32>,
}

/// The touchpoints.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) at: Vec<i64>,
    pub(crate) arrival: Vec<i64>,
    pub(crate) kind: Vec<u32>,
    /// Number in `session_keys`, 0 for none; empty when no touchpoint has a session.
    pub(crate) session: Vec<u32>,
    /// What tells sessions of one customer apart: a hash of their id.
    pub(crate) session_keys: Vec<u64>,
    /// The identifiers that have touchpoints, sorted.
    pub(crate) owners: Vec<i64>,
    /// Where each owner's touchpoints begin; one more at the end.
    pub(crate) starts: Vec<u32>,
    /// The touchpoints about an order, sorted.
    pub(crate) order_rows: Vec<u32>,
    /// The order of each of them.
    pub(crate) order_of: Vec<u32>,
}

/// Who holds which identifier.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// Sorted.
    pub(crate) customers: Ids,
    /// Identifiers that a customer holds, sorted.
    pub(crate) members: Vec<i64>,
    /// Their customers.
    pub(crate) member_of: Vec<u32>,
}

/// The ids of customers by number, sorted. Those that stores give out, 32 hexadecimal digits, are kept as the
/// numbers that they are, in half the bytes; where one is anything else all are kept as texts.
#[derive(Debug)]
pub(crate) enum Ids {
    Numbers(Vec<u128>),
    Texts(Texts),
}

/// Texts by number, in one piece: an id of its own on the heap is twice as large.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: String,
    /// Where each ends.
    ends: Vec<u32>,
}

/// The decisions that identifiers hold, sorted by identifier.
#[derive(Debug, Default)]
pub(crate) struct Consents {
    /// Those that hold any.
    identifiers: Vec<i64>,
    /// Where the decisions of each begin; one more at the end.
    starts: Vec<u32>,
    purposes: Vec<u16>,
    statuses: Vec<ConsentStatus>,
    /// When they end, of the few that do, each with its place; sorted.
    ends: Vec<(u32, i64)>,
}

/// A decision that an identifier holds, its purpose as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) purpose: u16,
    pub(crate) status: ConsentStatus,
    pub(crate) expires_at: Option<i64>,
}

impl Held {
    pub(crate) fn of(consent: &HeldConsent, purpose: u16) -> Held {
        Held { purpose, status: consent.status, expires_at: consent.expires_at.map(|at| at.0) }
    }

    /// What it says at `now`, as [`in_force`](crate::domain::consent::in_force) has it.
    pub(crate) fn status_at(&self, now: i64) -> ConsentStatus {
        match self.status {
            ConsentStatus::Granted if self.expires_at.is_some_and(|end| end <= now) => ConsentStatus::Expired,
            status => status,
        }
    }
}

impl Consents {
    fn of(mut all: Vec<(i64, Held)>) -> Consents {
        all.sort_by_key(|(identifier, _)| *identifier);
        let (mut identifiers, mut starts) = (Vec::new(), Vec::new());
        for ((identifier, _), place) in all.iter().zip(0..) {
            if identifiers.last() != Some(identifier) {
                identifiers.push(*identifier);
                starts.push(place);
            }
        }
        starts.push(all.len() as u32);
        identifiers.shrink_to_fit();
        starts.shrink_to_fit();
        Consents {
            identifiers,
            starts,
            purposes: all.iter().map(|(_, held)| held.purpose).collect(),
            statuses: all.iter().map(|(_, held)| held.status).collect(),
            ends: (0..).zip(&all).filter_map(|(place, (_, held))| Some((place, held.expires_at?))).collect(),
        }
    }

    /// Each with the identifier that holds it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, Held)> + Clone {
        let held = |place: u32| {
            let end = self.ends.binary_search_by_key(&place, |(place, _)| *place);
            let expires_at = end.ok().map(|n| self.ends[n].1);
            let place = place as usize;
            Held { purpose: self.purposes[place], status: self.statuses[place], expires_at }
        };
        let own = self.identifiers.iter().zip(self.starts.windows(2));
        own.flat_map(move |(identifier, ends)| (ends[0]..ends[1]).map(move |place| (*identifier, held(place))))
    }

    fn bytes(&self) -> usize {
        let holders = self.identifiers.len() * size_of::<i64>() + self.starts.len() * size_of::<u32>();
        let held = self.purposes.len() * (size_of::<u16>() + size_of::<ConsentStatus>());
        holders + held + self.ends.len() * size_of::<(u32, i64)>()
    }
}

impl Default for Ids {
    fn default() -> Self {
        Ids::Numbers(Vec::new())
    }
}

impl Ids {
    /// Of ids that are sorted.
    pub(crate) fn of<'t>(ids: impl Iterator<Item = &'t str> + Clone) -> Ids {
        match ids.clone().map(Ids::number).collect() {
            Some(numbers) => Ids::Numbers(numbers),
            None => Ids::Texts(Texts::of(ids)),
        }
    }

    /// The number that an id is; `None` for one that is written in any other way.
    fn number(id: &str) -> Option<u128> {
        let digits = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (id.len() == 32 && digits).then(|| u128::from_str_radix(id, 16).ok())?
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Ids::Numbers(numbers) => numbers.len(),
            Ids::Texts(texts) => texts.len(),
        }
    }

    pub(crate) fn get(&self, number: usize) -> Option<CustomerId> {
        Some(CustomerId(match self {
            Ids::Numbers(numbers) => format!("{:032x}", numbers.get(number)?).into(),
            Ids::Texts(texts) => texts.get(number)?.into(),
        }))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = CustomerId> {
        (0..self.len()).filter_map(|number| self.get(number))
    }

    fn find(&self, id: &str) -> Option<u32> {
        match self {
            Ids::Numbers(numbers) => numbers.binary_search(&Ids::number(id)?).ok().map(|n| n as u32),
            Ids::Texts(texts) => texts.find(id),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Ids::Numbers(numbers) => numbers.len() * size_of::<u128>(),
            Ids::Texts(texts) => texts.bytes(),
        }
    }
}

impl Texts {
    fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Texts {
        let mut all = Texts::default();
        for text in texts {
            all.bytes.push_str(text);
            all.ends.push(all.bytes.len() as u32);
        }
        all.bytes.shrink_to_fit();
        all.ends.shrink_to_fit();
        all
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, number: usize) -> Option<&str> {
        let begin = number.checked_sub(1).map_or(0, |before| self.ends.get(before).map_or(0, |end| *end as usize));
        self.bytes.get(begin..*self.ends.get(number)? as usize)
    }

    /// The number of a text, where they are sorted.
    fn find(&self, text: &str) -> Option<u32> {
        let (mut begin, mut end) = (0, self.len());
        while begin < end {
            let middle = begin.midpoint(end);
            match self.get(middle)?.cmp(text) {
                std::cmp::Ordering::Less => begin = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Greater => end = middle,
            }
        }
        None
    }

    fn bytes(&self) -> usize {
        self.bytes.len() + 4 * self.ends.len()
    }
}

impl Columns {
    /// Where an owner's touchpoints stand.
    pub(crate) fn range(&self, owner: u32) -> std::ops::Range<usize> {
        self.starts[owner as usize] as usize..self.starts[owner as usize + 1] as usize
    }

    /// Whether each of these owners' touchpoints begin where those of the one before end, and later.
    fn are_one_piece(&self, owners: &[u32]) -> bool {
        owners.windows(2).all(|two| {
            let (one, other) = (self.range(two[0]), self.range(two[1]));
            one.end == other.start
                && !(one.is_empty() || other.is_empty())
                && self.place(one.end - 1) < self.place(other.start)
        })
    }

    /// What a customer's touchpoints are ordered by.
    #[inline]
    pub(crate) fn place(&self, row: usize) -> (i64, i64) {
        (self.at[row], self.arrival[row])
    }

    /// An owner's number.
    pub(crate) fn owner(&self, identifier: i64) -> Option<u32> {
        self.owners.binary_search(&identifier).ok().map(|n| n as u32)
    }

    /// The order that a touchpoint is about, or `NO`.
    pub(crate) fn order(&self, row: u32) -> u32 {
        self.order_rows.binary_search(&row).map_or(NO, |n| self.order_of[n])
    }

    /// What tells its session from the customer's others; 0 for none.
    pub(crate) fn session_key(&self, row: usize) -> u64 {
        self.session.get(row).map_or(0, |number| self.session_keys[*number as usize])
    }
}

impl People {
    /// From who holds what; of an identifier that is told twice the last counts.
    pub(crate) fn of(members: Vec<(i64, CustomerId)>) -> People {
        let mut numbers: FxHashMap<CustomerId, u32> = FxHashMap::default();
        let mut customers = Vec::new();
        let mut pairs: Vec<(i64, u32)> = Vec::with_capacity(members.len());
        for (identifier, customer) in members {
            let number = *numbers.entry(customer).or_insert_with_key(|customer| {
                customers.push(customer.clone());
                customers.len() as u32 - 1
            });
            pairs.push((identifier, number));
        }
        drop(numbers);
        let mut order: Vec<u32> = (0..customers.len() as u32).collect();
        order.sort_unstable_by(|a, b| customers[*a as usize].cmp(&customers[*b as usize]));
        let mut place = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(old, new)| place[*old as usize] = new);
        pairs.sort_by_key(|(identifier, _)| *identifier);
        pairs.reverse();
        pairs.dedup_by_key(|(identifier, _)| *identifier);
        pairs.reverse();
        People {
            customers: Ids::of(order.iter().map(|old| &*customers[*old as usize].0)),
            members: pairs.iter().map(|(identifier, _)| *identifier).collect(),
            member_of: pairs.iter().map(|(_, number)| place[*number as usize]).collect(),
        }
    }

    /// A customer's number.
    pub(crate) fn number(&self, customer: &CustomerId) -> Option<u32> {
        self.customers.find(&customer.0)
    }
}

impl Base {
    /// Puts the parts together: who has which touchpoints, and pieces of work of about one size.
    pub(crate) fn of(rows: Columns, mut people: People, consents: Vec<(i64, Held)>) -> Base {
        let consents = Consents::of(consents);
        let mut holders = vec![NO; rows.owners.len()];
        let (members, member_of) = (std::mem::take(&mut people.members), std::mem::take(&mut people.member_of));
        for (identifier, customer) in members.into_iter().zip(member_of) {
            if let Some(owner) = rows.owner(identifier) {
                holders[owner as usize] = customer;
            } else {
                people.members.push(identifier);
                people.member_of.push(customer);
            }
        }
        people.members.shrink_to_fit();
        people.member_of.shrink_to_fit();
        let mut run_starts = vec![0_u32; people.customers.len() + 1];
        holders.iter().filter(|holder| **holder != NO).for_each(|holder| run_starts[*holder as usize + 1] += 1);
        for n in 1..run_starts.len() {
            run_starts[n] += run_starts[n - 1];
        }
        let mut next = run_starts.clone();
        let mut runs = vec![0; run_starts.last().map_or(0, |end| *end as usize)];
        let mut unowned = Vec::new();
        for (owner, holder) in (0..).zip(&holders) {
            if *holder == NO {
                unowned.push(owner);
            } else {
                let place = &mut next[*holder as usize];
                runs[*place as usize] = owner;
                *place += 1;
            }
        }
        let own = run_starts.windows(2).map(|ends| &runs[ends[0] as usize..ends[1] as usize]);
        let in_one_piece = own.map(|runs| rows.are_one_piece(runs)).collect();
        let mut base =
            Base { rows, people, holders, consents, run_starts, runs, in_one_piece, unowned, chunks: Vec::new() };
        base.chunks = base.cut();
        base
    }

    /// Who holds an identifier, or `NO`.
    pub(crate) fn holder(&self, identifier: i64) -> u32 {
        if let Some(owner) = self.rows.owner(identifier) {
            return self.holders[owner as usize];
        }
        self.people.members.binary_search(&identifier).map_or(NO, |n| self.people.member_of[n])
    }

    /// Every identifier that a customer holds, and the customer; in no order.
    pub(crate) fn members(&self) -> impl Iterator<Item = (i64, u32)> {
        let owners = self.rows.owners.iter().copied().zip(self.holders.iter().copied());
        let others = self.people.members.iter().copied().zip(self.people.member_of.iter().copied());
        owners.filter(|(_, holder)| *holder != NO).chain(others)
    }

    fn cut(&self) -> Vec<u32> {
        let mut chunks = vec![0];
        let mut size = 0;
        for customer in 0..self.people.customers.len() as u32 {
            if size >= CHUNK {
                chunks.push(customer);
                size = 0;
            }
            let runs = self.runs_of(customer);
            size += 16 + runs.iter().map(|owner| self.rows.range(*owner).len() as u64).sum::<u64>();
        }
        chunks.push(self.people.customers.len() as u32);
        chunks
    }

    /// The owners a customer holds that have touchpoints, by number.
    pub(crate) fn runs_of(&self, customer: u32) -> &[u32] {
        let customer = customer as usize;
        &self.runs[self.run_starts[customer] as usize..self.run_starts[customer + 1] as usize]
    }

    /// Where a customer's touchpoints stand, when they stand next to each other in order.
    #[inline]
    pub(crate) fn piece_of(&self, customer: u32) -> Option<std::ops::Range<usize>> {
        let runs = self.runs_of(customer);
        let (first, last) = (runs.first()?, runs.last()?);
        let whole = self.in_one_piece[customer as usize];
        whole.then(|| self.rows.range(*first).start..self.rows.range(*last).end)
    }

    /// How much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let rows = &self.rows;
        let words = rows.kind.len() + rows.session.len() + rows.starts.len() + 2 * rows.order_rows.len();
        let longs = rows.at.len() + rows.arrival.len() + rows.session_keys.len() + rows.owners.len();
        let people = &self.people;
        let lists = self.run_starts.len() + self.runs.len() + self.unowned.len() + self.chunks.len();
        4 * (words + lists + self.holders.len() + people.member_of.len())
            + 8 * (longs + people.members.len())
            + people.customers.bytes()
            + self.in_one_piece.len()
            + self.consents.bytes()
    }
}
