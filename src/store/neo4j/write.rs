//! A plan's rows, written with few statements: each takes a list, and is left out when it is empty.
//!
//! Memberships and consents come first: they alone can touch identifiers that the batch did not
//! lock (others of its customers), so that a deadlock with a writer who waits for such a customer
//! costs little.

use std::collections::{BTreeMap, BTreeSet};

use neo4rs::BoltType;
use serde_json::value::RawValue;

use super::bolt::{Params, list, row};
use super::connections::Transaction;
use super::fault::Fault;
use super::statement::{Statement, statements};
use crate::domain::IdentifierId;
use crate::domain::change::IdentityEvent;
use crate::domain::claim::Claim;
use crate::domain::consent::Consent;
use crate::domain::customer::CustomerId;
use crate::domain::decision::{Decision, Side};
use crate::domain::identifier::Identifier;
use crate::domain::order::{Order, OrderKey};
use crate::domain::search;
use crate::domain::touchpoint::{Campaign, Touchpoint};
use crate::stitching::Plan;
use crate::stitching::batch::hex;
use crate::stitching::plan::{CustomerRow, DeviceRow, EvidenceRow, IdentifierRow, LinkRow, SeenOn};
use crate::store::StoreError;

statements! {
    CUSTOMERS = "customers/insert";
    UPDATE_CUSTOMERS = "customers/update";
    MERGES = "customers/update_merged";
    RESTORED = "customers/update_restored";
    DECISIONS = "decisions/insert";
    SIDES = "decisions/insert_side";
    IDENTIFIERS = "identifiers/insert";
    MEMBERSHIPS = "memberships/update";
    SEEN_ALONE = "identifiers/insert_seen_alone";
    SPEND = "spend/insert";
    DROP_SPEND = "spend/delete";
    CONSENTS = "consents/insert";
    GIVE_CONSENTS = "consents/insert_holder";
    TAKE_CONSENTS = "consents/update_holder_ended";
    DEVICES = "devices/insert";
    PRODUCTS = "products/insert";
    PRODUCT_ACTS = "product_acts/insert";
    CAMPAIGNS = "campaigns/insert";
    ORDERS = "orders/insert";
    DROP_LINES = "orders/delete_lines";
    LINES = "orders/insert_lines";
    RETURNS = "orders/insert_returns";
    MESSAGES = "messages/insert";
    TOUCHPOINTS = "touchpoints/insert";
    CLOSE_CLAIMS = "claims/update_closed";
    OPEN_CLAIMS = "claims/insert";
    LINKS = "links/insert";
    REFUSALS = "links/insert_refused";
    EVIDENCE = "evidence/insert";
    IDENTITY_EVENTS = "identity_events/insert";
    CHANGE = "changes/insert";
    DROP_SHELLS = "identifiers/delete_placeholders";
    DROP_ORDER_SHELLS = "orders/delete_placeholders";
}

/// The most rows of one statement, whose text and rows the server holds in memory.
const AT_A_TIME: usize = 20_000;

type Outcome<T> = std::result::Result<T, Fault>;

/// An order's unique key: source and number, and a line feed, which neither holds, between them.
pub(super) fn order_text(key: &OrderKey) -> String {
    format!("{}\n{}", key.source, key.number)
}

/// What the locks of a batch made: nodes that are still empty.
pub(super) struct Shells<'a> {
    pub(super) identifiers: &'a BTreeSet<String>,
    pub(super) orders: &'a BTreeSet<String>,
}

/// Writes everything. `sizes` is how many identifiers customers have that have others than before,
/// `health` what is kept of all figures when any changed.
pub(super) async fn write(
    transaction: &mut Transaction<'_>,
    plan: &Plan,
    shells: Shells<'_>,
    sizes: &BTreeMap<CustomerId, i64>,
    health: Option<String>,
) -> Outcome<()> {
    let mut writer = Writer { transaction, seq: plan.seq };
    writer.drop_shells(plan, &shells).await?;
    writer.write_people(plan, sizes).await?;
    writer.write_consents(plan).await?;
    writer.write_spend(plan).await?;
    writer.write_things(plan).await?;
    writer.write_orders(plan).await?;
    writer.write_history(plan).await?;
    writer.write_log(plan, health).await
}

struct Writer<'a, 't> {
    transaction: &'a mut Transaction<'t>,
    seq: i64,
}

impl Writer<'_, '_> {
    async fn rows(&mut self, statement: &Statement, rows: Vec<BoltType>) -> Outcome<()> {
        for rows in rows.chunks(AT_A_TIME) {
            let params = Params::new().with_list("rows", rows).with("seq", self.seq);
            self.transaction.write(statement, params).await?;
        }
        Ok(())
    }

    /// Takes out what the locks made for facts that turned out to say nothing new.
    async fn drop_shells(&mut self, plan: &Plan, shells: &Shells<'_>) -> Outcome<()> {
        let filled: BTreeSet<String> = plan.identifiers.iter().map(|row| row.identifier.key.to_string()).collect();
        let empty: Vec<&String> = shells.identifiers.difference(&filled).collect();
        if !empty.is_empty() {
            self.transaction.write(&DROP_SHELLS, Params::new().with("identifiers", empty)).await?;
        }
        let filled: BTreeSet<String> = plan.orders.iter().map(|order| order_text(&order.key)).collect();
        let empty: Vec<&String> = shells.orders.difference(&filled).collect();
        if !empty.is_empty() {
            self.transaction.write(&DROP_ORDER_SHELLS, Params::new().with("orders", empty)).await?;
        }
        Ok(())
    }

    async fn write_people(&mut self, plan: &Plan, sizes: &BTreeMap<CustomerId, i64>) -> Outcome<()> {
        self.rows(&RESTORED, plan.restored.iter().map(|id| row! { "id" => id }).collect()).await?;
        let (new, old): (Vec<_>, Vec<_>) = plan.customers.iter().partition(|row| row.new);
        self.rows(&CUSTOMERS, new.into_iter().map(|row| new_customer(row, sizes)).collect()).await?;
        self.rows(&UPDATE_CUSTOMERS, old.into_iter().map(|row| customer(row, sizes)).collect()).await?;
        self.rows(&IDENTIFIERS, plan.identifiers.iter().map(identifier).collect::<Result<_, _>>()?).await?;
        let alone = plan.seen_alone.iter().map(|(identifier, (first, last))| {
            row! { "identifier" => identifier, "first_at" => first, "last_at" => last }
        });
        self.rows(&SEEN_ALONE, alone.collect()).await?;
        let memberships = plan.memberships.iter().map(|row| row! { "identifier" => row.identifier, "to" => row.to });
        self.rows(&MEMBERSHIPS, memberships.collect()).await?;
        let merged = plan.merged.iter().map(|row| row! { "from" => row.from, "into" => row.into });
        self.rows(&MERGES, merged.collect()).await
    }

    async fn write_consents(&mut self, plan: &Plan) -> Outcome<()> {
        let pair = |&(identifier, arrival): &(_, _)| row! { "identifier" => identifier, "arrival" => arrival };
        self.rows(&CONSENTS, plan.consents.iter().map(consent).collect()).await?;
        self.rows(&GIVE_CONSENTS, plan.consents_given.iter().map(pair).collect()).await?;
        self.rows(&TAKE_CONSENTS, plan.consents_taken.iter().map(pair).collect()).await
    }

    /// Money changes with orders, and moves with identifiers; else it stands.
    async fn write_spend(&mut self, plan: &Plan) -> Outcome<()> {
        // New memberships of customers that are not new: identifiers went from one to another.
        let moved = plan.memberships.iter().any(|row| row.from.is_some());
        if plan.orders.is_empty() && !moved {
            return Ok(());
        }
        let merged = plan
            .merged
            .iter()
            .map(|row| row! { "customer" => row.from, "currencies" => BoltType::List(Default::default()) });
        let kept = plan.customers.iter().filter(|row| !row.new).map(|row| {
            row! { "customer" => row.id, "currencies" => list(row.spend.keys().map(|currency| &currency.0)) }
        });
        self.rows(&DROP_SPEND, merged.chain(kept).collect()).await?;
        let merged: BTreeSet<_> = plan.merged.iter().map(|row| &row.from).collect();
        let living = plan.customers.iter().filter(|row| !merged.contains(&row.id));
        self.rows(&SPEND, living.flat_map(spend).collect()).await
    }

    /// What touchpoints and orders point to.
    async fn write_things(&mut self, plan: &Plan) -> Outcome<()> {
        self.rows(&DEVICES, plan.devices.iter().map(device).collect()).await?;
        let products =
            plan.products.iter().map(|p| row! { "sku" => p.sku, "name" => p.name, "category" => p.category });
        self.rows(&PRODUCTS, products.collect()).await?;
        let campaigns: BTreeSet<&Campaign> =
            plan.touchpoints.iter().filter_map(|t| t.fact.campaign.as_deref()).collect();
        self.rows(&CAMPAIGNS, campaigns.into_iter().map(campaign).collect::<Result<_, _>>()?).await
    }

    async fn write_orders(&mut self, plan: &Plan) -> Outcome<()> {
        if plan.orders.is_empty() {
            return Ok(());
        }
        self.rows(&ORDERS, plan.orders.iter().map(order).collect::<Result<_, _>>()?).await?;
        let keys = plan.orders.iter().map(|o| order_text(&o.key));
        self.transaction.write(&DROP_LINES, Params::new().with_list("keys", keys)).await?;
        self.rows(&LINES, plan.orders.iter().flat_map(order_lines).collect()).await?;
        self.rows(&RETURNS, plan.orders.iter().flat_map(order_returns).collect()).await
    }

    async fn write_history(&mut self, plan: &Plan) -> Outcome<()> {
        let contacts: BTreeSet<_> = plan.touchpoints.iter().map(|t| t.arrival).collect();
        let plain = plan.messages.iter().filter(|m| !contacts.contains(&m.arrival));
        let plain = plain.map(|m| row! { "id" => m.id, "arrival" => m.arrival, "owner" => m.owner });
        self.rows(&MESSAGES, plain.collect()).await?;
        self.rows(&TOUCHPOINTS, plan.touchpoints.iter().map(touchpoint).collect::<Result<_, _>>()?).await?;
        let acts = plan.product_acts.iter().enumerate().map(|(place, act)| {
            row! {
                "owner" => act.owner, "sku" => act.product.sku, "act" => act.act.as_str(), "at" => act.at,
                "quantity" => act.quantity, "arrival" => act.arrival, "place" => place,
            }
        });
        self.rows(&PRODUCT_ACTS, acts.collect()).await?;
        self.rows(&OPEN_CLAIMS, plan.claims_opened.iter().map(claim).collect()).await?;
        // A row can be over as soon as it is there.
        if !plan.claims_closed.is_empty() {
            let params = Params::new().with("arrivals", &plan.claims_closed).with("seq", self.seq);
            self.transaction.write(&CLOSE_CLAIMS, params).await?;
        }
        Ok(())
    }

    async fn write_log(&mut self, plan: &Plan, health: Option<String>) -> Outcome<()> {
        let (refused, bound): (Vec<&LinkRow>, Vec<&LinkRow>) =
            plan.links.iter().partition(|row| row.link.refused.is_some());
        self.rows(&LINKS, bound.into_iter().map(link).collect()).await?;
        self.rows(&REFUSALS, refused.into_iter().map(link).collect()).await?;
        self.rows(&DECISIONS, plan.decisions.iter().map(decision).collect::<Result<_, _>>()?).await?;
        let side = |s: &Side| row! { "identifier" => s.identifier, "decision" => s.decision, "number" => s.number };
        self.rows(&SIDES, plan.sides.iter().map(side).collect()).await?;
        self.rows(&EVIDENCE, plan.evidence.iter().map(evidence).collect()).await?;
        self.rows(&IDENTITY_EVENTS, plan.identity_events.iter().map(identity_event).collect()).await?;
        let params = Params::new()
            .with("seq", plan.seq)
            .with("at", plan.at)
            .with("entries", text(&plan.entries)?)
            .with("size", plan.entries.len())
            .with("health", health)
            .with("customers", plan.customers_delta)
            .with("decisions", plan.decisions.len())
            .with("touchpoints", plan.touchpoints.len());
        self.transaction.write(&CHANGE, params).await
    }
}

/// As JSON text.
fn text(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| StoreError::Refused("a value that is no JSON".into()).into())
}

fn customer(row: &CustomerRow, sizes: &BTreeMap<CustomerId, i64>) -> BoltType {
    row! {
        "id" => row.id,
        "size" => sizes.get(&row.id).copied(),
        "set" => row! {
            "first_seen_at" => row.first_seen_at,
            "last_seen_at" => row.last_seen_at,
            "order_count" => row.order_count,
            "channels" => row.channels,
        },
    }
}

fn new_customer(row: &CustomerRow, sizes: &BTreeMap<CustomerId, i64>) -> BoltType {
    row! {
        "id" => row.id,
        "identifier_count" => sizes.get(&row.id).copied(),
        "born" => row.born,
        "version" => 1_i64,
        "first_seen_at" => row.first_seen_at,
        "last_seen_at" => row.last_seen_at,
        "order_count" => row.order_count,
        "channels" => row.channels,
    }
}

fn spend(row: &CustomerRow) -> Vec<BoltType> {
    let each = row.spend.iter().map(|(currency, money)| {
        row! {
            "customer" => row.id,
            "currency" => currency.0,
            "set" => row! {
                "born" => row.born,
                "net" => money.net(),
                "gross" => money.gross,
                "returned" => money.returned,
                "orders" => money.orders,
            },
        }
    });
    each.collect()
}

fn identifier(row: &IdentifierRow) -> Result<BoltType, Fault> {
    let Identifier { id, key, first_seen_at, last_seen_at, rollup, shared_since, .. } = &row.identifier;
    let rollup = text(rollup)?;
    let set = if row.new {
        row! {
            "id" => id, "value" => key.value, "first_seen_at" => first_seen_at, "last_seen_at" => last_seen_at,
            "rollup" => rollup, "shared_since" => shared_since, "search" => search::identifier_words(key),
        }
    } else {
        row! {
            "first_seen_at" => first_seen_at, "last_seen_at" => last_seen_at, "rollup" => rollup,
            "shared_since" => shared_since,
        }
    };
    Ok(row! { "key" => key.to_string(), "set" => set })
}

fn consent(consent: &Consent) -> BoltType {
    row! {
        "arrival" => consent.arrival,
        "owner" => consent.owner,
        "purpose" => consent.fact.purpose,
        "channel" => consent.fact.channel,
        "status" => consent.fact.status.as_str(),
        "expires_at" => consent.fact.expires_at,
        "at" => consent.at,
        "source" => consent.source,
    }
}

fn device(row: &DeviceRow) -> BoltType {
    row! {
        "key" => row.fact.key,
        "first_seen_at" => row.first_seen_at,
        "last_seen_at" => row.last_seen_at,
        "set" => row! { "kind" => row.fact.kind, "os" => row.fact.os, "model" => row.fact.model },
        "identifiers" => list(row.identifiers.iter().map(seen_on)),
    }
}

fn seen_on((identifier, seen): (&IdentifierId, &SeenOn)) -> BoltType {
    row! {
        "id" => identifier,
        "first_at" => seen.times.0,
        "last_at" => seen.times.1,
        "alone" => seen.alone.map(|(first, last)| vec![first, last]),
    }
}

fn campaign_key(campaign: &Campaign) -> Result<String, Fault> {
    use sha2::{Digest, Sha256};
    Ok(hex(&Sha256::digest(text(campaign)?.as_bytes())[..16]))
}

fn campaign(campaign: &Campaign) -> Result<BoltType, Fault> {
    Ok(row! {
        "key" => campaign_key(campaign)?,
        "set" => row! {
            "name" => campaign.name, "source" => campaign.source, "medium" => campaign.medium,
            "term" => campaign.term, "content" => campaign.content,
        },
    })
}

fn order(order: &Order) -> Result<BoltType, Fault> {
    Ok(row! {
        "key" => order_text(&order.key),
        "set" => row! {
            "source" => order.key.source,
            "number" => order.key.number,
            "owner" => order.placed.map(|p| p.owner),
            "placed_at" => order.placed.map(|p| p.at),
            "placed_arrival" => order.placed.map(|p| p.arrival),
            "status" => order.status.as_str(),
            "currency" => order.currency.0,
            "total" => order.total,
            "returned" => order.returned,
            "channel" => order.channel,
            "events" => text(&order.events)?,
        },
    })
}

fn order_lines(order: &Order) -> Vec<BoltType> {
    let each = order.lines.iter().map(|line| {
        row! {
            "key" => order_text(&order.key),
            "sku" => line.product.sku,
            "set" => row! {
                "quantity" => line.quantity,
                "unit_price" => line.unit_price,
                "returned_quantity" => line.returned_quantity,
            },
        }
    });
    each.collect()
}

fn order_returns(order: &Order) -> Vec<BoltType> {
    let each = order.returns.iter().filter_map(|back| {
        let product = back.product.as_ref()?;
        Some(row! {
            "key" => order_text(&order.key),
            "sku" => product.sku,
            "set" => row! {
                "quantity" => back.quantity, "amount" => back.amount, "at" => back.at, "reason" => back.reason,
            },
        })
    });
    each.collect()
}

fn touchpoint(touchpoint: &Touchpoint) -> Result<BoltType, Fault> {
    let fact = &touchpoint.fact;
    let campaign = fact.campaign.as_deref();
    Ok(row! {
        "campaign" => campaign.map(campaign_key).transpose()?,
        "order" => touchpoint.order.as_ref().map(order_text),
        "set" => row! {
            "id" => touchpoint.message_id,
            "arrival" => touchpoint.arrival,
            "at" => touchpoint.at,
            "owner" => touchpoint.owner,
            "carrier" => touchpoint.carrier,
            "source" => touchpoint.source,
            "device" => touchpoint.device,
            "order_source" => touchpoint.order.as_ref().map(|key| &key.source),
            "order_number" => touchpoint.order.as_ref().map(|key| &key.number),
            "kind" => fact.kind,
            "name" => fact.name,
            "channel" => fact.channel,
            "direction" => fact.direction.as_str(),
            "session_id" => fact.session_id,
            "campaign" => campaign.map(text).transpose()?,
            "properties" => fact.properties,
        },
    })
}

fn claim(claim: &Claim) -> BoltType {
    row! {
        "arrival" => claim.arrival,
        "owner" => claim.owner,
        "name" => claim.name,
        "value" => claim.value,
        "provenance" => claim.provenance.as_str(),
        "at" => claim.at,
        "first_at" => claim.first_at,
        "count" => claim.count,
        "source" => claim.source,
        "message_id" => claim.message_id,
        "first_message_id" => claim.first_message_id,
        "search" => searchable(&claim.value),
    }
}

/// The words that a trait is found by.
fn searchable(value: &RawValue) -> Option<String> {
    Some(search::trait_words(value)).filter(|words| !words.is_empty())
}

fn link(LinkRow { link, all }: &LinkRow) -> BoltType {
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

fn evidence(row: &EvidenceRow) -> BoltType {
    row! {
        "set" => row! {
            "arrival" => row.arrival,
            "set" => row.set.0,
            "identifiers" => row.identifiers,
            "outcomes" => row.outcomes,
            "message_id" => row.message_id,
            "source" => row.source,
            "at" => row.at,
            "rules_version" => row.rules_version,
        },
    }
}

fn decision(decision: &Decision) -> Result<BoltType, Fault> {
    let sides = decision.sides.iter().enumerate();
    let members = sides.flat_map(|(n, side)| {
        side.iter().map(move |identifier| row! { "identifier" => identifier, "number" => n + 1 })
    });
    Ok(row! {
        "set" => row! {
            "arrival" => decision.arrival,
            "at" => decision.at,
            "kind" => decision.kind.as_str(),
            "by" => decision.by,
            "reason" => decision.reason,
            "sides" => text(&decision.sides)?,
        },
        "members" => list(members),
    })
}

fn identity_event(event: &IdentityEvent) -> BoltType {
    row! {
        "arrival" => event.arrival,
        "customer" => event.customer,
        "at" => event.at,
        "kind" => event.kind.as_str(),
        "rule" => event.rule,
        "message_id" => event.message_id,
        "by" => event.by,
        "reason" => event.reason,
        "identifiers" => event.identifiers,
        "others" => event.others,
    }
}
