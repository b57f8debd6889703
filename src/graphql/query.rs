//! The entry points for reading.

use async_graphql::{Context, Error, ID, Object, OneofObject};

use super::Setup;
use super::change::{self, Change, ChangeKind};
use super::customer::Customer;
use super::customers::{self, CustomerFilter, CustomerSort, Paging};
use super::decision::{self, CustomersTrial};
use super::error::bad_argument;
use super::health::IdentityHealth;
use super::id::NodeId;
use super::identifier::{Identifier, IdentifierInput};
use super::journeys::Journeys;
use super::journeys::scope::JourneyScope;
use super::known;
use super::link::LinkExplanation;
use super::load;
use super::node::Node;
use super::order::OrderKeyInput;
use super::page::Connection;
use super::rules::{self, IdentityRules, IdentityRulesInput, RulesTrial};
use super::scalar::DateTime;
use super::shape::Ask;
use super::status::Status;
use super::touchpoint::Touchpoint;
use crate::domain::Moment;
use crate::ingest::identifiers::visible;
use crate::store::query::{CustomerKey, IdentifierRef};

/// The most keys or ids that one look-up takes.
const MOST_KEYS: usize = 100;

/// How a customer is found: give exactly one.
#[derive(OneofObject, Clone)]
pub enum CustomerBy {
    /// By its id, or the id of a customer that was merged into it.
    Id(ID),
    /// By any identifier it holds.
    Identifier(IdentifierInput),
    /// By one of its orders.
    Order(OrderKeyInput),
}

/// Everything that can be asked.
pub struct Query;

/// Everything that can be asked. Nothing here changes anything.
#[Object]
impl Query {
    /// Anything with an id; null when nothing is stored under it.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id that an answer gave you.")] id: ID,
    ) -> Option<Result<Node, Error>> {
        Node::fetch(ctx, &id).await.transpose()
    }

    /// Several at once, at most 100, in the order of the ids; null where nothing is stored.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ids that answers gave you, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<Node, Error>>>, Error> {
        check_count("ids", ids.len())?;
        let fetches = ids.iter().map(|id| async { Node::fetch(ctx, id).await.transpose() });
        Ok(futures_util::future::join_all(fetches).await)
    }

    /// A whole customer, by whatever is known of it; null when nobody is found. With `asOf` all of it is
    /// as it was stored then, whoever held the identifier then: what was imported later, even about
    /// earlier times, was not known yet. Null when nothing had been stored yet, or nobody had it.
    async fn customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Exactly one way to find it.")] by: CustomerBy,
        #[graphql(
            desc = "A moment that is over, and so the last change that was committed by then; one that is not over is refused. Left out, the present, or the moment that the id carries."
        )]
        as_of: Option<DateTime>,
    ) -> Option<Result<Customer, Error>> {
        let fetch = async {
            let Some((key, mut when)) = read_key(ctx, "by", by).await? else { return Ok(None) };
            if let Some(DateTime(at)) = as_of {
                when = load::moment(ctx, at).await?;
                if when.is_none() {
                    return Ok(None);
                }
            }
            load::check(ctx, when).await?;
            Customer::fetch_at(ctx, when, key, Ask::of_field(ctx)).await
        };
        fetch.await.transpose()
    }

    /// At most 100; answers stand in the order of the keys, null where nobody is found.
    async fn customers_by(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 ways to find one customer each.")] keys: Vec<CustomerBy>,
    ) -> Result<Vec<Option<Result<Customer, Error>>>, Error> {
        check_count("keys", keys.len())?;
        let ask = Ask::of_field(ctx);
        // What they wait for together is one read.
        let fetches = keys.into_iter().enumerate().map(|(n, by)| async move {
            let Some((key, when)) = read_key(ctx, &format!("keys.{n}"), by).await? else { return Ok(None) };
            load::check(ctx, when).await?;
            Customer::fetch_at(ctx, when, key, ask).await
        });
        Ok(futures_util::future::join_all(fetches).await.into_iter().map(Result::transpose).collect())
    }

    /// All customers that fit, page by page.
    #[allow(clippy::too_many_arguments)]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that fit.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "In which order; left out, the last seen first.")] sort: Option<CustomerSort>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Behind this place: an `endCursor`.")] after: Option<String>,
        #[graphql(desc = "The last so many before `before`, or of the whole list; 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this place: a `startCursor`.")] before: Option<String>,
    ) -> Result<Connection<Customer>, Error> {
        customers::page(ctx, filter, sort, Paging { first, after, last, before }).await
    }

    /// Who holds this identifier; null when it was never seen.
    async fn identifier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The kind, such as `email`.")] kind: String,
        #[graphql(desc = "The value, as a person would write it.")] value: String,
    ) -> Option<Result<Identifier, Error>> {
        let fetch = async {
            known::check_kind(ctx, "kind", &kind).await?;
            let Some(key) = ctx.data_unchecked::<Setup>().normalise(&kind, &value) else { return Ok(None) };
            Identifier::fetch(ctx, IdentifierRef::Key(key)).await
        };
        fetch.await.transpose()
    }

    /// At most 100; answers stand in the order of the keys, null where one was never seen.
    async fn identifiers_by(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 identifiers.")] keys: Vec<IdentifierInput>,
    ) -> Result<Vec<Option<Result<Identifier, Error>>>, Error> {
        check_count("keys", keys.len())?;
        let fetches = keys.iter().enumerate().map(|(n, key)| async move {
            let Some(key) = known::read_identifier(ctx, &format!("keys.{n}"), key).await? else { return Ok(None) };
            Identifier::fetch(ctx, IdentifierRef::Key(key)).await
        });
        Ok(futures_util::future::join_all(fetches).await.into_iter().map(Result::transpose).collect())
    }

    /// The touchpoint that this message brought; null when none did.
    async fn touchpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The event's `messageId`.")] message_id: String,
    ) -> Option<Result<Touchpoint, Error>> {
        Touchpoint::fetch(ctx, visible(&message_id).as_ref().into()).await.transpose()
    }

    /// Why two identifiers belong together: the shortest chain of evidence between them. Null when one of
    /// them was never seen, and when nothing connects them. What a person said who merged two is a step where no
    /// event connects them, by the rule `decision`. TOO_EXPENSIVE when more than 50,000 links would have to be
    /// looked at, or then as many merges.
    async fn why_linked(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where the path begins.")] from: IdentifierInput,
        #[graphql(desc = "Where it ends.")] to: IdentifierInput,
    ) -> Option<Result<LinkExplanation, Error>> {
        let fetch = async {
            let from = known::read_identifier(ctx, "from", &from).await?;
            let to = known::read_identifier(ctx, "to", &to).await?;
            let (Some(from), Some(to)) = (from, to) else { return Ok(None) };
            LinkExplanation::fetch(ctx, &from, &to).await
        };
        fetch.await.transpose()
    }

    /// What a merge by a person would come to: the customer that there would be. Writes nothing.
    async fn customer_merge_trial(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Two customers at least, 100 at most.")] ids: Vec<ID>,
    ) -> Option<Result<CustomersTrial, Error>> {
        Some(decision::merge_trial(ctx, &ids).await)
    }

    /// What a split would come to: the two customers that there would be. Writes nothing.
    async fn customer_split_trial(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer.")] id: ID,
        #[graphql(desc = "Some of its identifiers, not all.")] identifiers: Vec<IdentifierInput>,
    ) -> Option<Result<CustomersTrial, Error>> {
        Some(decision::split_trial(ctx, &id, &identifiers).await)
    }

    /// The journeys of all customers in a scope. NOT_READY while they are read into memory after a start.
    async fn journeys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which touchpoints and customers; left out, of all.")] scope: Option<JourneyScope>,
    ) -> Option<Result<Journeys, Error>> {
        Some(Journeys::fetch(ctx, scope).await)
    }

    /// What happened to identities and histories, oldest first: for those who poll. A page that looked
    /// through much and found little may hold less than `first` and still go on behind its `endCursor`.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Behind this place: the `cursor` of a change, an `endCursor`, or the `change` of a payload \
                          or of `status`.")]
        after: Option<String>,
        #[graphql(desc = "At most so many; 0 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "Only these kinds.")] kinds: Option<Vec<ChangeKind>>,
        #[graphql(desc = "Only what is about the customer that this id stands for at that place of the log. The id \
                          of a customer that was merged away is followed into the one it became.")]
        customer: Option<ID>,
    ) -> Result<Connection<Change>, Error> {
        change::page(ctx, after, first, kinds, customer).await
    }

    /// The rules of who is who, the newest version.
    async fn identity_rules(&self, ctx: &Context<'_>) -> Option<Result<IdentityRules, Error>> {
        rules::fetch(ctx).await.transpose()
    }

    /// What a change of rules would do to the real customers. Writes nothing. It works everybody out again,
    /// so it takes its time: up to two minutes, and one at a time is tried.
    async fn identity_rules_trial(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All of the rules, as they would be.")] rules: IdentityRulesInput,
    ) -> Option<Result<RulesTrial, Error>> {
        Some(rules::try_out(ctx, rules).await)
    }

    /// How many identifiers customers have, how often they were merged, split and refused, and who is largest.
    async fn identity_health(&self, ctx: &Context<'_>) -> Option<Result<IdentityHealth, Error>> {
        Some(IdentityHealth::fetch(ctx).await)
    }

    /// What this server is, and how much it holds.
    async fn status(&self, ctx: &Context<'_>) -> Result<Status, Error> {
        Status::fetch(ctx).await
    }
}

/// The store's key for what a client gave as `argument`, and the moment that an id carries; `None` when no such
/// identifier can exist.
async fn read_key(
    ctx: &Context<'_>,
    argument: &str,
    by: CustomerBy,
) -> Result<Option<(CustomerKey, Option<Moment>)>, Error> {
    let key = match by {
        CustomerBy::Id(id) => {
            let (id, when) = NodeId::read_customer_at(&id)?;
            return Ok(Some((CustomerKey::Id(id), when)));
        }
        CustomerBy::Identifier(identifier) => {
            let key = known::read_identifier(ctx, &format!("{argument}.identifier"), &identifier).await?;
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
    Err(bad_argument(argument, format!("{count} are too many"), "at most 100; ask again for the rest"))
}
