//! Links of the identity graph.

use std::sync::{Arc, LazyLock};

use super::Inner;
use super::bolt::{Params, ToBolt, list as bolt_list, list_row};
use super::pages::{Pair, by_key, empty, page};
use super::rows::column;
use super::statement::{Statement, part, statement};
use crate::domain::link::Link;
use crate::domain::page::Page;
use crate::domain::{Arrival, Timestamp};
use crate::store::query::{LinkKey, LinkPage, Of};
use crate::store::{Result, StoreError};

static LINKS: Statement = statement!("links/fetch");
static MERGES_BETWEEN: Statement = statement!("decisions/fetch_merge");
static LIST: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        Statement::of_parts("links/list_of_customer", &[part!("owners/part_of_customer"), part!("links/part_list")]),
        Statement::of_parts(
            "links/list_of_identifier",
            &[part!("owners/part_of_identifier"), part!("links/part_list")],
        ),
    )
});
static COUNT: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        Statement::of_parts("links/count_of_customer", &[part!("owners/part_of_customer"), part!("links/part_count")]),
        Statement::of_parts(
            "links/count_of_identifier",
            &[part!("owners/part_of_identifier"), part!("links/part_count")],
        ),
    )
});

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

pub(super) async fn fetch(store: &Inner, keys: &[LinkKey]) -> Result<Vec<Option<Link>>> {
    let key = |key: &LinkKey| bolt_list([key.from.to_bolt(), key.to.to_bolt(), key.refused.to_bolt()]);
    let mut links = by_key(store, &LINKS, keys, key, |row| column::<LinkRow<'_>>(row, "item")?.try_into()).await?;
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

pub(super) async fn list(store: &Inner, of: &[Of], asked: &LinkPage) -> Result<Vec<Page<Link>>> {
    LIST.ask(store, of, page_params(asked), empty(), |row| page::<LinkRow<'_>, _>(row, asked.limit)).await
}

/// The parameters of a page.
pub(super) fn page_params(asked: &LinkPage) -> Params {
    let nowhere = LinkKey { from: Arrival(i64::MIN), to: Arrival(i64::MIN), refused: false };
    let after = asked.after.unwrap_or(nowhere);
    Params::new()
        .with("refused", asked.refused)
        .with("from", after.from)
        .with("to", after.to)
        .with("after_refused", after.refused)
        .with("limit", asked.limit.saturating_add(1))
}

pub(super) async fn count(store: &Inner, of: &[Of], refused: Option<bool>) -> Result<Vec<i64>> {
    COUNT.ask(store, of, Params::new().with("refused", refused), 0, |row| column(row, "found")).await
}
