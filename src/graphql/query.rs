//! The root of queries.

use async_graphql::{Context, Error, ID, Object, OneofObject};

use super::Setup;
use super::change::{self, Change, ChangeKind};
use super::condition::CustomerCondition;
use super::customer::Customer;
use super::customer_parts::CustomerParts;
use super::customers::{self, CustomerConnection, CustomerFilter, CustomerSort, Paging};
use super::decision::{self, CustomersTrial};
use super::erasure;
use super::error::bad_argument;
use super::health::IdentityHealth;
use super::id::NodeId;
use super::identifier::{Identifier, IdentifierInput};
use super::journeys::Journeys;
use super::journeys::scope::JourneyScope;
use super::known_names;
use super::link::LinkExplanation;
use super::load;
use super::node::Node;
use super::order::OrderKeyInput;
use super::page::Connection;
use super::rules::{self, IdentityRules, IdentityRulesInput, RulesTrial};
use super::scalar::DateTime;
use super::segment::{self, Segment};
use super::segment_trial::SegmentTrial;
use super::status::Status;
use super::touchpoint::Touchpoint;
use super::viewer::Viewer;
use crate::domain::Moment;
use crate::ingest::identifiers::visible;
use crate::store::query::{CustomerKey, IdentifierRef};

/// The maximum number of keys or ids of one look-up.
const MOST_KEYS: usize = 100;

/// How to find a customer. Give exactly one field.
#[derive(OneofObject, Clone)]
pub enum CustomerBy {
    /// By id, or by the id of a customer that was merged into it.
    Id(ID),
    /// By one of its identifiers.
    Identifier(IdentifierInput),
    /// By one of its orders.
    Order(OrderKeyInput),
}

/// The root of queries.
pub struct Query;

/// The queries. They change nothing.
#[Object]
impl Query {
    /// The object with this id. Null when it does not exist.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id from an answer.")] id: ID,
    ) -> Option<Result<Node, Error>> {
        Node::fetch(ctx, &id).await.transpose()
    }

    /// The objects with these ids, at most 100, in the order of the ids. Null where an object does not exist.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ids from answers, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<Node, Error>>>, Error> {
        check_count("ids", ids.len())?;
        let fetches = ids.iter().map(|id| async { Node::fetch(ctx, id).await.transpose() });
        Ok(futures_util::future::join_all(fetches).await)
    }

    /// A customer. Null when none is found. With `asOf` the customer and everything below it are as they were stored at
    /// that time, and an identifier finds the customer that had it then. Data that was imported later is not included,
    /// even when it is about earlier times.
    async fn customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How to find the customer.")] by: CustomerBy,
        #[graphql(
            desc = "A time in the past. It stands for the last change that was committed by then. A time in the future is refused. Left out: the present, or the moment of the id."
        )]
        as_of: Option<DateTime>,
    ) -> Option<Result<Customer, Error>> {
        let fetch = async {
            let Some((key, mut moment)) = read_key(ctx, "by", by).await? else { return Ok(None) };
            if let Some(DateTime(at)) = as_of {
                moment = load::moment(ctx, at).await?;
                if moment.is_none() {
                    if let CustomerKey::Id(id) = &key {
                        erasure::check(&*load::of(ctx).loader().0, id).await?;
                    }
                    return Ok(None);
                }
            }
            load::check(ctx, moment).await?;
            Customer::named_at(ctx, moment, key, CustomerParts::of_field(ctx)).await
        };
        fetch.await.transpose()
    }

    /// The customers of these keys, at most 100, in the order of the keys. Null where none is found.
    async fn customers_by(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 keys, each of one customer.")] keys: Vec<CustomerBy>,
    ) -> Result<Vec<Option<Result<Customer, Error>>>, Error> {
        check_count("keys", keys.len())?;
        let parts = CustomerParts::of_field(ctx);
        // The fetches wait together, so the loader reads them at once.
        let fetches = keys.into_iter().enumerate().map(|(n, by)| async move {
            let Some((key, moment)) = read_key(ctx, &format!("keys.{n}"), by).await? else { return Ok(None) };
            load::check(ctx, moment).await?;
            Customer::named_at(ctx, moment, key, parts).await
        });
        Ok(futures_util::future::join_all(fetches).await.into_iter().map(Result::transpose).collect())
    }

    /// The customers that match, page by page.
    #[allow(clippy::too_many_arguments)]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only items that match.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "The order. Left out: the last seen first.")] sort: Option<CustomerSort>,
        #[graphql(
            desc = "A time in the past. The list and the customers are as they were stored then. Left out: the present."
        )]
        as_of: Option<DateTime>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
        #[graphql(desc = "The maximum number of items before `before`, or at the end of the list; 0 to 100.")]
        last: Option<i32>,
        #[graphql(desc = "Return the items before this cursor, a `startCursor`.")] before: Option<String>,
    ) -> Result<CustomerConnection, Error> {
        customers::page(ctx, filter, sort, as_of, Paging { first, after, last, before }).await
    }

    /// An identifier. Null when it was never seen.
    async fn identifier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The kind, such as `email`.")] kind: String,
        #[graphql(desc = "The value, in any common spelling.")] value: String,
    ) -> Option<Result<Identifier, Error>> {
        let fetch = async {
            known_names::check_kind(ctx, "kind", &kind).await?;
            let Some(key) = ctx.data_unchecked::<Setup>().normalise(&kind, &value) else { return Ok(None) };
            Identifier::fetch(ctx, IdentifierRef::Key(key)).await
        };
        fetch.await.transpose()
    }

    /// The identifiers of these keys, at most 100, in the order of the keys. Null where one was never seen.
    async fn identifiers_by(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 identifiers.")] keys: Vec<IdentifierInput>,
    ) -> Result<Vec<Option<Result<Identifier, Error>>>, Error> {
        check_count("keys", keys.len())?;
        let fetches = keys.iter().enumerate().map(|(n, key)| async move {
            let Some(key) = known_names::read_identifier(ctx, &format!("keys.{n}"), key).await? else {
                return Ok(None);
            };
            Identifier::fetch(ctx, IdentifierRef::Key(key)).await
        });
        Ok(futures_util::future::join_all(fetches).await.into_iter().map(Result::transpose).collect())
    }

    /// The touchpoint of the event with this `messageId`. Null when there is none.
    async fn touchpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The event's `messageId`.")] message_id: String,
    ) -> Option<Result<Touchpoint, Error>> {
        Touchpoint::fetch(ctx, visible(&message_id).as_ref().into()).await.transpose()
    }

    /// Why two identifiers are connected: the shortest chain of links between them. Null when one of them was never seen,
    /// or when nothing connects them. Where no event connects two identifiers, a decision of a person to merge is a step,
    /// with the rule `decision`. TOO_EXPENSIVE when more than 50,000 links, or more than 50,000 merges, would have to be
    /// searched.
    async fn why_linked(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The start of the path.")] from: IdentifierInput,
        #[graphql(desc = "The end of the path.")] to: IdentifierInput,
    ) -> Option<Result<LinkExplanation, Error>> {
        let fetch = async {
            let from = known_names::read_identifier(ctx, "from", &from).await?;
            let to = known_names::read_identifier(ctx, "to", &to).await?;
            let (Some(from), Some(to)) = (from, to) else { return Ok(None) };
            LinkExplanation::fetch(ctx, &from, &to).await
        };
        fetch.await.transpose()
    }

    /// The result of a merge, without doing it.
    async fn customer_merge_trial(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "2 to 100 customers.")] ids: Vec<ID>,
    ) -> Option<Result<CustomersTrial, Error>> {
        Some(decision::merge_trial(ctx, &ids).await)
    }

    /// The result of a split, without doing it.
    async fn customer_split_trial(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer.")] id: ID,
        #[graphql(desc = "Some of the customer's identifiers, not all of them.")] identifiers: Vec<IdentifierInput>,
    ) -> Option<Result<CustomersTrial, Error>> {
        Some(decision::split_trial(ctx, &id, &identifiers).await)
    }

    /// The journeys of all customers in a scope. NOT_READY while the server reads them into memory after its start.
    async fn journeys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which touchpoints and customers count. Left out: all.")] scope: Option<JourneyScope>,
    ) -> Option<Result<Journeys, Error>> {
        Some(Journeys::fetch(ctx, scope).await)
    }

    /// The saved segments, the first saved first.
    async fn segments(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "A time in the past: segments as they were saved then, with their members of then. Left out: now."
        )]
        as_of: Option<DateTime>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Return the items after this cursor, an `endCursor`.")] after: Option<String>,
    ) -> Result<Connection<Segment>, Error> {
        segment::page(ctx, as_of, first, after.as_deref()).await
    }

    /// The segment with this name; case does not matter. Null when there is none.
    async fn segment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name.")] name: String,
        #[graphql(
            desc = "A time in the past: the segment as it was saved then, with its members of then. Left out: now."
        )]
        as_of: Option<DateTime>,
    ) -> Option<Result<Segment, Error>> {
        segment::fetch(ctx, &name, as_of).await.transpose()
    }

    /// How many customers fit a condition, and how each line of it narrows. Writes nothing. Every customer is read, so it
    /// may take up to two minutes.
    async fn segment_trial(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The condition.")] members: CustomerCondition,
        #[graphql(desc = "The time zone of the condition, an IANA name. Left out: UTC.")] time_zone: Option<String>,
        #[graphql(
            desc = "A time in the past: customers as they were stored then, and the time of the condition. Left out: now."
        )]
        as_of: Option<DateTime>,
    ) -> Option<Result<SegmentTrial, Error>> {
        Some(Box::pin(SegmentTrial::fetch(ctx, members, time_zone, as_of)).await)
    }

    /// The change log, the oldest entry first. With a filter a page may have fewer items than `first`, or none, although
    /// the list continues after its `endCursor`.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Continue after this cursor: the `cursor` of a change, an `endCursor`, or the `change` of a \
                          mutation or of `status`."
        )]
        after: Option<String>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Only changes of these kinds.")] kinds: Option<Vec<ChangeKind>>,
        #[graphql(
            desc = "Only changes of the customer that this id stands for at `after`. For a merged customer, this is \
                          the one it was merged into."
        )]
        customer: Option<ID>,
    ) -> Result<Connection<Change>, Error> {
        change::page(ctx, after, first, kinds, customer).await
    }

    /// The identity rules, the newest version.
    async fn identity_rules(&self, ctx: &Context<'_>) -> Option<Result<IdentityRules, Error>> {
        rules::fetch(ctx).await.transpose()
    }

    /// The effect of new identity rules on the stored customers, without saving the rules. It stitches all customers
    /// again, so it may take up to two minutes. The server runs one trial at a time. FORBIDDEN for a purpose that needs
    /// consent.
    async fn identity_rules_trial(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The complete rules to try.")] rules: IdentityRulesInput,
    ) -> Option<Result<RulesTrial, Error>> {
        if let Err(error) = ctx.data_unchecked::<Viewer>().check_shows_everybody() {
            return Some(Err(error));
        }
        Some(rules::try_out(ctx, rules).await)
    }

    /// Figures about identities: identifiers per customer, merges, splits, refusals, and the largest customers. FORBIDDEN for
    /// a purpose that needs consent.
    async fn identity_health(&self, ctx: &Context<'_>) -> Option<Result<IdentityHealth, Error>> {
        if let Err(error) = ctx.data_unchecked::<Viewer>().check_shows_everybody() {
            return Some(Err(error));
        }
        Some(IdentityHealth::fetch(ctx).await)
    }

    /// The caller of this request.
    async fn viewer(&self, ctx: &Context<'_>) -> Viewer {
        ctx.data_unchecked::<Viewer>().clone()
    }

    /// The version, the store and the size of this server.
    async fn status(&self, ctx: &Context<'_>) -> Result<Status, Error> {
        Status::fetch(ctx).await
    }
}

/// The store's key for `argument`, and the moment of its id. `None` when no such identifier can exist.
async fn read_key(
    ctx: &Context<'_>,
    argument: &str,
    by: CustomerBy,
) -> Result<Option<(CustomerKey, Option<Moment>)>, Error> {
    let key = match by {
        CustomerBy::Id(id) => {
            let (id, moment) = NodeId::read_customer_at(&id)?;
            return Ok(Some((CustomerKey::Id(id), moment)));
        }
        CustomerBy::Identifier(identifier) => {
            let key = known_names::read_identifier(ctx, &format!("{argument}.identifier"), &identifier).await?;
            key.map(CustomerKey::Identifier)
        }
        CustomerBy::Order(OrderKeyInput { number, source }) => {
            Some(CustomerKey::Order { number: visible(&number).as_ref().into(), source: source.map(Into::into) })
        }
    };
    Ok(key.map(|key| (key, None)))
}

fn check_count(argument: &str, count: usize) -> Result<(), Error> {
    if count <= MOST_KEYS {
        return Ok(());
    }
    Err(bad_argument(argument, format!("{count} are too many"), "at most 100: ask again for the rest"))
}
