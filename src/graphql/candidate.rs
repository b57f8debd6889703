//! The customers that a shared identifier may belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_graphql::{Context, Error, SimpleObject};

use super::customer::Customer;
use super::load;
use crate::domain::customer::CustomerId;
use crate::domain::identifier::Identifier;
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::ingest::Ingest;
use crate::stitching::visits::{self, Cut, Window};
use crate::store::query::IdentifierRef;

/// The maximum number of candidates.
const MOST: usize = 10;
/// The maximum number of touchpoints that are read, the latest first. A till has thousands of touchpoints a day.
const TOUCHPOINTS: usize = 5_000;
/// Only visits in this time before the identifier was last seen count.
const WINDOW_MS: i64 = 90 * 86_400_000;

/// A customer that a shared identifier may belong to.
#[derive(SimpleObject)]
pub struct OwnerCandidate {
    /// The customer.
    customer: Customer,
    /// The customer's share of all candidates' visits, from 0 to 1.
    score: f64,
    /// The reasons as English sentences.
    reasons: Vec<String>,
}

/// The visits during which a customer was signed in.
#[derive(Default)]
struct SignIns {
    visits: usize,
    last_at: Timestamp,
}

/// The candidates of a shared identifier, now or as of a moment, the best first. Of two with the same score, the one
/// that was signed in later comes first.
pub(super) async fn of(
    ctx: &Context<'_>,
    as_of: Option<Moment>,
    shared: &Identifier,
) -> Result<Vec<OwnerCandidate>, Error> {
    let since = Timestamp(shared.last_seen_at.0.saturating_sub(WINDOW_MS));
    let window =
        Window { seen: load::seen(ctx, as_of, shared.id, since, TOUCHPOINTS).await?, before: false, after: false };
    let rules = ctx.data_unchecked::<Arc<Ingest>>().rules();
    let Cut::Visits(visits) = visits::cut(&window, Timestamp::MIN, Timestamp::MAX, rules.session_gap) else {
        return Ok(Vec::new());
    };
    let signed_in = visits::signed_in(&window, &visits);
    let found = load::many_as_of(ctx, as_of, signed_in.into_iter().map(IdentifierRef::Id)).await?;
    let is_person = |kind: &str| rules.kind(kind).is_some_and(|(_, rule)| !rule.device);
    let holders: BTreeMap<IdentifierId, CustomerId> = found
        .into_values()
        .filter(|identifier| is_person(&identifier.key.kind))
        .filter_map(|identifier| Some((identifier.id, identifier.customer?)))
        .collect();
    // A customer counts once in a visit.
    let mut people: BTreeMap<&CustomerId, SignIns> = BTreeMap::new();
    for visit in &visits {
        let here = visit.iter().map(|&place| &window.seen[place]).filter(|seen| !seen.alone);
        let here: BTreeSet<(&CustomerId, Timestamp)> =
            here.filter_map(|seen| Some((holders.get(&seen.owner)?, seen.at))).collect();
        let mut before = None;
        for (customer, at) in here {
            let seen = people.entry(customer).or_default();
            seen.visits += usize::from(before != Some(customer));
            seen.last_at = seen.last_at.max(at);
            before = Some(customer);
        }
    }
    let total: usize = people.values().map(|seen| seen.visits).sum();
    let mut ranked: Vec<(&CustomerId, SignIns)> = people.into_iter().collect();
    ranked.sort_by_key(|(_, seen)| std::cmp::Reverse((seen.visits, seen.last_at)));
    let mut candidates = Vec::new();
    for (id, SignIns { visits: of_them, last_at }) in ranked.into_iter().take(MOST) {
        let Some(customer) = Customer::of_id_at(ctx, as_of, id.clone()).await? else { continue };
        let all = if visits.len() == 1 { "1 visit".to_owned() } else { format!("{} visits", visits.len()) };
        let day = last_at.to_string();
        let day = day.split('T').next().unwrap_or_default();
        let reasons = vec![format!("signed in during {of_them} of {all}"), format!("last signed in on {day}")];
        candidates.push(OwnerCandidate { customer, score: of_them as f64 / total as f64, reasons });
    }
    Ok(candidates)
}
