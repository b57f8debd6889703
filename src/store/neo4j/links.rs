//! Links of the identity graph.

use std::sync::Arc;

use neo4rs::BoltType;

use super::Inner;
use super::bolt::{Params, ToBolt, list as bolt_list, list_row, row};
use super::pages::{Forms, by_key, by_key_in, empty, page};
use super::rows::column;
use super::statement::statements;
use super::write::{Outcome, Writer};
use crate::domain::link::Link;
use crate::domain::page::Page;
use crate::domain::{Arrival, Moment, Timestamp};
use crate::stitching::Plan;
use crate::stitching::rows::LinkRow as PlannedLink;
use crate::store::query::{LinkKey, LinkPage, Of};
use crate::store::{Result, StoreError};

statements! {
    INSERT = "links/insert";
    INSERT_REFUSED = "links/insert_refused";
    LINKS = "links/fetch";
    LINKS_AS_OF = "links/fetch_as_of";
    MERGES_BETWEEN = "decisions/fetch_merge";
    LIST_OF_CUSTOMER = "links/list_of_customer" ("owners/part_of_customer" | "links/part_list");
    LIST_OF_IDENTIFIER = "links/list_of_identifier" ("owners/part_of_identifier" | "links/part_list");
    LIST_AS_OF = "links/list_as_of" ("owners/part_as_of" | "links/part_list_as_of");
    COUNT_OF_CUSTOMER = "links/count_of_customer" ("owners/part_of_customer" | "links/part_count");
    COUNT_OF_IDENTIFIER = "links/count_of_identifier" ("owners/part_of_identifier" | "links/part_count");
    COUNT_AS_OF = "links/count_as_of" ("owners/part_as_of" | "links/part_count_as_of");
}
static LIST: Forms = Forms { customer: &LIST_OF_CUSTOMER, identifier: &LIST_OF_IDENTIFIER, as_of: &LIST_AS_OF };
static COUNT: Forms = Forms { customer: &COUNT_OF_CUSTOMER, identifier: &COUNT_OF_IDENTIFIER, as_of: &COUNT_AS_OF };

list_row! {
    /// A link.
    pub(super) struct LinkRow {
        from: i64,
        to: i64,
        refused: Option<&'de str>,
        rule: &'de str,
        first_at: i64,
        last_at: i64,
        count: i64,
        message_id: &'de str,
        source: &'de str,
    }
}

impl TryFrom<LinkRow<'_>> for Link {
    type Error = StoreError;
    fn try_from(row: LinkRow<'_>) -> Result<Self> {
        Ok(Link {
            from: Arrival(row.from),
            to: Arrival(row.to),
            refused: row.refused.map(Arc::from),
            rule: row.rule.into(),
            first_at: Timestamp(row.first_at),
            last_at: Timestamp(row.last_at),
            count: row.count,
            message_id: row.message_id.into(),
            source: row.source.into(),
        })
    }
}

pub(super) async fn fetch(store: &Inner, keys: &[LinkKey], as_of: Option<Moment>) -> Result<Vec<Option<Link>>> {
    let key = |key: &LinkKey| bolt_list([key.from.to_bolt(), key.to.to_bolt(), key.refused.to_bolt()]);
    let take = |row: &neo4rs::Row| column::<LinkRow<'_>>(row, "item")?.try_into();
    if let Some(moment) = as_of {
        return by_key_in(store, &LINKS_AS_OF, keys, key, Params::new().with_moment(moment), take).await;
    }
    let mut links = by_key(store, &LINKS, keys, key, take).await?;
    let mut missing: Vec<(&LinkKey, &mut Option<Link>)> =
        keys.iter().zip(&mut links).filter(|(key, link)| link.is_none() && !key.refused).collect();
    if !missing.is_empty() {
        let keys: Vec<LinkKey> = missing.iter().map(|(key, _)| **key).collect();
        let said = |row: &neo4rs::Row| {
            let (from, to) = (Arrival(column(row, "from")?), Arrival(column(row, "to")?));
            Ok(Link::of_decision(from, to, Timestamp(column(row, "at")?), column::<&str>(row, "by")?.into()))
        };
        let found = by_key(store, &MERGES_BETWEEN, &keys, key, said).await?;
        missing.iter_mut().zip(found).for_each(|((_, link), found)| **link = found);
    }
    Ok(links)
}

pub(super) async fn list(store: &Inner, of: &[Of], asked: &LinkPage, as_of: Option<Moment>) -> Result<Vec<Page<Link>>> {
    let nowhere = LinkKey { from: Arrival(i64::MIN), to: Arrival(i64::MIN), refused: false };
    let after = asked.after.unwrap_or(nowhere);
    let params = Params::new()
        .with("refused", asked.refused)
        .with("from", after.from)
        .with("to", after.to)
        .with("after_refused", after.refused)
        .with("limit", asked.limit.saturating_add(1));
    LIST.ask(store, of, params, empty(), as_of, |row| page::<LinkRow<'_>, _>(row, asked.limit)).await
}

pub(super) async fn count(store: &Inner, of: &[Of], refused: Option<bool>, as_of: Option<Moment>) -> Result<Vec<i64>> {
    COUNT.ask(store, of, Params::new().with("refused", refused), 0, as_of, |row| column(row, "found")).await
}

/// Writes accepted and refused links.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    let (refused, bound): (Vec<&PlannedLink>, Vec<&PlannedLink>) =
        plan.links.iter().partition(|row| row.link.refused.is_some());
    writer.rows(&INSERT, bound.into_iter().map(link).collect()).await?;
    writer.rows(&INSERT_REFUSED, refused.into_iter().map(link).collect()).await
}

fn link(PlannedLink { link, all }: &PlannedLink) -> BoltType {
    row! {
        "all" => all,
        "from" => link.from,
        "to" => link.to,
        "set" => row! {
            "rule" => link.rule,
            "reason" => link.refused,
            "first_at" => link.first_at,
            "last_at" => link.last_at,
            "count" => link.count,
            "message_id" => link.message_id,
            "source" => link.source,
        },
    }
}
