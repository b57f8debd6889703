//! Claims: a trait's value, with its provenance.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{Arrival, IdentifierId, Timestamp};

/// The trait with a customer's whole name.
pub const FULL_NAME: &str = "name";
/// The traits with a customer's first name; the first that has a value counts.
pub const FIRST_NAME: [&str; 2] = ["first_name", "firstName"];
/// The same for the last name.
pub const LAST_NAME: [&str; 2] = ["last_name", "lastName"];
/// The traits that a customer's display name is made of.
pub const NAME_TRAITS: [&str; 5] = [FULL_NAME, FIRST_NAME[0], FIRST_NAME[1], LAST_NAME[0], LAST_NAME[1]];

/// How a value was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Provenance {
    /// Observed in a transaction or on a device.
    Realised,
    /// Stated by the customer.
    Declared,
    /// Inferred by another system.
    Assumed,
}

impl Provenance {
    /// Its name in stores and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Provenance::Realised => "REALISED",
            Provenance::Declared => "DECLARED",
            Provenance::Assumed => "ASSUMED",
        }
    }

    /// From its name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Provenance::Realised, Provenance::Declared, Provenance::Assumed]
            .into_iter()
            .find(|p| p.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// A claim as it arrives with an event.
#[derive(Clone, Debug)]
pub struct ClaimFact {
    /// The trait's name.
    pub name: Arc<str>,
    /// Its value, as JSON.
    pub value: Arc<RawValue>,
    /// How the value was obtained.
    pub provenance: Provenance,
}

/// A claim as stored: one value of one trait, from one source, under one identifier.
///
/// When the same value is claimed again, the row is closed and a new row is opened, with `count` one higher. So a read
/// of the present finds one row per value, and a read of the past finds the row of that time.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The arrival at which this row was opened; its id.
    pub arrival: Arrival,
    /// The identifier it is attached to.
    pub owner: IdentifierId,
    /// The trait's name.
    pub name: Arc<str>,
    /// Its value, as JSON.
    pub value: Arc<RawValue>,
    /// How the value was obtained.
    pub provenance: Provenance,
    /// The latest time of the claim.
    pub at: Timestamp,
    /// The earliest time of the claim.
    pub first_at: Timestamp,
    /// How often the value was claimed.
    pub count: i64,
    /// Who sent it.
    pub source: Arc<str>,
    /// The message of the claim at `at`. `None` for claims that were stored before messages were kept, and in a
    /// customer's view on Neo4j, which leaves messages out.
    pub message_id: Option<Arc<str>>,
    /// The message of the claim at `first_at`, when that is another time; else [`Claim::first_message`] gives it.
    pub first_message_id: Option<Arc<str>>,
}

impl Claim {
    /// Whether the value is null: the sender says that there is none.
    pub fn is_none(&self) -> bool {
        self.value.get() == "null"
    }

    /// The message of the claim at `first_at`; `None` when it was not kept.
    pub fn first_message(&self) -> Option<&Arc<str>> {
        if self.first_at == self.at { self.message_id.as_ref() } else { self.first_message_id.as_ref() }
    }
}

/// The hash by which stores find the present claims with one value: the first eight bytes of its SHA-256. Values can be
/// long, and begin and end alike.
pub fn value_hash(value: &str) -> i64 {
    let digest = Sha256::digest(value.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// The policy that chooses which of several values of a trait is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TraitPolicy {
    /// The value that was claimed last.
    #[default]
    Newest,
    /// The value that was claimed first.
    Oldest,
    /// The value that was claimed most often; of equal ones the newest.
    MostFrequent,
    /// The value of the first of these sources that has one; else the newest value.
    Sources(Vec<Arc<str>>),
}

/// The policies of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraitPolicies {
    /// By trait.
    pub by_name: BTreeMap<Arc<str>, TraitPolicy>,
    /// The policy for every other trait.
    pub default: TraitPolicy,
}

/// A trait as shown: the value that the policy chose, and the other values.
#[derive(Clone, Debug)]
pub struct ShownTrait {
    /// The shown value.
    pub shown: Claim,
    /// Claims of other values, newest first.
    pub others: Vec<Claim>,
}

impl TraitPolicies {
    /// Chooses among all claims of a customer: one trait per name, sorted by name.
    pub fn choose(&self, claims: &[Claim]) -> Vec<ShownTrait> {
        let mut by_name: BTreeMap<&str, Vec<&Claim>> = BTreeMap::new();
        for claim in claims {
            by_name.entry(&claim.name).or_default().push(claim);
        }
        by_name.into_iter().filter_map(|(name, claims)| self.policy(name).choose(claims)).collect()
    }

    /// All claims of a customer, sorted by name: the shown one first, then the newest. `true` for a shown one.
    pub fn all<'c>(&self, claims: &'c [Claim]) -> Vec<(&'c Claim, bool)> {
        let mut all = Vec::with_capacity(claims.len());
        for ShownTrait { shown, .. } in self.choose(claims) {
            let of_name = claims.iter().filter(|claim| claim.name == shown.name);
            let mut of_name: Vec<_> = of_name.map(|claim| (claim, claim.arrival == shown.arrival)).collect();
            of_name.sort_by_key(|(claim, is_shown)| Reverse((*is_shown, claim.at, claim.arrival)));
            all.extend(of_name);
        }
        all
    }

    /// The policy of a trait.
    pub fn policy(&self, name: &str) -> &TraitPolicy {
        self.by_name.get(name).unwrap_or(&self.default)
    }
}

impl TraitPolicy {
    fn choose(&self, mut claims: Vec<&Claim>) -> Option<ShownTrait> {
        claims.sort_by_key(|c| Reverse((c.at, c.arrival)));
        let best = match self {
            TraitPolicy::Newest => 0,
            TraitPolicy::Oldest => position_of_min(&claims, |c| (c.first_at, c.arrival)),
            TraitPolicy::MostFrequent => {
                let mut said: BTreeMap<&str, i64> = BTreeMap::new();
                for claim in &claims {
                    *said.entry(claim.value.get()).or_default() += claim.count;
                }
                position_of_min(&claims, |c| Reverse(said[c.value.get()]))
            }
            TraitPolicy::Sources(sources) => {
                position_of_min(&claims, |c| sources.iter().position(|s| *s == c.source).unwrap_or(sources.len()))
            }
        };
        let shown = (*claims.get(best)?).clone();
        let others = claims.into_iter().filter(|c| c.value.get() != shown.value.get()).cloned().collect();
        Some(ShownTrait { shown, others })
    }
}

/// The index of the smallest key; of equal ones the first.
fn position_of_min<K: Ord>(claims: &[&Claim], key: impl Fn(&Claim) -> K) -> usize {
    (0..claims.len()).min_by_key(|&n| (key(claims[n]), n)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(at: i64, value: &str, source: &str, count: i64) -> Claim {
        Claim {
            arrival: Arrival(at),
            owner: Arrival(1),
            name: "city".into(),
            value: serde_json::value::to_raw_value(value).expect("a value").into(),
            provenance: Provenance::Declared,
            at: Timestamp(at),
            first_at: Timestamp(at),
            count,
            source: source.into(),
            message_id: None,
            first_message_id: None,
        }
    }

    #[test]
    fn the_hash_of_a_value_is_the_one_that_is_stored() {
        // The beginnings of published SHA-256 digests. Stored rows have them, so they never change.
        assert_eq!(value_hash("abc"), 0xba78_16bf_8f01_cfea_u64 as i64);
        assert_eq!(value_hash(""), 0xe3b0_c442_98fc_1c14_u64 as i64);
    }

    #[test]
    fn null_is_a_value_that_can_be_chosen() {
        let null = |at: i64| Claim { value: RawValue::NULL.to_owned().into(), ..claim(at, "", "app", 1) };
        let shown = |policy: TraitPolicy, claims: &[Claim]| {
            let chosen = TraitPolicies { default: policy, ..TraitPolicies::default() }.choose(claims);
            (chosen[0].shown.value.get().to_owned(), chosen[0].others.len())
        };
        let gone = [claim(1, "Bath", "shop", 2), null(2)];
        assert_eq!(shown(TraitPolicy::Newest, &gone), ("null".to_owned(), 1));
        assert_eq!(shown(TraitPolicy::Oldest, &gone), ("\"Bath\"".to_owned(), 1));
        assert_eq!(shown(TraitPolicy::MostFrequent, &gone), ("\"Bath\"".to_owned(), 1));
        assert_eq!(shown(TraitPolicy::Newest, &[null(1), claim(2, "Bath", "shop", 1)]), ("\"Bath\"".to_owned(), 1));
    }

    #[test]
    fn the_policy_chooses_and_every_losing_value_is_kept() {
        let claims = [claim(1, "Bath", "shop", 1), claim(2, "York", "app", 3), claim(3, "Leeds", "app", 1)];
        let shown = |policy: TraitPolicy| {
            let chosen = TraitPolicies { default: policy, ..TraitPolicies::default() }.choose(&claims);
            assert_eq!((chosen.len(), chosen[0].others.len()), (1, 2));
            chosen[0].shown.value.get().to_owned()
        };
        assert_eq!(shown(TraitPolicy::Newest), "\"Leeds\"");
        assert_eq!(shown(TraitPolicy::Oldest), "\"Bath\"");
        assert_eq!(shown(TraitPolicy::MostFrequent), "\"York\"");
        assert_eq!(shown(TraitPolicy::Sources(vec!["crm".into(), "shop".into()])), "\"Bath\"");
        assert_eq!(shown(TraitPolicy::Sources(vec!["crm".into()])), "\"Leeds\"");
    }
}
