//! A short notation for events in tests: `event("m1").minute(5).user("ada").email("ada@example.org").view()`.

use std::sync::Arc;

use serde_json::value::RawValue;
use throughline::domain::claim::{ClaimFact, Provenance};
use throughline::domain::consent::{ConsentFact, ConsentStatus};
use throughline::domain::device::DeviceFact;
use throughline::domain::fact::{Fact, FactIdentifier};
use throughline::domain::order::{Line, OrderAct, OrderContent, OrderEvent, OrderKey, Refund, RefundLine};
use throughline::domain::product::{Product, ProductAct, ProductFact};
use throughline::domain::rules::{IdentityRules, KindRule};
use throughline::domain::touchpoint::{Campaign, Direction, TouchpointFact};
use throughline::domain::{Amount, Arrival, Currency, Duration, IdentifierKey, Timestamp};

/// The kinds of the settings' defaults, the strongest first, each with its limit.
const KINDS: [(&str, Option<usize>); 6] = [
    ("user_id", Some(1)),
    ("email", Some(5)),
    ("phone", Some(5)),
    ("loyalty_card", None),
    ("name_and_birth", Some(2)),
    ("anonymous_id", None),
];

/// The rules of the settings' defaults.
pub fn rules() -> IdentityRules {
    let kind = |(name, limit): (&str, _)| KindRule {
        name: name.into(),
        limit,
        device: name == "anonymous_id",
        merges: true,
        parts_since: 0,
        composite: false,
        blocked: Arc::default(),
    };
    let kinds = KINDS.into_iter().map(kind).collect();
    IdentityRules { version: 1, kinds, max_identifiers: 200, session_gap: Duration::from_secs(1_800) }
}

/// The same kinds without limits: the result of stitching does not depend on the order of events then.
pub fn rules_without_limits() -> IdentityRules {
    let mut rules = rules();
    rules.kinds.iter_mut().for_each(|kind| kind.limit = None);
    rules.max_identifiers = usize::MAX;
    rules
}

/// `minute` minutes after 1 March 2026.
pub fn minute(minute: i64) -> Timestamp {
    Timestamp(1_772_323_200_000 + minute * 60_000)
}

/// An amount.
pub fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("an amount")
}

/// A product with a sku only.
pub fn product(sku: &str) -> Product {
    Product { sku: sku.into(), name: None, category: None }
}

/// An event with this message id, from `shop`, in minute 0.
pub fn event(message_id: &str) -> Event {
    Event(Fact::naming(message_id, "shop", minute(0), Vec::new()))
}

/// An event under construction.
#[derive(Clone, Debug)]
pub struct Event(Fact);

impl From<Event> for Fact {
    /// Identifiers strongest first, unlisted ones last, as from ingest.
    fn from(event: Event) -> Fact {
        let mut fact = event.0;
        let rank = |key: &IdentifierKey| KINDS.iter().position(|(name, _)| **name == *key.kind).unwrap_or(KINDS.len());
        fact.identifiers.sort_by_key(|i| (rank(&i.key), i.key.clone()));
        fact.identifiers.dedup();
        if let Some((key, said)) = &mut fact.order {
            key.source = fact.source.clone();
            said.at = fact.at;
        }
        fact
    }
}

impl Event {
    pub fn minute(mut self, number: i64) -> Self {
        self.0.at = minute(number);
        self
    }

    pub fn from(mut self, source: &str) -> Self {
        self.0.source = source.into();
        self
    }

    pub fn user(self, value: &str) -> Self {
        self.named("user_id", value)
    }

    pub fn email(self, value: &str) -> Self {
        self.named("email", value)
    }

    pub fn phone(self, value: &str) -> Self {
        self.named("phone", value)
    }

    pub fn card(self, value: &str) -> Self {
        self.named("loyalty_card", value)
    }

    pub fn anonymous(self, value: &str) -> Self {
        self.named("anonymous_id", value)
    }

    /// An identifier of any kind.
    pub fn named(mut self, kind: &str, value: &str) -> Self {
        let listed = KINDS.iter().any(|(name, _)| *name == kind);
        self.0.identifiers.push(FactIdentifier { key: IdentifierKey::new(kind, value), listed });
        self
    }

    /// A page view on the website.
    pub fn view(self) -> Self {
        self.touch("visit", "Home", "website", Direction::Inbound)
    }

    /// An outbound message.
    pub fn sent(self, channel: &str) -> Self {
        self.touch("message_sent", "Message Sent", channel, Direction::Outbound)
    }

    pub fn touch(mut self, kind: &str, name: &str, channel: &str, direction: Direction) -> Self {
        self.0.touchpoint = Some(TouchpointFact {
            kind: kind.into(),
            name: name.into(),
            channel: channel.into(),
            direction,
            session_id: None,
            campaign: None,
            properties: None,
        });
        self
    }

    /// A session id.
    pub fn session(mut self, session: &str) -> Self {
        self.0.touchpoint.as_mut().expect("a touchpoint").session_id = Some(session.into());
        self
    }

    /// Adds a session, a campaign and properties.
    pub fn with_all(mut self, session: &str, campaign: &str, properties: &str) -> Self {
        let touchpoint = self.0.touchpoint.as_mut().expect("a touchpoint");
        touchpoint.session_id = Some(session.into());
        touchpoint.campaign = Some(Arc::new(Campaign { name: Some(campaign.into()), ..Campaign::default() }));
        touchpoint.properties = Some(json(properties));
        self
    }

    pub fn claim(self, name: &str, value: &str) -> Self {
        self.claim_as(name, value, Provenance::Declared)
    }

    /// A trait; `value` is JSON.
    pub fn claim_as(mut self, name: &str, value: &str, provenance: Provenance) -> Self {
        self.0.claims.push(ClaimFact { name: name.into(), value: json(value), provenance });
        self
    }

    pub fn consent(mut self, purpose: &str, channel: Option<&str>, status: ConsentStatus) -> Self {
        let channel = channel.map(Arc::from);
        self.0.consents.push(ConsentFact { purpose: purpose.into(), channel, status, expires_at: None });
        self
    }

    pub fn expires(mut self, number: i64) -> Self {
        self.0.consents.last_mut().expect("a consent").expires_at = Some(minute(number));
        self
    }

    pub fn device(mut self, key: &str, kind: &str, model: Option<&str>) -> Self {
        let model = model.map(Arc::from);
        self.0.device = Some(DeviceFact { key: key.into(), kind: kind.into(), os: None, model });
        self
    }

    /// An order in pounds.
    pub fn completed(self, number: &str, total: &str, lines: &[(&str, i64, &str)]) -> Self {
        self.order(number, OrderAct::Completed(content(Some(total), Some(lines))))
    }

    pub fn updated(self, number: &str, total: &str) -> Self {
        self.order(number, OrderAct::Updated(content(Some(total), None)))
    }

    pub fn cancelled(self, number: &str) -> Self {
        self.order(number, OrderAct::Cancelled)
    }

    /// A return with a total.
    pub fn refunded(self, number: &str, total: &str) -> Self {
        self.order(number, OrderAct::Refunded(Refund { total: Some(amount(total)), ..Refund::default() }))
    }

    /// A return with lines.
    pub fn returned(self, number: &str, products: &[(&str, i64)]) -> Self {
        let line =
            |(sku, quantity): &(&str, i64)| RefundLine { product: product(sku), quantity: *quantity, price: None };
        let products = products.iter().map(line).collect();
        self.order(
            number,
            OrderAct::Refunded(Refund { products, reason: Some("too small".into()), ..Refund::default() }),
        )
    }

    pub fn order(mut self, number: &str, act: OrderAct) -> Self {
        let key = OrderKey { source: self.0.source.clone(), number: number.into() };
        // Source and time come from the event.
        self.0.order = Some((key, OrderEvent { at: self.0.at, arrival: Arrival::default(), owner: None, act }));
        self
    }

    /// The name of a product.
    pub fn names(mut self, sku: &str, name: Option<&str>, category: Option<&str>) -> Self {
        let (name, category) = (name.map(Arc::from), category.map(Arc::from));
        self.0.products.push(Product { sku: sku.into(), name, category });
        self
    }

    pub fn acted(mut self, sku: &str, act: ProductAct, quantity: Option<i64>) -> Self {
        self.0.product_acts.push(ProductFact { product: product(sku), act, quantity });
        self
    }
}

fn content(total: Option<&str>, lines: Option<&[(&str, i64, &str)]>) -> OrderContent {
    let line = |(sku, quantity, price): &(&str, i64, &str)| Line {
        product: product(sku),
        quantity: *quantity,
        price: amount(price),
    };
    OrderContent {
        currency: Some(Currency("GBP".into())),
        total: total.map(amount),
        channel: Some("website".into()),
        lines: lines.map(|lines| lines.iter().map(line).collect()),
    }
}

/// Raw JSON.
pub fn json(text: &str) -> Arc<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON").into()
}
