//! Consents: decisions of persons for purposes and channels.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Arrival, IdentifierId, Timestamp};

/// The status of a decision. Ordered by strictness, strictest last. Expired comes first, as it is no longer in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsentStatus {
    /// It was granted, and its end has passed.
    Expired,
    /// Allowed.
    Granted,
    /// Unknown.
    Unknown,
    /// The person was asked and said no.
    Denied,
    /// It was granted once, and the person took it back.
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
    /// The purpose, such as `marketing`.
    pub purpose: Arc<str>,
    /// The decision's channel; `None` is all.
    pub channel: Option<Arc<str>>,
    /// What was decided.
    pub status: ConsentStatus,
    /// The end of a grant.
    pub expires_at: Option<Timestamp>,
}

/// A decision as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its id: the arrival.
    pub arrival: Arrival,
    /// The strongest identifier of its event.
    pub owner: IdentifierId,
    /// What was decided.
    pub fact: ConsentFact,
    /// The time of the decision.
    pub at: Timestamp,
    /// The sender.
    pub source: Arc<str>,
}

/// A decision and one identifier it applies to. It applies to all identifiers that its customer had at the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentGiven {
    /// The identifier.
    pub identifier: IdentifierId,
    /// The decision.
    pub consent: Arc<Consent>,
}

/// The decisions in force among `given`: per purpose and channel the strictest, then the newest. A grant that ended by
/// `now` is EXPIRED, and shown only if none is in force. Sorted by purpose and channel.
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

/// The strictest decision in force for a purpose on a channel, with those for all channels; without a channel, of all.
/// UNKNOWN when there is none.
pub fn strictest(given: &[ConsentGiven], purpose: &str, channel: Option<&str>, now: Timestamp) -> ConsentStatus {
    let is_about = |fact: &ConsentFact| {
        *fact.purpose == *purpose && (channel.is_none() || fact.channel.is_none() || fact.channel.as_deref() == channel)
    };
    let about = in_force(given, now).into_iter().filter(|consent| is_about(&consent.fact));
    about.map(|consent| consent.fact.status).max().unwrap_or(ConsentStatus::Unknown)
}
