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
    pub(crate) people: People,
    /// Sorted by identifier.
    pub(crate) consents: Vec<(i64, Held)>,
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
    pub(crate) customers: Texts,
    /// Identifiers that a customer holds, sorted.
    pub(crate) members: Vec<i64>,
    /// Their customers.
    pub(crate) member_of: Vec<u32>,
}

/// Texts by number, in one piece: an id of its own on the heap is twice as large.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: String,
    /// Where each ends.
    ends: Vec<u32>,
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

impl Texts {
    pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Texts {
        let mut all = Texts::default();
        for text in texts {
            all.bytes.push_str(text);
            all.ends.push(all.bytes.len() as u32);
        }
        all.bytes.shrink_to_fit();
        all.ends.shrink_to_fit();
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, number: usize) -> Option<&str> {
        let begin = number.checked_sub(1).map_or(0, |before| self.ends.get(before).map_or(0, |end| *end as usize));
        self.bytes.get(begin..*self.ends.get(number)? as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|number| self.get(number))
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
            customers: Texts::of(order.iter().map(|old| &*customers[*old as usize].0)),
            members: pairs.iter().map(|(identifier, _)| *identifier).collect(),
            member_of: pairs.iter().map(|(_, number)| place[*number as usize]).collect(),
        }
    }

    /// Who holds an identifier.
    pub(crate) fn holder(&self, identifier: i64) -> Option<u32> {
        self.members.binary_search(&identifier).ok().map(|n| self.member_of[n])
    }

    /// A customer's number.
    pub(crate) fn number(&self, customer: &CustomerId) -> Option<u32> {
        self.customers.find(&customer.0)
    }
}

impl Base {
    /// Puts the parts together: who has which touchpoints, and pieces of work of about one size.
    pub(crate) fn of(rows: Columns, people: People, mut consents: Vec<(i64, Held)>) -> Base {
        consents.sort_by_key(|(identifier, _)| *identifier);
        // Both lists are sorted, so one walk finds every owner's holder.
        let mut holders = vec![NO; rows.owners.len()];
        let mut member = 0;
        for (holder, owner) in holders.iter_mut().zip(&rows.owners) {
            while people.members.get(member).is_some_and(|identifier| identifier < owner) {
                member += 1;
            }
            if people.members.get(member) == Some(owner) {
                *holder = people.member_of[member];
            }
        }
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
        let (in_one_piece, chunks) = (Vec::new(), Vec::new());
        let mut base = Base { rows, people, consents, run_starts, runs, in_one_piece, unowned, chunks };
        base.in_one_piece = (0..base.people.customers.len() as u32).map(|customer| base.follow(customer)).collect();
        base.chunks = base.cut();
        base
    }

    /// Whether each of a customer's runs but the first begins where the one before ends, and later.
    fn follow(&self, customer: u32) -> bool {
        let rows = &self.rows;
        self.runs_of(customer).windows(2).all(|two| {
            let (one, other) = (rows.range(two[0]), rows.range(two[1]));
            one.end == other.start
                && !(one.is_empty() || other.is_empty())
                && rows.place(one.end - 1) < rows.place(other.start)
        })
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
        4 * (words + lists + people.member_of.len())
            + 8 * (longs + people.members.len())
            + people.customers.bytes()
            + self.in_one_piece.len()
            + self.consents.len() * size_of::<(i64, Held)>()
    }
}
