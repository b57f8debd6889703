//! The identifiers of a customer at a moment, and the customer of an identifier.

use super::Inner;
use super::bolt::{Params, ToBolt, row};
use super::pages::as_of_rows;
use super::rows::column;
use super::statement::{Statement, statements};
use super::write::{Outcome, Writer};
use crate::domain::customer::CustomerId;
use crate::domain::{Arrival, IdentifierId, Moment};
use crate::stitching::Plan;
use crate::store::Result;
use crate::store::query::Of;

statements! {
    UPDATE = "memberships/update";
    BY_ID = "customers/fetch_by_id_as_of";
    HOLDERS = "memberships/fetch_holder_as_of";
    MEMBERS = "memberships/list_as_of";
}

/// The identifiers of a customer.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) id: CustomerId,
    pub(super) created_seq: Arrival,
    pub(super) owners: Vec<IdentifierId>,
    /// The customers that had been merged into it, in order of birth.
    pub(super) former: Vec<CustomerId>,
}

/// The identifiers of each question. Touchpoints are read for these identifiers only.
pub(super) async fn owners(store: &Inner, of: &[Of], moment: Moment) -> Result<Vec<Vec<IdentifierId>>> {
    let ids: Vec<&CustomerId> = of
        .iter()
        .filter_map(|of| match of {
            Of::Customer(id) => Some(id),
            Of::Identifier(_) => None,
        })
        .collect();
    let mut members = list(store, &by_id(store, &ids, moment).await?, moment).await?.into_iter();
    let owners = of.iter().map(|of| match of {
        Of::Identifier(id) => moment.has(*id).then_some(*id).into_iter().collect(),
        Of::Customer(_) => members.next().flatten().map(|member| member.owners).unwrap_or_default(),
    });
    Ok(owners.collect())
}

/// The customer that each id stood for, and the customers that had been merged into it.
pub(super) async fn with_former(store: &Inner, ids: &[CustomerId], moment: Moment) -> Result<Vec<Vec<CustomerId>>> {
    let ids: Vec<&CustomerId> = ids.iter().collect();
    let members = list(store, &by_id(store, &ids, moment).await?, moment).await?;
    let all = |member: Member| member.former.into_iter().chain([member.id]).collect();
    Ok(members.into_iter().map(|member| member.map(all).unwrap_or_default()).collect())
}

/// The customer that each id stood for.
pub(super) async fn by_id(store: &Inner, ids: &[&CustomerId], moment: Moment) -> Result<Vec<Option<CustomerId>>> {
    customers_by(store, &BY_ID, ids, moment).await
}

/// The customer that each identifier belonged to.
pub(super) async fn holders(store: &Inner, ids: &[IdentifierId], moment: Moment) -> Result<Vec<Option<CustomerId>>> {
    customers_by(store, &HOLDERS, ids, moment).await
}

async fn customers_by<K: ToBolt>(
    store: &Inner,
    statement: &Statement,
    keys: &[K],
    moment: Moment,
) -> Result<Vec<Option<CustomerId>>> {
    let mut found = vec![None; keys.len()];
    if !keys.is_empty() {
        let params = Params::new().with_moment(moment).with_list("keys", keys.iter());
        for row in &as_of_rows(store, statement, params).await? {
            found[column::<usize>(row, "n")?] = Some(CustomerId(column::<&str>(row, "customer")?.into()));
        }
    }
    Ok(found)
}

/// The identifiers of customers; `None` for a customer without identifiers.
pub(super) async fn list(store: &Inner, ids: &[Option<CustomerId>], moment: Moment) -> Result<Vec<Option<Member>>> {
    let mut members = vec![None; ids.len()];
    let wanted: Vec<(usize, &CustomerId)> =
        ids.iter().enumerate().filter_map(|(n, id)| Some((n, id.as_ref()?))).collect();
    if wanted.is_empty() {
        return Ok(members);
    }
    let params = Params::new().with_moment(moment).with_list("keys", wanted.iter().map(|(_, id)| id));
    for row in &as_of_rows(store, &MEMBERS, params).await? {
        let (n, id) = wanted[column::<usize>(row, "n")?];
        let owners: Vec<IdentifierId> = column::<Vec<i64>>(row, "owners")?.into_iter().map(Arrival).collect();
        if owners.is_empty() {
            continue;
        }
        let mut former: Vec<(i64, &str)> = column(row, "former")?;
        former.sort_unstable();
        members[n] = Some(Member {
            id: id.clone(),
            created_seq: Arrival(column(row, "born")?),
            owners,
            former: former.into_iter().map(|(_, id)| CustomerId(id.into())).collect(),
        });
    }
    Ok(members)
}

/// Writes the memberships of identifiers.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    let memberships = plan.memberships.iter().map(|row| row! { "identifier" => row.identifier, "to" => row.to });
    writer.rows(&UPDATE, memberships.collect()).await
}
