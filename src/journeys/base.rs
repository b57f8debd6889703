//! The base of a projection: all touchpoints as columns, sorted by owner, time and arrival, and the memberships.

use rustc_hash::FxHashMap;

use super::row::HeldConsent;
use crate::domain::CustomerId;
use crate::domain::consent::ConsentStatus;

/// The index that stands for none.
pub(crate) const NO_INDEX: u32 = u32::MAX;

/// How many touchpoints a chunk of work has, unless one customer has more.
const CHUNK: u64 = 1 << 13;

/// What a question scans. It is immutable.
#[derive(Debug, Default)]
pub(crate) struct Base {
    pub(crate) rows: Columns,
    /// The memberships of identifiers without touchpoints; `holders` has those of the owners.
    pub(crate) memberships: Memberships,
    /// The customer of each owner; `NO_INDEX` when it has none.
    holders: Vec<u32>,
    pub(crate) consents: Consents,
    /// For each customer the offset of its owners in `customer_owners`; one more at the end.
    owner_offsets: Vec<u32>,
    /// The numbers of the owners, customer by customer.
    customer_owners: Vec<u32>,
    /// For each customer whether the rows of all its owners are adjacent and in order.
    contiguous: Vec<bool>,
    /// The numbers of the owners without a customer.
    pub(crate) unowned: Vec<u32>,
    /// The customers at which chunks of work begin; one more at the end.
    pub(crate) chunks: Vec<u32>,
}

/// The touchpoints, a row each.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) at: Vec<i64>,
    pub(crate) arrival: Vec<i64>,
    pub(crate) kind: Vec<u32>,
    /// Number in `session_keys`, 0 for none; empty when no touchpoint has a session.
    pub(crate) session: Vec<u32>,
    /// The hashes of the session ids. They are compared within one customer only.
    pub(crate) session_keys: Vec<u64>,
    /// The identifiers that have touchpoints, sorted.
    pub(crate) owners: Vec<i64>,
    /// The row at which each owner's touchpoints begin; one more at the end.
    pub(crate) starts: Vec<u32>,
    /// The rows about an order, sorted.
    pub(crate) order_rows: Vec<u32>,
    /// The order of each of these rows.
    pub(crate) order_of: Vec<u32>,
}

/// Which customer has which identifier.
#[derive(Debug, Default)]
pub(crate) struct Memberships {
    /// Sorted.
    pub(crate) customers: Ids,
    /// The identifiers that have a customer, sorted.
    pub(crate) members: Vec<i64>,
    /// The customer of each of these identifiers, by number.
    pub(crate) member_of: Vec<u32>,
}

/// The ids of customers by number, sorted. An id of 32 hexadecimal digits, which is what stores give out, is kept as a
/// 128-bit number: half the bytes. If one id has another form, all ids are kept as texts.
#[derive(Debug)]
pub(crate) enum Ids {
    Numbers(Vec<u128>),
    Texts(Texts),
}

/// Texts by number, in one buffer: a heap allocation for each would be twice as large.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: String,
    /// The end of each text.
    ends: Vec<u32>,
}

/// The consents of identifiers, sorted by identifier.
#[derive(Debug, Default)]
pub(crate) struct Consents {
    /// The identifiers that have consents.
    identifiers: Vec<i64>,
    /// Where the consents of each begin; one more at the end.
    starts: Vec<u32>,
    purposes: Vec<u16>,
    channels: Vec<u16>,
    statuses: Vec<ConsentStatus>,
    /// The place and the end time of each consent that expires, sorted; few do.
    ends: Vec<(u32, i64)>,
}

/// A consent of an identifier, with the purpose and the channel as their numbers in the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EncodedConsent {
    pub(crate) purpose: u16,
    pub(crate) channel: u16,
    pub(crate) status: ConsentStatus,
    pub(crate) expires_at: Option<i64>,
}

impl EncodedConsent {
    pub(crate) fn of(consent: &HeldConsent, purpose: u16, channel: u16) -> EncodedConsent {
        EncodedConsent { purpose, channel, status: consent.status, expires_at: consent.expires_at.map(|at| at.0) }
    }

    /// Its status at `now`, by the same rule as [`in_force`](crate::domain::consent::in_force).
    pub(crate) fn status_at(&self, now: i64) -> ConsentStatus {
        match self.status {
            ConsentStatus::Granted if self.expires_at.is_some_and(|end| end <= now) => ConsentStatus::Expired,
            status => status,
        }
    }
}

impl Consents {
    fn of(mut all: Vec<(i64, EncodedConsent)>) -> Consents {
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
            purposes: all.iter().map(|(_, consent)| consent.purpose).collect(),
            channels: all.iter().map(|(_, consent)| consent.channel).collect(),
            statuses: all.iter().map(|(_, consent)| consent.status).collect(),
            ends: (0..).zip(&all).filter_map(|(place, (_, consent))| Some((place, consent.expires_at?))).collect(),
        }
    }

    /// Each consent with its identifier.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, EncodedConsent)> + Clone {
        let consent = |place: u32| {
            let end = self.ends.binary_search_by_key(&place, |(place, _)| *place);
            let expires_at = end.ok().map(|n| self.ends[n].1);
            let place = place as usize;
            let (purpose, channel) = (self.purposes[place], self.channels[place]);
            EncodedConsent { purpose, channel, status: self.statuses[place], expires_at }
        };
        let own = self.identifiers.iter().zip(self.starts.windows(2));
        own.flat_map(move |(identifier, ends)| (ends[0]..ends[1]).map(move |place| (*identifier, consent(place))))
    }

    fn bytes(&self) -> usize {
        let holders = self.identifiers.len() * size_of::<i64>() + self.starts.len() * size_of::<u32>();
        let consent = self.purposes.len() * (2 * size_of::<u16>() + size_of::<ConsentStatus>());
        holders + consent + self.ends.len() * size_of::<(u32, i64)>()
    }
}

impl Default for Ids {
    fn default() -> Self {
        Ids::Numbers(Vec::new())
    }
}

impl Ids {
    /// From ids that are sorted.
    pub(crate) fn of<'t>(ids: impl Iterator<Item = &'t str> + Clone) -> Ids {
        match ids.clone().map(Ids::number).collect() {
            Some(numbers) => Ids::Numbers(numbers),
            None => Ids::Texts(Texts::of(ids)),
        }
    }

    /// An id of 32 hexadecimal digits as a number; `None` for an id of another form.
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

    /// The number of a text, by binary search: the texts are sorted.
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
    /// The rows of an owner.
    pub(crate) fn range(&self, owner: u32) -> std::ops::Range<usize> {
        self.starts[owner as usize] as usize..self.starts[owner as usize + 1] as usize
    }

    /// Whether the rows of these owners are adjacent and in order of time and arrival.
    fn are_contiguous(&self, owners: &[u32]) -> bool {
        owners.windows(2).all(|two| {
            let (one, other) = (self.range(two[0]), self.range(two[1]));
            one.end == other.start
                && !(one.is_empty() || other.is_empty())
                && self.place(one.end - 1) < self.place(other.start)
        })
    }

    /// Time and arrival: the order of a customer's touchpoints.
    #[inline]
    pub(crate) fn place(&self, row: usize) -> (i64, i64) {
        (self.at[row], self.arrival[row])
    }

    /// An owner's number.
    pub(crate) fn owner(&self, identifier: i64) -> Option<u32> {
        self.owners.binary_search(&identifier).ok().map(|n| n as u32)
    }

    /// The order that a row is about, or `NO_INDEX`.
    pub(crate) fn order(&self, row: u32) -> u32 {
        self.order_rows.binary_search(&row).map_or(NO_INDEX, |n| self.order_of[n])
    }

    /// The hash of the session id of a row; 0 for none.
    pub(crate) fn session_key(&self, row: usize) -> u64 {
        self.session.get(row).map_or(0, |number| self.session_keys[*number as usize])
    }
}

impl Memberships {
    /// From pairs of identifier and customer. When an identifier occurs twice, the last pair counts.
    pub(crate) fn of(members: Vec<(i64, CustomerId)>) -> Memberships {
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
        Memberships {
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
    /// Puts the parts together: finds the owners of each customer, and cuts the customers into chunks.
    pub(crate) fn of(rows: Columns, mut memberships: Memberships, consents: Vec<(i64, EncodedConsent)>) -> Base {
        let consents = Consents::of(consents);
        let mut holders = vec![NO_INDEX; rows.owners.len()];
        let (members, member_of) =
            (std::mem::take(&mut memberships.members), std::mem::take(&mut memberships.member_of));
        for (identifier, customer) in members.into_iter().zip(member_of) {
            if let Some(owner) = rows.owner(identifier) {
                holders[owner as usize] = customer;
            } else {
                memberships.members.push(identifier);
                memberships.member_of.push(customer);
            }
        }
        memberships.members.shrink_to_fit();
        memberships.member_of.shrink_to_fit();
        let mut owner_offsets = vec![0_u32; memberships.customers.len() + 1];
        holders
            .iter()
            .filter(|holder| **holder != NO_INDEX)
            .for_each(|holder| owner_offsets[*holder as usize + 1] += 1);
        for n in 1..owner_offsets.len() {
            owner_offsets[n] += owner_offsets[n - 1];
        }
        let mut next = owner_offsets.clone();
        let mut customer_owners = vec![0; owner_offsets.last().map_or(0, |end| *end as usize)];
        let mut unowned = Vec::new();
        for (owner, holder) in (0..).zip(&holders) {
            if *holder == NO_INDEX {
                unowned.push(owner);
            } else {
                let place = &mut next[*holder as usize];
                customer_owners[*place as usize] = owner;
                *place += 1;
            }
        }
        let own = owner_offsets.windows(2).map(|ends| &customer_owners[ends[0] as usize..ends[1] as usize]);
        let contiguous = own.map(|owners| rows.are_contiguous(owners)).collect();
        let mut base = Base {
            rows,
            memberships,
            holders,
            consents,
            owner_offsets,
            customer_owners,
            contiguous,
            unowned,
            chunks: Vec::new(),
        };
        base.chunks = base.cut();
        base
    }

    /// The customer of an identifier, or `NO_INDEX`.
    pub(crate) fn holder(&self, identifier: i64) -> u32 {
        if let Some(owner) = self.rows.owner(identifier) {
            return self.holders[owner as usize];
        }
        self.memberships.members.binary_search(&identifier).map_or(NO_INDEX, |n| self.memberships.member_of[n])
    }

    /// Every identifier that has a customer, and that customer; in no order.
    pub(crate) fn members(&self) -> impl Iterator<Item = (i64, u32)> {
        let owners = self.rows.owners.iter().copied().zip(self.holders.iter().copied());
        let others = self.memberships.members.iter().copied().zip(self.memberships.member_of.iter().copied());
        owners.filter(|(_, holder)| *holder != NO_INDEX).chain(others)
    }

    /// The customers at which chunks of about [`CHUNK`] touchpoints begin. A customer itself counts as 16.
    fn cut(&self) -> Vec<u32> {
        let mut chunks = vec![0];
        let mut size = 0;
        for customer in 0..self.memberships.customers.len() as u32 {
            if size >= CHUNK {
                chunks.push(customer);
                size = 0;
            }
            let owners = self.owners_of(customer);
            size += 16 + owners.iter().map(|owner| self.rows.range(*owner).len() as u64).sum::<u64>();
        }
        chunks.push(self.memberships.customers.len() as u32);
        chunks
    }

    /// The numbers of a customer's owners: its identifiers that have touchpoints.
    pub(crate) fn owners_of(&self, customer: u32) -> &[u32] {
        let customer = customer as usize;
        &self.customer_owners[self.owner_offsets[customer] as usize..self.owner_offsets[customer + 1] as usize]
    }

    /// A customer's rows, if they are adjacent and in order.
    #[inline]
    pub(crate) fn contiguous_range(&self, customer: u32) -> Option<std::ops::Range<usize>> {
        let owners = self.owners_of(customer);
        let (first, last) = (owners.first()?, owners.last()?);
        let whole = self.contiguous[customer as usize];
        whole.then(|| self.rows.range(*first).start..self.rows.range(*last).end)
    }

    /// How many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let rows = &self.rows;
        let words = rows.kind.len() + rows.session.len() + rows.starts.len() + 2 * rows.order_rows.len();
        let longs = rows.at.len() + rows.arrival.len() + rows.session_keys.len() + rows.owners.len();
        let memberships = &self.memberships;
        let lists = self.owner_offsets.len() + self.customer_owners.len() + self.unowned.len() + self.chunks.len();
        4 * (words + lists + self.holders.len() + memberships.member_of.len())
            + 8 * (longs + memberships.members.len())
            + memberships.customers.bytes()
            + self.contiguous.len()
            + self.consents.bytes()
    }
}
