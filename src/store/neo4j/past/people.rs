//! Who was who: customers, what they held, and figures, counted.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use neo4rs::Row;
use rustc_hash::FxHashMap;

use super::super::bolt::{ToBolt, list};
use super::super::pages::items;
use super::super::rows::{ClaimRow, ConsentRow, IdentifierRow, OrderRow, column};
use super::super::statement::{Statement, part, statement};
use super::AsOf;
use crate::domain::claim::Claim;
use crate::domain::consent::ConsentGiven;
use crate::domain::customer::{Customer, CustomerId, CustomerView};
use crate::domain::identifier::Identifier;
use crate::domain::rollup::{ChannelRollup, Rollup};
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::store::query::{
    CustomerKey, FirstPages, IdentifierRef, Of, OrderPage, Shape, TimeOrder, TouchpointFilter, TouchpointPage,
};
use crate::store::{Result, StoreError};

static BY_ID: Statement = statement!("customers/fetch_by_id_as_of");
static HOLDERS: Statement = statement!("memberships/fetch_holder_as_of");
static IDENTIFIER_IDS: Statement = statement!("identifiers/fetch_id");
static OWNERS_OF_ORDERS: Statement = statement!("orders/list_owners_as_of");
static MEMBERS: Statement = statement!("memberships/list_as_of");
static IDENTIFIERS: Statement = statement!("identifiers/fetch_as_of");
static CLAIMS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("claims/list_as_of", &[part!("owners/part_as_of"), part!("claims/part_list_as_of")])
});
static CONSENTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("consents/list_as_of", &[part!("owners/part_as_of"), part!("consents/part_list_as_of")])
});

/// What a customer was.
#[derive(Clone)]
struct Member {
    id: CustomerId,
    created_seq: Arrival,
    owners: Vec<IdentifierId>,
    /// Whom it had absorbed, in order of birth.
    former: Vec<CustomerId>,
}

impl AsOf {
    /// The identifiers of each question. That touchpoints hang on these and no others is decided here.
    pub(super) async fn owners(&self, of: &[Of]) -> Result<Vec<Vec<IdentifierId>>> {
        let ids: Vec<&CustomerId> = of
            .iter()
            .filter_map(|of| match of {
                Of::Customer(id) => Some(id),
                Of::Identifier(_) => None,
            })
            .collect();
        let mut members = self.members(&self.by_id(&ids).await?).await?.into_iter();
        let owners = of.iter().map(|of| match of {
            Of::Identifier(id) => self.moment.has(*id).then_some(*id).into_iter().collect(),
            Of::Customer(_) => members.next().flatten().map(|member| member.owners).unwrap_or_default(),
        });
        Ok(owners.collect())
    }

    /// The customer that each id stood for, and those it had absorbed.
    pub(super) async fn with_former(&self, ids: &[CustomerId]) -> Result<Vec<Vec<CustomerId>>> {
        let ids: Vec<&CustomerId> = ids.iter().collect();
        let members = self.members(&self.by_id(&ids).await?).await?;
        let all = |member: Member| member.former.into_iter().chain([member.id]).collect();
        Ok(members.into_iter().map(|member| member.map(all).unwrap_or_default()).collect())
    }

    pub(super) async fn views(
        &self,
        keys: &[CustomerKey],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Result<Option<Arc<CustomerView>>>>> {
        let mut answers: Vec<Result<Option<Arc<CustomerView>>>> = keys.iter().map(|_| Ok(None)).collect();
        let mut found = Vec::with_capacity(keys.len());
        for (answer, key) in answers.iter_mut().zip(self.find(keys).await?) {
            match key {
                Ok(customer) => found.push(customer),
                Err(error) => {
                    *answer = Err(error);
                    found.push(None);
                }
            }
        }
        let members = self.members(&found).await?;
        let views = self.views_of(&members, shape, pages).await?;
        for (answer, view) in answers.iter_mut().zip(views) {
            if let (Ok(answer), Some(view)) = (answer, view) {
                *answer = Some(Arc::new(view));
            }
        }
        Ok(answers)
    }

    /// Identifiers, with who held each.
    pub(super) async fn identifiers_then(&self, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
        let texts: Vec<String> = keys
            .iter()
            .filter_map(|key| match key {
                IdentifierRef::Key(key) => Some(key.to_string()),
                IdentifierRef::Id(_) => None,
            })
            .collect();
        let mut by_key = self.identifier_ids(&texts).await?.into_iter();
        let ids: Vec<Option<IdentifierId>> = keys
            .iter()
            .map(|key| match key {
                IdentifierRef::Id(id) => Some(*id),
                IdentifierRef::Key(_) => by_key.next().flatten(),
            })
            .collect();
        let wanted: Vec<IdentifierId> = ids.iter().flatten().copied().collect();
        let holders = self.holders(&wanted).await?;
        let mut counted = self.counted(&wanted).await?;
        for (id, holder) in wanted.iter().zip(holders) {
            if let Some(identifier) = counted.get_mut(id) {
                identifier.customer = holder;
            }
        }
        Ok(ids.into_iter().map(|id| counted.get(&id?).cloned()).collect())
    }

    /// The customer that each key meant.
    async fn find(&self, keys: &[CustomerKey]) -> Result<Vec<Result<Option<CustomerId>>>> {
        let mut ids = Vec::new();
        let mut texts = Vec::new();
        let mut orders = Vec::new();
        for key in keys {
            match key {
                CustomerKey::Id(id) => ids.push(id),
                CustomerKey::Identifier(key) => texts.push(key.to_string()),
                CustomerKey::Order { number, source } => orders.push(list([number.to_bolt(), source.to_bolt()])),
            }
        }
        let mut by_id = self.by_id(&ids).await?.into_iter();
        let mut by_key = self.identifier_ids(&texts).await?.into_iter();
        let mut by_order = vec![Ok(None); 0];
        by_order.extend((0..orders.len()).map(|_| Ok(None)));
        if !orders.is_empty() {
            let params = self.params().with("keys", list(orders));
            for row in &self.rows(&OWNERS_OF_ORDERS, params).await? {
                let (n, owner) = (column::<usize>(row, "n")?, Arrival(column(row, "owner")?));
                by_order[n] = match by_order[n] {
                    Ok(None) => Ok(Some(owner)),
                    _ => Err(StoreError::AmbiguousOrder),
                };
            }
        }
        let mut by_order = by_order.into_iter();
        // Each key as an id of a customer that is found, or as an identifier that somebody held.
        let mut found: Vec<Result<Option<CustomerId>>> = Vec::with_capacity(keys.len());
        let mut held: Vec<(usize, IdentifierId)> = Vec::new();
        for (n, key) in keys.iter().enumerate() {
            let identifier = match key {
                CustomerKey::Id(_) => {
                    found.push(Ok(by_id.next().flatten()));
                    continue;
                }
                CustomerKey::Identifier(_) => Ok(by_key.next().flatten()),
                CustomerKey::Order { .. } => by_order.next().unwrap_or(Ok(None)),
            };
            held.extend(identifier.as_ref().ok().copied().flatten().map(|id| (n, id)));
            found.push(identifier.map(|_| None));
        }
        let identifiers: Vec<IdentifierId> = held.iter().map(|(_, id)| *id).collect();
        for ((n, _), holder) in held.into_iter().zip(self.holders(&identifiers).await?) {
            found[n] = Ok(holder);
        }
        Ok(found)
    }

    async fn by_id(&self, ids: &[&CustomerId]) -> Result<Vec<Option<CustomerId>>> {
        self.customers_by(&BY_ID, ids).await
    }

    async fn holders(&self, ids: &[IdentifierId]) -> Result<Vec<Option<CustomerId>>> {
        self.customers_by(&HOLDERS, ids).await
    }

    async fn customers_by<K: ToBolt>(&self, statement: &Statement, keys: &[K]) -> Result<Vec<Option<CustomerId>>> {
        let mut found = vec![None; keys.len()];
        if !keys.is_empty() {
            let params = self.params().with_list("keys", keys.iter());
            for row in &self.rows(statement, params).await? {
                found[column::<usize>(row, "n")?] = Some(CustomerId(column::<&str>(row, "customer")?.into()));
            }
        }
        Ok(found)
    }

    async fn identifier_ids(&self, keys: &[String]) -> Result<Vec<Option<IdentifierId>>> {
        let mut found = vec![None; keys.len()];
        if !keys.is_empty() {
            for row in &self.rows(&IDENTIFIER_IDS, self.params().with_list("keys", keys)).await? {
                found[column::<usize>(row, "n")?] = Some(Arrival(column(row, "id")?));
            }
        }
        Ok(found)
    }

    /// What customers held; nobody who held nothing.
    async fn members(&self, ids: &[Option<CustomerId>]) -> Result<Vec<Option<Member>>> {
        let mut members = vec![None; ids.len()];
        let wanted: Vec<(usize, &CustomerId)> =
            ids.iter().enumerate().filter_map(|(n, id)| Some((n, id.as_ref()?))).collect();
        if wanted.is_empty() {
            return Ok(members);
        }
        let params = self.params().with_list("keys", wanted.iter().map(|(_, id)| id));
        for row in &self.rows(&MEMBERS, params).await? {
            let (n, id) = wanted[column::<usize>(row, "n")?];
            let owners: Vec<IdentifierId> = column::<Vec<i64>>(row, "owners")?.into_iter().map(Arrival).collect();
            let mut former: Vec<(i64, &str)> = column(row, "former")?;
            former.sort_unstable();
            members[n] = (!owners.is_empty()).then(|| Member {
                id: id.clone(),
                created_seq: Arrival(0),
                owners,
                former: former.into_iter().map(|(_, id)| CustomerId(id.into())).collect(),
            });
            if let Some(member) = &mut members[n] {
                member.created_seq = Arrival(column(row, "born")?);
            }
        }
        Ok(members)
    }

    async fn views_of(
        &self,
        members: &[Option<Member>],
        shape: Shape,
        pages: FirstPages,
    ) -> Result<Vec<Option<CustomerView>>> {
        let owners: Vec<Vec<IdentifierId>> =
            members.iter().map(|member| member.as_ref().map(|m| m.owners.clone()).unwrap_or_default()).collect();
        let all: Vec<IdentifierId> = owners.iter().flatten().copied().collect();
        if all.is_empty() {
            return Ok(members.iter().map(|_| None).collect());
        }
        let counted = self.counted(&all).await?;
        let claims = self
            .of_owners(&CLAIMS, &owners, self.params(), Vec::new(), |row| items::<ClaimRow<'_>, Claim>(row, "items"))
            .await?;
        let mut views: Vec<Option<CustomerView>> = Vec::with_capacity(members.len());
        for (member, mut claims) in members.iter().zip(claims) {
            claims.sort_by_key(|claim| claim.arrival);
            views.push(member.as_ref().map(|member| self.card(member, &counted, claims)));
        }
        if matches!(shape, Shape::Identity | Shape::All) {
            let take = |row: &Row| items::<ConsentRow<'_>, ConsentGiven>(row, "items");
            let consents = self.of_owners(&CONSENTS, &owners, self.params(), Vec::new(), take).await?;
            let devices = self.devices_of(&owners, |_| false).await?;
            for (view, (consents, devices)) in views.iter_mut().zip(consents.into_iter().zip(devices)) {
                if let Some(view) = view {
                    (view.consents, view.devices) = (Some(consents), Some(devices));
                }
            }
        }
        if matches!(shape, Shape::History | Shape::All) {
            let page = OrderPage { since: None, until: None, after: None, limit: pages.orders };
            if pages.orders > 0 {
                let orders = self.order_pages(&owners, &page).await?;
                views
                    .iter_mut()
                    .zip(orders)
                    .for_each(|(view, page)| view.iter_mut().for_each(|v| v.orders = Some(page.clone())));
            }
            let (order, filter) = (TimeOrder::NewestFirst, TouchpointFilter::default());
            let page = TouchpointPage { filter, order, after: None, limit: pages.touchpoints };
            if pages.touchpoints > 0 {
                let touchpoints = self.touchpoint_pages(&owners, &page).await?;
                views
                    .iter_mut()
                    .zip(touchpoints)
                    .for_each(|(view, page)| view.iter_mut().for_each(|v| v.touchpoints = Some(page.clone())));
            }
        }
        Ok(views)
    }

    fn card(&self, member: &Member, counted: &FxHashMap<IdentifierId, Identifier>, claims: Vec<Claim>) -> CustomerView {
        let held = |id: &IdentifierId| {
            let identifier = counted.get(id)?.clone();
            Some(Identifier { customer: Some(member.id.clone()), ..identifier })
        };
        let mut identifiers: Vec<Identifier> = member.owners.iter().filter_map(held).collect();
        identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
        CustomerView {
            as_of: Some(self.moment),
            customer: Customer {
                id: member.id.clone(),
                created_seq: member.created_seq,
                version: 0,
                former_ids: member.former.clone(),
            },
            identifiers,
            claims,
            consents: None,
            devices: None,
            orders: None,
            touchpoints: None,
        }
    }

    /// Identifiers that were there, with their figures and without their holders.
    async fn counted(&self, ids: &[IdentifierId]) -> Result<FxHashMap<IdentifierId, Identifier>> {
        let mut counted = FxHashMap::default();
        if ids.is_empty() {
            return Ok(counted);
        }
        for row in &self.rows(&IDENTIFIERS, self.params().with("keys", ids)).await? {
            let mut identifier = column::<IdentifierRow<'_>>(row, "item")?.held_by(None)?;
            identifier.shared_since = identifier.shared_since.filter(|since| *since <= self.moment.change);
            let seen: Vec<(i64, i64)> = column(row, "seen")?;
            identifier.rollup = self.figures(row)?;
            if let Some((first, last)) = bounds(&seen) {
                (identifier.first_seen_at, identifier.last_seen_at) = (first, last);
            }
            counted.insert(identifier.id, identifier);
        }
        Ok(counted)
    }

    /// What had happened under an identifier, counted.
    fn figures(&self, row: &Row) -> Result<Rollup> {
        let mut channels: BTreeMap<Arc<str>, ChannelRollup> = BTreeMap::new();
        for (channel, touchpoints, sent, answered, last) in column::<Vec<(&str, i64, i64, i64, i64)>>(row, "channels")?
        {
            channels.insert(channel.into(), ChannelRollup { touchpoints, sent, answered, last_at: Timestamp(last) });
        }
        let mut rollup = Rollup { channels, ..Rollup::default() };
        for order in column::<Vec<OrderRow<'_>>>(row, "orders")? {
            if let Some((_, currency, part)) = order.order(Some(self.moment))?.figures() {
                rollup.count_order(currency, &part, 1);
            }
        }
        Ok(rollup)
    }
}

/// The smallest and the largest of ranges.
pub(super) fn bounds(seen: &[(i64, i64)]) -> Option<(Timestamp, Timestamp)> {
    let first = seen.iter().map(|(first, _)| *first).min()?;
    Some((Timestamp(first), Timestamp(seen.iter().map(|(_, last)| *last).max()?)))
}
