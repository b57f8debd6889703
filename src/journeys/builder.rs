//! Builds a projection from all data at once, in any order.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::base::{Base, Columns, EncodedConsent, Memberships};
use super::dictionary::{Dictionary, Net, OrderTable, PackedOrders, order_hash, session_hash};
use super::projection::Projection;
use super::row::{HeldConsent, OrderNet, Row};
use crate::domain::{CustomerId, IdentifierId};

/// Collects the data of a store. Several builders can be filled in parallel and [absorbed](Builder::absorb) into one.
#[derive(Debug)]
pub struct Builder {
    dictionary: Dictionary,
    orders: OrderTable,
    owners: FxHashMap<i64, u32>,
    owner: Vec<u32>,
    at: Vec<i64>,
    arrival: Vec<i64>,
    kind: Vec<u32>,
    /// Empty until the first touchpoint with a session.
    session: Vec<u64>,
    /// Touchpoint and order, for touchpoints about an order, sorted.
    about: Vec<(u32, u32)>,
    members: Vec<(i64, CustomerId)>,
    consents: Vec<(i64, EncodedConsent)>,
}

impl Builder {
    /// Empty; `configured` are the dimensions of the settings.
    pub fn new(configured: Arc<[Arc<str>]>) -> Self {
        Builder {
            dictionary: Dictionary::new(configured),
            orders: OrderTable::default(),
            owners: FxHashMap::default(),
            owner: Vec::new(),
            at: Vec::new(),
            arrival: Vec::new(),
            kind: Vec::new(),
            session: Vec::new(),
            about: Vec::new(),
            members: Vec::new(),
            consents: Vec::new(),
        }
    }

    /// Adds a touchpoint; each may be added once.
    pub fn row(&mut self, row: &Row<'_>) {
        let kind = self.dictionary.kinds.code(&row.kind);
        let order = row.order.map(|key| self.orders.number_of(order_hash(key)));
        self.push(row.owner.0, row.at.0, row.arrival.0, kind, row.session.map_or(0, session_hash), order);
    }

    /// Adds a membership.
    pub fn member(&mut self, identifier: IdentifierId, customer: &CustomerId) {
        self.members.push((identifier.0, customer.clone()));
    }

    /// Adds an order.
    pub fn order(&mut self, order: &OrderNet) {
        let number = self.orders.number_of(order_hash(&order.key));
        let currency = self.dictionary.currency(&order.currency);
        self.orders.set(number, Net { currency, amount: order.net });
    }

    /// Adds all consents of an identifier; each identifier may be added once.
    pub fn consents(&mut self, identifier: IdentifierId, consents: &[HeldConsent]) {
        for consent in consents {
            let purpose = self.dictionary.purpose(&consent.purpose);
            let channel = self.dictionary.channel(consent.channel.as_ref());
            self.consents.push((identifier.0, EncodedConsent::of(consent, purpose, channel)));
        }
    }

    /// The number of touchpoints so far.
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are no touchpoints.
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// About how many bytes of memory it takes, and the projection that it builds will take.
    pub fn bytes(&self) -> usize {
        self.at.len() * 24
            + self.session.len() * 8
            + self.owners.len() * 24
            + self.members.len() * 110
            + self.dictionary.kinds.bytes()
            + self.orders.bytes()
    }

    /// Adds all of another builder, which has the same configured dimensions.
    pub fn absorb(&mut self, other: Builder) {
        let kinds: Vec<u32> = (0..other.dictionary.kinds.len() as u32)
            .map(|code| self.dictionary.kinds.adopt(&other.dictionary.kinds, code))
            .collect();
        let currencies: Vec<u16> = other.dictionary.currencies.iter().map(|c| self.dictionary.currency(c)).collect();
        let purposes: Vec<u16> = other.dictionary.purposes.iter().map(|p| self.dictionary.purpose(p)).collect();
        let channels: Vec<u16> = other.dictionary.channels.iter().map(|c| self.dictionary.channel(Some(c))).collect();
        let mut orders = Vec::new();
        for (hash, now) in other.orders.all() {
            let number = self.orders.number_of(hash);
            if let Some(Net { currency, amount }) = now {
                self.orders.set(number, Net { currency: currencies[usize::from(currency)], amount });
            }
            orders.push(number);
        }
        let mut owners = vec![0; other.owners.len()];
        other.owners.iter().for_each(|(identifier, number)| owners[*number as usize] = self.owner_number(*identifier));
        let begin = self.at.len() as u32;
        if !other.session.is_empty() {
            self.session.resize(self.at.len(), 0);
            self.session.extend(other.session);
        } else if !self.session.is_empty() {
            self.session.resize(self.at.len() + other.at.len(), 0);
        }
        self.owner.extend(other.owner.iter().map(|owner| owners[*owner as usize]));
        self.at.extend(other.at);
        self.arrival.extend(other.arrival);
        self.kind.extend(other.kind.iter().map(|kind| kinds[*kind as usize]));
        self.about.extend(other.about.iter().map(|(row, order)| (begin + row, orders[*order as usize])));
        self.members.extend(other.members);
        let renumbered = |consent: EncodedConsent| EncodedConsent {
            purpose: purposes[usize::from(consent.purpose)],
            channel: usize::from(consent.channel).checked_sub(1).map_or(0, |n| channels[n]),
            ..consent
        };
        self.consents.extend(other.consents.into_iter().map(|(identifier, consent)| (identifier, renumbered(consent))));
    }

    /// Sorts on `threads` threads and builds the projection.
    pub fn finish(self, threads: usize) -> Projection {
        let (base, dictionary, orders) = self.sort(threads);
        Projection::of(base, dictionary, PackedOrders::of(&orders.all()))
    }

    /// An empty builder that uses the numbers of a dictionary. Folding uses it.
    pub(crate) fn with(dictionary: Dictionary, orders: OrderTable) -> Self {
        Builder { dictionary, orders, ..Builder::new([].into()) }
    }

    pub(crate) fn push(&mut self, owner: i64, at: i64, arrival: i64, kind: u32, session: u64, order: Option<u32>) {
        if session != 0 && self.session.is_empty() {
            self.session.resize(self.at.len(), 0);
        }
        if session != 0 || !self.session.is_empty() {
            self.session.push(session);
        }
        if let Some(order) = order {
            self.about.push((self.at.len() as u32, order));
        }
        let owner = self.owner_number(owner);
        self.owner.push(owner);
        self.at.push(at);
        self.arrival.push(arrival);
        self.kind.push(kind);
    }

    pub(crate) fn membership(&mut self, identifier: i64, customer: CustomerId) {
        self.members.push((identifier, customer));
    }

    pub(crate) fn consent(&mut self, identifier: i64, consent: EncodedConsent) {
        self.consents.push((identifier, consent));
    }

    fn owner_number(&mut self, identifier: i64) -> u32 {
        let next = self.owners.len() as u32;
        *self.owners.entry(identifier).or_insert(next)
    }

    fn sort(mut self, threads: usize) -> (Base, Dictionary, OrderTable) {
        let threads = threads.max(1);
        let mut owners: Vec<(i64, u32)> = self.owners.drain().collect();
        owners.sort_unstable();
        let mut starts = vec![0_u32; owners.len() + 1];
        let mut next = vec![0_u32; owners.len()];
        self.owner.iter().for_each(|owner| next[*owner as usize] += 1);
        for (n, (_, owner)) in owners.iter().enumerate() {
            let count = std::mem::replace(&mut next[*owner as usize], starts[n]);
            starts[n + 1] = starts[n] + count;
        }
        // The permutation that sorts touchpoints: by owner first (a counting sort), then each owner's by time and arrival.
        let mut order = vec![0_u32; self.at.len()];
        for (row, owner) in (0..).zip(&self.owner) {
            let place = &mut next[*owner as usize];
            order[*place as usize] = row;
            *place += 1;
        }
        drop((next, std::mem::take(&mut self.owner)));
        let key = |row: &u32| (self.at[*row as usize], self.arrival[*row as usize]);
        std::thread::scope(|scope| {
            let mut rest = &mut order[..];
            for piece in pieces(&starts, threads) {
                let begin = starts[piece.start];
                let (own, others) = rest.split_at_mut((starts[piece.end] - begin) as usize);
                rest = others;
                let starts = &starts[piece.start..=piece.end];
                scope.spawn(move || {
                    for ends in starts.windows(2) {
                        let run = &mut own[(ends[0] - begin) as usize..(ends[1] - begin) as usize];
                        if !run.is_sorted_by_key(key) {
                            run.sort_unstable_by_key(key);
                        }
                    }
                });
            }
        });
        let (order_rows, order_of) = self.orders_in(&order);
        let (at, arrival) = (gather(&self.at, &order, threads), gather(&self.arrival, &order, threads));
        drop((std::mem::take(&mut self.at), std::mem::take(&mut self.arrival)));
        let kind = gather(&self.kind, &order, threads);
        let (session, session_keys) = sessions(&std::mem::take(&mut self.session), &order, &starts);
        let owners = owners.into_iter().map(|(identifier, _)| identifier).collect();
        let columns = Columns { at, arrival, kind, session, session_keys, owners, starts, order_rows, order_of };
        let base = Base::of(columns, Memberships::of(self.members), self.consents);
        (base, self.dictionary, self.orders)
    }

    fn orders_in(&self, order: &[u32]) -> (Vec<u32>, Vec<u32>) {
        if self.about.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let about = |row: &u32| self.about.binary_search_by_key(row, |(row, _)| *row).ok().map(|n| self.about[n].1);
        let mut has = vec![false; order.len()];
        self.about.iter().for_each(|(row, _)| has[*row as usize] = true);
        let rows = (0..).zip(order).filter(|(_, row)| has[**row as usize]);
        rows.filter_map(|(place, row)| Some((place, about(row)?))).unzip()
    }
}

/// Ranges of owners, one for each thread, with about the same number of touchpoints.
fn pieces(starts: &[u32], threads: usize) -> Vec<Range<usize>> {
    let owners = starts.len() - 1;
    let total = u64::from(starts[owners]);
    let mut begin = 0;
    let ends = (1..=threads as u64).map(|n| match n == threads as u64 {
        true => owners,
        false => starts.partition_point(|start| u64::from(*start) < total * n / threads as u64).min(owners),
    });
    let mut pieces = Vec::new();
    for end in ends.collect::<Vec<_>>() {
        pieces.push(begin..end.max(begin));
        begin = end.max(begin);
    }
    pieces
}

fn gather<T: Copy + Default + Send + Sync>(from: &[T], order: &[u32], threads: usize) -> Vec<T> {
    let mut into = vec![T::default(); order.len()];
    let size = order.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for (into, order) in into.chunks_mut(size).zip(order.chunks(size)) {
            scope.spawn(move || into.iter_mut().zip(order).for_each(|(to, row)| *to = from[*row as usize]));
        }
    });
    into
}

/// The session column and the hash of each session number: each owner's sessions are numbered, 0 is none.
fn sessions(hashes: &[u64], order: &[u32], starts: &[u32]) -> (Vec<u32>, Vec<u64>) {
    if hashes.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let mut keys = vec![0];
    let mut numbers: FxHashMap<u64, u32> = FxHashMap::default();
    let mut column = Vec::with_capacity(order.len());
    for ends in starts.windows(2) {
        numbers.clear();
        let mut recent = (0, 0);
        for row in &order[ends[0] as usize..ends[1] as usize] {
            let hash = hashes[*row as usize];
            if hash != recent.0 {
                let number = *numbers.entry(hash).or_insert_with(|| match hash {
                    0 => 0,
                    _ => {
                        keys.push(hash);
                        keys.len() as u32 - 1
                    }
                });
                recent = (hash, number);
            }
            column.push(recent.1);
        }
    }
    (column, keys)
}
