//! Who an identifier that several people share may belong to.

use std::collections::BTreeMap;

use async_graphql::{Context, Error, SimpleObject};

use super::customer::Customer;
use super::load::{self, LinksOf};
use crate::domain::customer::CustomerId;
use crate::domain::identifier::Identifier;
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::store::query::{IdentifierRef, LinkPage, Of};

/// The most that are answered.
const MOST: usize = 10;
/// How many links of the identifier are looked at: a till has one with everybody.
const LINKS: usize = 1_000;
/// How far back from when it was last seen.
const WINDOW_MS: i64 = 90 * 86_400_000;

/// Who an identifier that several people share may belong to.
#[derive(SimpleObject)]
pub struct OwnerCandidate {
    /// The customer.
    customer: Customer,
    /// How likely, from 0 to 1.
    score: f64,
    /// Why, in words.
    reasons: Vec<String>,
}

/// What speaks for a customer: in how many events one of its identifiers was seen with the shared one.
#[derive(Default)]
struct Seen {
    together: i64,
    last_at: Timestamp,
}

/// The candidates of a shared identifier, now or as of a moment, best first; ties by who was seen with it last.
pub(super) async fn of(
    ctx: &Context<'_>,
    when: Option<Moment>,
    shared: &Identifier,
) -> Result<Vec<OwnerCandidate>, Error> {
    let page = LinkPage { refused: None, after: None, limit: LINKS };
    let links =
        load::then(ctx, when, LinksOf(Of::Identifier(shared.id), page)).await?.map_or(Vec::new(), |page| page.items);
    // A pair has a link from before it was shared and one from after.
    let mut pairs: BTreeMap<IdentifierId, Seen> = BTreeMap::new();
    for link in links.iter().filter(|link| link.last_at.0 >= shared.last_seen_at.0 - WINDOW_MS) {
        let other = if link.from == shared.id { link.to } else { link.from };
        let seen = pairs.entry(other).or_default();
        seen.together += link.count;
        seen.last_at = seen.last_at.max(link.last_at);
    }
    let keys = pairs.keys().map(|id| IdentifierRef::Id(*id));
    let found = load::then_many(ctx, when, keys).await?;
    // One event names several identifiers of a person: it speaks once.
    let mut people: BTreeMap<CustomerId, Seen> = BTreeMap::new();
    for identifier in found.into_values() {
        let (Some(customer), Some(seen)) = (identifier.customer, pairs.get(&identifier.id)) else { continue };
        let person = people.entry(customer).or_default();
        person.together = person.together.max(seen.together);
        person.last_at = person.last_at.max(seen.last_at);
    }
    let total: i64 = people.values().map(|seen| seen.together).sum();
    let mut ranked: Vec<(CustomerId, Seen)> = people.into_iter().collect();
    ranked.sort_by_key(|(_, seen)| std::cmp::Reverse((seen.together, seen.last_at)));
    let mut candidates = Vec::new();
    for (id, Seen { together, last_at }) in ranked.into_iter().take(MOST) {
        let Some(customer) = Customer::of_id_at(ctx, when, id).await? else { continue };
        let events = if together == 1 { "1 event".to_owned() } else { format!("{together} events") };
        let day = last_at.to_string();
        let day = day.split('T').next().unwrap_or_default();
        let reasons = vec![format!("seen together in {events} of {total}"), format!("last together on {day}")];
        candidates.push(OwnerCandidate { customer, score: together as f64 / total as f64, reasons });
    }
    Ok(candidates)
}
