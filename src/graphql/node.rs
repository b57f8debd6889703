//! Objects by id.

use async_graphql::{Context, Error, ID, Interface};

use super::customer::Customer;
use super::customer_journey::CustomerJourney;
use super::customer_journey::session::Session;
use super::customer_parts::CustomerParts;
use super::device::Device;
use super::error::{Code, coded};
use super::id::NodeId;
use super::identifier::Identifier;
use super::identity_event::IdentityEvent;
use super::journeys::Journeys;
use super::journeys::funnel::FunnelStep;
use super::journeys::pattern::PatternMatch;
use super::link::IdentifierLink;
use super::load;
use super::order::Order;
use super::product::Product;
use super::rights;
use super::segment::Segment;
use super::touchpoint::Touchpoint;
use super::viewer::Viewer;
use crate::domain::{CustomerId, Moment};
use crate::store::query::{CustomerKey, FirstPages, IdentifierRef, Shape};

/// An object that `node(id:)` can find.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque. The id of an object never changes."))]
pub enum Node {
    /// A customer.
    Customer(Customer),
    /// An identifier.
    Identifier(Identifier),
    /// A pair of identifiers.
    IdentifierLink(IdentifierLink),
    /// A device.
    Device(Device),
    /// An order.
    Order(Order),
    /// A product.
    Product(Product),
    /// A touchpoint.
    Touchpoint(Touchpoint),
    /// An event of an identity history.
    IdentityEvent(IdentityEvent),
    /// A customer's journey.
    CustomerJourney(CustomerJourney),
    /// A session.
    Session(Session),
    /// The journeys of many customers.
    Journeys(Journeys),
    /// A step of a funnel.
    FunnelStep(FunnelStep),
    /// A match of a pattern.
    PatternMatch(PatternMatch),
    /// A saved segment.
    Segment(Segment),
}

impl Node {
    /// The object with this id. `None` when the store does not have it.
    pub(super) async fn fetch(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>, Error> {
        let (named, as_of) = NodeId::read_at(id)?;
        // Before anything is read: even that an object exists is not for those who may not have it.
        let permissions = ctx.data_unchecked::<Viewer>().permissions();
        if !rights::allows(permissions, named.type_name(), "id") {
            return Err(coded(Code::Forbidden, rights::refusal(permissions.role, named.type_name(), "id")));
        }
        load::check(ctx, as_of).await?;
        Ok(match named {
            NodeId::Customer(id) => {
                let key = CustomerKey::Id(id);
                Customer::named_at(ctx, as_of, key, CustomerParts::of_field(ctx)).await?.map(Node::Customer)
            }
            NodeId::Identifier(id) => {
                Identifier::fetch_at(ctx, as_of, IdentifierRef::Id(id)).await?.map(Node::Identifier)
            }
            NodeId::IdentifierLink(key) => {
                let link = load::one_as_of(ctx, as_of, key).await?;
                link.map(|link| IdentifierLink(link, as_of)).map(Node::IdentifierLink)
            }
            NodeId::Device(key) => Device::fetch_at(ctx, as_of, key).await?.map(Node::Device),
            NodeId::Order(key) => Order::fetch_at(ctx, as_of, key).await?.map(Node::Order),
            NodeId::Product(sku) => Product::fetch_at(ctx, as_of, sku).await?.map(Node::Product),
            NodeId::Touchpoint(message) => Touchpoint::fetch_at(ctx, as_of, message).await?.map(Node::Touchpoint),
            NodeId::IdentityEvent(arrival) => {
                IdentityEvent::fetch_at(ctx, as_of, arrival).await?.map(Node::IdentityEvent)
            }
            NodeId::CustomerJourney(id, scope) => journey(ctx, as_of, id, &scope).await?.map(Node::CustomerJourney),
            NodeId::Session(id, began, scope) => match journey(ctx, as_of, id, &scope).await? {
                Some(journey) => journey.session(ctx, began).await?.map(Node::Session),
                None => None,
            },
            NodeId::Journeys(question) => Some(Node::Journeys(Journeys::of_id(ctx, &question).await?)),
            NodeId::FunnelStep(question) => Journeys::step_of_id(ctx, &question).await?.map(Node::FunnelStep),
            NodeId::PatternMatch(question) => Some(Node::PatternMatch(Journeys::match_of_id(ctx, &question).await?)),
            NodeId::Segment(id) => Segment::fetch_at(ctx, as_of, id).await?.map(Node::Segment),
            // The id exists for clients' caches only. The object is reached through its customer.
            NodeId::Activity(_) => None,
        })
    }
}

async fn journey(
    ctx: &Context<'_>,
    as_of: Option<Moment>,
    customer: CustomerId,
    scope: &str,
) -> Result<Option<CustomerJourney>, Error> {
    let parts = CustomerParts { shape: Shape::Card, pages: FirstPages { orders: 0, touchpoints: 0 } };
    let customer = Customer::named_at(ctx, as_of, CustomerKey::Id(customer), parts).await?;
    customer.map(|customer| CustomerJourney::of_id(ctx, customer.view()?, scope)).transpose()
}
