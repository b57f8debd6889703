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

/// What a purpose shows of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether the customer is shown.
    pub shown: bool,
    /// The channels whose touchpoints are hidden, sorted.
    pub refused: Vec<Arc<str>>,
}

impl Standing {
    /// Of these decisions at `now`. The strictest decision for all channels counts. Where none is in force, a grant for
    /// some channel is enough. A channel that was refused hides only what is of that channel.
    pub fn of(given: &[ConsentGiven], purpose: &str, now: Timestamp) -> Self {
        let own = given.iter().map(|given| &given.consent.fact).filter(|fact| &*fact.purpose == purpose);
        Self::of_decisions(own.map(|fact| (fact.channel.as_ref(), fact.status, fact.expires_at)), now)
    }

    /// The same, of decisions for one purpose: channel, status and end.
    pub fn of_decisions<'c>(
        given: impl IntoIterator<Item = (Option<&'c Arc<str>>, ConsentStatus, Option<Timestamp>)>,
        now: Timestamp,
    ) -> Self {
        let mut strictest: BTreeMap<Option<&Arc<str>>, ConsentStatus> = BTreeMap::new();
        for (channel, status, expires_at) in given {
            let has_ended = status == ConsentStatus::Granted && expires_at.is_some_and(|end| end <= now);
            let status = if has_ended { ConsentStatus::Expired } else { status };
            let entry = strictest.entry(channel).or_insert(status);
            *entry = status.max(*entry);
        }
        let of_all = strictest.remove(&None).filter(|status| *status != ConsentStatus::Expired);
        let of_some = strictest.values().any(|status| *status == ConsentStatus::Granted);
        let refused = strictest.into_iter().filter(|(_, status)| *status > ConsentStatus::Granted);
        Standing {
            shown: of_all.map_or(of_some, |status| status == ConsentStatus::Granted),
            refused: refused.filter_map(|(channel, _)| channel.cloned()).collect(),
        }
    }

    /// Whether touchpoints of this channel are hidden.
    pub fn refuses(&self, channel: &str) -> bool {
        self.refused.iter().any(|refused| **refused == *channel)
    }
}

#[cfg(test)]
mod tests {
    use super::ConsentStatus::*;
    use super::*;

    /// Of decisions written as channel, status and end, at the time 10.
    fn standing(decisions: &[(Option<&str>, ConsentStatus, Option<i64>)]) -> (bool, Vec<String>) {
        let channels: Vec<Option<Arc<str>>> = decisions.iter().map(|one| one.0.map(Arc::from)).collect();
        let given =
            channels.iter().zip(decisions).map(|(channel, one)| (channel.as_ref(), one.1, one.2.map(Timestamp)));
        let found = Standing::of_decisions(given, Timestamp(10));
        (found.shown, found.refused.iter().map(|channel| channel.to_string()).collect())
    }

    #[test]
    fn only_a_grant_in_force_shows_a_customer_and_the_strictest_decision_counts() {
        for (decisions, shown) in [
            (&[][..], false),
            (&[(None, Granted, None)], true),
            (&[(None, Granted, Some(11))], true),
            (&[(None, Granted, Some(10))], false),
            (&[(None, Granted, None), (None, Granted, Some(9))], true),
            (&[(None, Granted, None), (None, Revoked, None)], false),
            (&[(None, Granted, None), (None, Unknown, None)], false),
            (&[(None, Denied, None)], false),
            (&[(None, Expired, None)], false),
        ] {
            assert_eq!(standing(decisions), (shown, Vec::new()), "{decisions:?}");
        }
    }

    #[test]
    fn a_refused_channel_hides_only_itself() {
        let refused = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (email, sms) = (Some("email"), Some("sms"));
        assert_eq!(standing(&[(None, Granted, None), (email, Revoked, None)]), (true, refused(&["email"])));
        assert_eq!(standing(&[(email, Granted, None), (sms, Denied, None)]), (true, refused(&["sms"])));
        assert_eq!(standing(&[(email, Granted, None), (email, Denied, None)]), (false, refused(&["email"])));
        assert_eq!(standing(&[(email, Granted, None)]), (true, refused(&[])));
        assert_eq!(standing(&[(email, Granted, Some(9))]), (false, refused(&[])), "it has ended");
        assert_eq!(standing(&[(None, Granted, Some(9)), (email, Granted, None)]), (true, refused(&[])));
        assert_eq!(standing(&[(None, Revoked, None), (email, Granted, None)]), (false, refused(&[])));
        assert_eq!(standing(&[(sms, Revoked, None)]), (false, refused(&["sms"])), "nobody granted anything");
    }
}
