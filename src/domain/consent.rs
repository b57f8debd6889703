//! What a person allowed and forbade.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Arrival, IdentifierId, Timestamp};

/// What was decided. In order of strictness, the strictest last; what ran out is in force no longer, and comes before
/// all that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsentStatus {
    /// Was allowed and ran out.
    Expired,
    /// Allowed.
    Granted,
    /// Unknown.
    Unknown,
    /// Asked and said no.
    Denied,
    /// Allowed once, taken back.
    Revoked,
}

impl ConsentStatus {
    /// Its name in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            ConsentStatus::Granted => "GRANTED",
            ConsentStatus::Unknown => "UNKNOWN",
            ConsentStatus::Expired => "EXPIRED",
            ConsentStatus::Denied => "DENIED",
            ConsentStatus::Revoked => "REVOKED",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Self> {
        use ConsentStatus::*;
        [Granted, Unknown, Expired, Denied, Revoked].into_iter().find(|s| s.as_str().eq_ignore_ascii_case(text))
    }
}

/// A decision as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentFact {
    /// What it is for, such as `marketing`.
    pub purpose: Arc<str>,
    /// The channel it speaks of; `None` is every channel.
    pub channel: Option<Arc<str>>,
    /// What was decided.
    pub status: ConsentStatus,
    /// When it runs out.
    pub expires_at: Option<Timestamp>,
}

/// A decision as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its name: when it arrived.
    pub arrival: Arrival,
    /// The strongest identifier of the event that brought it.
    pub owner: IdentifierId,
    /// What was decided.
    pub fact: ConsentFact,
    /// When it was decided.
    pub at: Timestamp,
    /// Who sent it.
    pub source: Arc<str>,
}

/// A decision that an identifier holds: every identifier its customer held when it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentGiven {
    /// The identifier.
    pub identifier: IdentifierId,
    /// The decision.
    pub consent: Arc<Consent>,
}

/// The decisions in force among `given`: one per purpose and channel, the strictest, of equals the
/// newest. A grant that ran out by `now` is EXPIRED, and stands only where nothing is in force. Sorted by purpose
/// and channel.
pub fn in_force(given: &[ConsentGiven], now: Timestamp) -> Vec<Consent> {
    let mut chosen: BTreeMap<(Arc<str>, Option<Arc<str>>), Consent> = BTreeMap::new();
    for given in given {
        let mut consent = (*given.consent).clone();
        if consent.fact.status == ConsentStatus::Granted && consent.fact.expires_at.is_some_and(|end| end <= now) {
            consent.fact.status = ConsentStatus::Expired;
        }
        let key = (consent.fact.purpose.clone(), consent.fact.channel.clone());
        let rank = |c: &Consent| (c.fact.status, c.at, c.arrival);
        match chosen.get_mut(&key) {
            Some(present) if rank(present) >= rank(&consent) => {}
            Some(present) => *present = consent,
            None => {
                chosen.insert(key, consent);
            }
        }
    }
    chosen.into_values().collect()
}
