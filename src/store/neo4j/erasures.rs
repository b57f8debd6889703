//! The erasure of persons: all nodes of a customer, in one transaction.
//!
//! The transaction has the locks of the person's identifiers and customer, and the counter's lock, so no other writer
//! writes. Only the messages that are not touchpoints follow after the commit ([`clean_up`]): they are found by a read of
//! all messages. Until then they answer a replay as before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use neo4rs::BoltType;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Inner;
use super::bolt::{Params, row};
use super::connections::Transaction;
use super::decisions;
use super::fault::Fault;
use super::health;
use super::identity_events::EventRow;
use super::numbers::Number;
use super::orders::order_text;
use super::rows::{column, json, order_events};
use super::rules;
use super::segment_memberships;
use super::statement::{Statement, statements};
use super::write::{Outcome, text};
use crate::domain::access_key::MaskingSecret;
use crate::domain::change::{ChangeEntry, IdentityEvent, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::erasure::{Erased, ErasedIdentifier, ErasureRequest, ErasureSalt, Place};
use crate::domain::fact::FactIdentifier;
use crate::domain::identifier::IdentifierKey;
use crate::domain::order::OrderKey;
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::stitching::Batch;
use crate::stitching::batch::SetName;
use crate::stitching::erasures::{Fate, Neighbour, Neighbours, Person, SeenAlone, Sighting, skus};
use crate::store::{Result, StoreError};

statements! {
    CUSTOMER = "erasures/count_customer";
    SALT = "erasures/fetch_salt";
    MESSAGE = "erasures/count_message";
    IDENTIFIER = "erasures/fetch_identifier";
    INSERT_CUSTOMER = "erasures/insert_customer";
    INSERT_MESSAGE = "erasures/insert_message";
    INSERT_IDENTIFIER = "erasures/insert_identifier";
    SUPPRESS = "erasures/update_suppressed";
    INSERT_UNCLEAN = "erasures/insert_unclean";
    UNCLEAN = "erasures/list_unclean";
    DELETE_UNCLEAN = "erasures/delete_unclean";
    MESSAGES = "erasures/scan_messages";
    DELETE_MESSAGE = "erasures/delete_message";
    HASH_MESSAGES = "erasures/update_hashed";
    CUSTOMERS = "erasures/list_customers";
    IDENTIFIERS = "erasures/list_identifiers";
    IDENTIFIERS_BY_ID = "erasures/list_identifiers_by_id";
    NEIGHBOURS = "erasures/list_neighbours";
    PAST_LINKS = "erasures/list_past_links";
    DELETE_PAST_LINKS = "erasures/delete_past_links";
    UPDATE_LINK_MESSAGE = "erasures/update_link_message";
    TOUCHPOINTS = "erasures/list_touchpoints";
    OWN_MESSAGES = "erasures/list_messages";
    EVIDENCE = "erasures/list_evidence";
    UPDATE_EVIDENCE = "erasures/update_evidence";
    DELETE_EVIDENCE = "erasures/delete_evidence";
    DECISIONS = "erasures/list_decisions";
    UPDATE_DECISION = "erasures/update_decision";
    DELETE_DECISION = "erasures/delete_decision";
    PAST_CUSTOMERS = "erasures/list_past_customers";
    PAST_MEMBERS = "erasures/list_past_members";
    IDENTITY_EVENTS = "erasures/list_identity_events";
    UPDATE_IDENTITY_EVENT = "erasures/update_identity_event";
    DELETE_IDENTITY_EVENT = "erasures/delete_identity_event";
    CHANGE = "erasures/fetch_change";
    UPDATE_CHANGE = "erasures/update_change";
    ORDERS = "erasures/list_orders";
    ORDER = "erasures/fetch_order";
    UPDATE_ORDER = "erasures/update_order";
    DELETE_ORDER = "erasures/delete_order";
    SKUS = "erasures/list_skus";
    DELETE_PRODUCT = "erasures/delete_product";
    DELETE_PAST_PRODUCTS = "erasures/delete_past_products";
    CAMPAIGNS = "erasures/list_campaigns";
    DELETE_CAMPAIGN = "erasures/delete_campaign";
    DELETE_TOUCHPOINTS = "erasures/delete_touchpoints";
    UPDATE_CARRIERS = "erasures/update_carriers";
    DELETE_PAST_OWNERS = "erasures/delete_past_owners";
    DELETE_OWN_PAST_OWNERS = "erasures/delete_past_owners_of_identifiers";
    DELETE_PENDING = "erasures/delete_pending";
    DELETE_CLAIMS = "erasures/delete_claims";
    CONSENTS = "erasures/list_consents";
    UPDATE_CONSENT_OWNER = "erasures/update_consent_owner";
    DELETE_CONSENT = "erasures/delete_consent";
    DEVICES = "erasures/list_devices";
    UPDATE_DEVICE = "erasures/update_device";
    DELETE_DEVICE = "erasures/delete_device";
    DELETE_PAST_DEVICES = "erasures/delete_past_devices";
    DELETE_DEVICE_TIMES = "erasures/delete_device_seen_alone";
    DELETE_SEEN_ALONE = "erasures/delete_seen_alone";
    INSERT_SEEN_ALONE = "erasures/insert_seen_alone";
    DELETE_IDENTIFIERS = "erasures/delete_identifiers";
    DELETE_CUSTOMER = "erasures/delete_customer";
    DELETE_SPEND = "erasures/delete_spend";
    UPDATE_VERSIONS = "erasures/update_versions";
    UPDATE_COUNTER = "erasures/update_counter";
}

/// Which of these are ids of erased customers.
pub(super) async fn erased(store: &Inner, ids: &[CustomerId]) -> Result<Vec<bool>> {
    let rows = store.connections.read(&CUSTOMER, Params::new().with_list("ids", ids)).await?;
    found(&rows, ids)
}

/// The same, in a transaction.
pub(super) async fn is_erased(transaction: &mut Transaction<'_>, id: &CustomerId) -> Outcome<bool> {
    let rows = transaction.read(&CUSTOMER, Params::new().with_list("ids", [id])).await?;
    Ok(!rows.is_empty())
}

fn found(rows: &[neo4rs::Row], ids: &[CustomerId]) -> Result<Vec<bool>> {
    let found: FxHashSet<&str> = rows.iter().map(|row| column(row, "id")).collect::<Result<_>>()?;
    Ok(ids.iter().map(|id| found.contains(&*id.0)).collect())
}

/// What is known about an identifier after an erasure.
pub(super) async fn erased_identifier(
    store: &Inner,
    key: &IdentifierKey,
    salt: &ErasureSalt,
) -> Result<ErasedIdentifier> {
    let params = Params::new().with_list("hashes", [salt.identifier(key)]);
    let rows = store.connections.read(&IDENTIFIER, params).await?;
    let suppressed = rows.first().map(|row| column::<bool>(row, "suppressed")).transpose()?;
    Ok(ErasedIdentifier { erased: suppressed.is_some(), suppressed: suppressed == Some(true) })
}

/// Takes events with this identifier again.
pub(super) async fn suppress(store: &Inner, key: &IdentifierKey, salt: &ErasureSalt, is: bool) -> Result<bool> {
    let found = erased_identifier(store, key, salt).await?;
    let is_new = found.erased && found.suppressed != is;
    if is_new {
        let params = Params::new().with("hash", salt.identifier(key)).with("suppressed", is);
        rules::alone(store, &SUPPRESS, params).await?;
    }
    Ok(is_new)
}

/// The secret of the hashes, once anybody was erased.
pub(super) async fn salt(transaction: &mut Transaction<'_>) -> Outcome<Option<ErasureSalt>> {
    let rows = transaction.read(&SALT, Params::new()).await?;
    Ok(rows.first().map(read_salt).transpose()?)
}

fn read_salt(row: &neo4rs::Row) -> Result<ErasureSalt> {
    let unreadable = |_| StoreError::Data("the secret of tokens cannot be read".into());
    let secret = const_hex::decode_to_array(column::<&str>(row, "value")?).map_err(unreadable)?;
    Ok(ErasureSalt::new(MaskingSecret(secret)))
}

/// The messages of the batch that are of erased persons.
pub(super) async fn erased_messages(
    transaction: &mut Transaction<'_>,
    salt: &ErasureSalt,
    batch: &Batch,
) -> Outcome<Vec<Arc<str>>> {
    let by_hash: FxHashMap<Arc<str>, &Arc<str>> = batch.messages().map(|id| (salt.message(id), id)).collect();
    let rows = transaction.read(&MESSAGE, Params::new().with_list("hashes", by_hash.keys())).await?;
    let found = rows.iter().map(|row| column::<&str>(row, "hash")).collect::<Result<Vec<_>>>()?;
    Ok(found.into_iter().filter_map(|hash| by_hash.get(hash).map(|id| Arc::clone(id))).collect())
}

/// The identifiers of the batch that are suppressed.
pub(super) async fn suppressed(
    transaction: &mut Transaction<'_>,
    salt: &ErasureSalt,
    batch: &Batch,
) -> Outcome<BTreeSet<IdentifierKey>> {
    let by_hash: FxHashMap<Arc<str>, &IdentifierKey> =
        batch.identifiers().into_iter().map(|key| (salt.identifier(key), key)).collect();
    let rows = transaction.read(&IDENTIFIER, Params::new().with_list("hashes", by_hash.keys())).await?;
    let mut found = BTreeSet::new();
    for row in &rows {
        if column::<bool>(row, "suppressed")? {
            found.extend(by_hash.get(column::<&str>(row, "hash")?).map(|key| IdentifierKey::clone(key)));
        }
    }
    Ok(found)
}

/// How many messages are replaced by their hashes in one transaction.
const AT_A_TIME: usize = 5_000;

/// What a person must do on the server.
const LEFT: &str = "the server keeps deleted data in its transaction logs until they are pruned, and in its files until the \
                    space is used again: run CALL db.checkpoint(), keep db.tx_log.rotation.retention_policy short, and for \
                    more than that copy the database with neo4j-admin database copy";

/// Replaces the messages of erased persons that are not touchpoints by their hashes.
pub(super) async fn clean_up(store: &Inner) -> Result<Option<&'static str>> {
    let mut any = false;
    loop {
        let rows = store.connections.read(&UNCLEAN, Params::new()).await?;
        let Some(row) = rows.first() else { return Ok(any.then_some(LEFT)) };
        let (change, ids): (i64, Vec<i64>) = (column(row, "change")?, column(row, "identifiers")?);
        any = true;
        let salted = store.connections.read(&SALT, Params::new()).await?;
        let salt = salted.first().map(read_salt).transpose()?;
        let salt = salt.ok_or_else(|| StoreError::Data("the secret of tokens is missing".into()))?;
        loop {
            let params = Params::new().with("ids", &ids).with("limit", AT_A_TIME);
            let rows = store.connections.read(&MESSAGES, params).await?;
            let messages: Vec<String> = rows.iter().map(|row| column(row, "id")).collect::<Result<_>>()?;
            if messages.is_empty() {
                break;
            }
            let hashed = messages.iter().map(|id| row! { "id" => id, "hash" => salt.message(id) });
            rules::alone(store, &HASH_MESSAGES, Params::new().with_list("rows", hashed)).await?;
        }
        rules::alone(store, &DELETE_UNCLEAN, Params::new().with("change", change)).await?;
    }
}

/// An erasure under way, with the counter's lock.
pub(super) struct Eraser<'a, 't> {
    transaction: &'a mut Transaction<'t>,
    salt: &'a ErasureSalt,
    present: CustomerId,
    person: Person,
    identifiers: Vec<OwnIdentifier>,
    size: usize,
    arrivals: Vec<Arrival>,
    touchpoints: Vec<OwnTouchpoint>,
    met: BTreeSet<IdentifierId>,
    neighbours: BTreeSet<CustomerId>,
    refused: Vec<Arc<str>>,
    orders: i64,
    places: BTreeMap<Place, i64>,
}

struct OwnIdentifier {
    id: IdentifierId,
    key: IdentifierKey,
    shared: bool,
}

struct OwnTouchpoint {
    arrival: Arrival,
    order: Option<OrderKey>,
}

/// A link to an identifier.
struct OwnLink {
    neighbour: Neighbour,
    from: i64,
    to: i64,
    refused: bool,
    since: i64,
    first: Timestamp,
    last: Timestamp,
    message: Option<Arc<str>>,
}

impl<'a, 't> Eraser<'a, 't> {
    /// Finds out what is the person's.
    pub(super) async fn read(
        transaction: &'a mut Transaction<'t>,
        present: CustomerId,
        salt: &'a ErasureSalt,
    ) -> Outcome<Self> {
        let customer = || Params::new().with("customer", &present);
        let rows = transaction.read(&CUSTOMERS, customer()).await?;
        let customers: Vec<&str> = rows.iter().map(|row| column(row, "id")).collect::<Result<_>>()?;
        let customers: BTreeSet<CustomerId> = customers.into_iter().map(|id| CustomerId(id.into())).collect();
        let rows = transaction.read(&IDENTIFIERS, customer()).await?;
        let mut identifiers = rows.iter().map(own).collect::<Result<Vec<_>>>()?;
        let size = identifiers.len();
        let held: BTreeSet<IdentifierId> = identifiers.iter().map(|own| own.id).collect();
        let first = links(transaction, &held).await?;
        let first: Vec<Neighbour> = first.into_iter().map(|link| link.neighbour).collect();
        let mut hangers = Neighbours::new(&held, &first);
        while let Some(next) = hangers.to_read() {
            let more = links(transaction, &next.into_iter().collect()).await?;
            hangers.add(&more.into_iter().map(|link| link.neighbour).collect::<Vec<_>>());
        }
        let rows = transaction.read(&IDENTIFIERS_BY_ID, Params::new().with_list("ids", hangers.hangers_on())).await?;
        identifiers.extend(rows.iter().map(own).collect::<Result<Vec<_>>>()?);
        let ids: BTreeSet<IdentifierId> = identifiers.iter().map(|own| own.id).collect();
        let mut messages: FxHashMap<Arc<str>, Arc<str>> = FxHashMap::default();
        let mut touchpoints = Vec::new();
        for row in &transaction.read(&TOUCHPOINTS, Params::new().with_list("ids", &ids)).await? {
            let message: Arc<str> = column::<&str>(row, "message")?.into();
            messages.insert(message.clone(), salt.message(&message));
            let part = |name| Ok::<_, StoreError>(column::<Option<&str>>(row, name)?.map(Arc::<str>::from));
            let order = part("source")?.zip(part("number")?).map(|(source, number)| OrderKey { source, number });
            touchpoints.push(OwnTouchpoint { arrival: Arrival(column(row, "arrival")?), order });
        }
        Ok(Eraser {
            transaction,
            salt,
            present,
            person: Person { customers, identifiers: ids, messages },
            identifiers,
            size,
            arrivals: touchpoints.iter().map(|own| own.arrival).collect(),
            touchpoints,
            met: BTreeSet::new(),
            neighbours: BTreeSet::new(),
            refused: Vec::new(),
            orders: 0,
            places: BTreeMap::new(),
        })
    }

    /// Erases all rows and writes what stays. Returns what was erased, and the other customers that are concerned.
    pub(super) async fn erase(
        mut self,
        request: &ErasureRequest,
        number: &Number,
    ) -> Outcome<(Erased, BTreeSet<CustomerId>)> {
        self.erase_evidence().await?;
        self.erase_links().await?;
        self.erase_decisions().await?;
        self.erase_consents().await?;
        self.erase_devices().await?;
        self.find_neighbours().await?;
        self.erase_identity_events().await?;
        self.erase_changes().await?;
        self.erase_orders_and_touchpoints().await?;
        self.erase_people().await?;
        self.leave(request, number).await?;
        let others = self.person.customers.iter().filter(|id| **id != self.present).cloned();
        let erased = Erased {
            change: number.seq,
            customers: std::iter::once(self.present.clone()).chain(others).collect(),
            identifiers: self.identifiers.len() as i64,
            touchpoints: self.touchpoints.len() as i64,
            orders: self.orders,
            places: self.places.into_iter().collect(),
        };
        let mut concerned = self.neighbours;
        concerned.extend(self.person.customers);
        Ok((erased, concerned))
    }

    fn ids(&self) -> Params {
        Params::new().with_list("ids", &self.person.identifiers)
    }

    fn customers(&self) -> Params {
        Params::new().with_list("customers", &self.person.customers)
    }

    fn count(&mut self, place: Place, rows: usize) {
        *self.places.entry(place).or_default() += rows as i64;
    }

    async fn write(&mut self, statement: &Statement, params: Params) -> Outcome<()> {
        self.transaction.write(statement, params).await
    }

    async fn rows(&mut self, statement: &Statement, rows: Vec<BoltType>) -> Outcome<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.write(statement, Params::new().with_list("rows", rows)).await
    }

    /// Adds those of these messages that are the person's.
    async fn note_messages(&mut self, messages: BTreeSet<Arc<str>>) -> Outcome<()> {
        let params = self.ids().with_list("messages", &messages);
        for row in &self.transaction.read(&OWN_MESSAGES, params).await? {
            let id: Arc<str> = column::<&str>(row, "id")?.into();
            self.person.messages.insert(id.clone(), self.salt.message(&id));
            self.arrivals.push(Arrival(column(row, "arrival")?));
        }
        Ok(())
    }

    async fn erase_evidence(&mut self) -> Outcome<()> {
        let mut sightings: BTreeMap<i64, Sighting> = BTreeMap::new();
        for row in &self.transaction.read(&EVIDENCE, self.ids()).await? {
            let identifiers: Vec<i64> = column(row, "identifiers")?;
            let sighting = Sighting {
                identifiers: identifiers.into_iter().map(Arrival).collect(),
                outcomes: column::<&str>(row, "outcomes")?.into(),
                message_id: column::<&str>(row, "message")?.into(),
            };
            sightings.insert(column(row, "arrival")?, sighting);
        }
        self.note_messages(sightings.values().map(|sighting| sighting.message_id.clone()).collect()).await?;
        let others = sightings.values().flat_map(|sighting| &sighting.identifiers).copied();
        let others: BTreeSet<IdentifierId> = others.filter(|id| !self.person.identifiers.contains(id)).collect();
        let rows = self.transaction.read(&IDENTIFIERS_BY_ID, Params::new().with_list("ids", &others)).await?;
        let keys = rows.iter().map(|row| own(row).map(|own| (own.id, own.key))).collect::<Result<FxHashMap<_, _>>>()?;
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        for (arrival, sighting) in &sightings {
            match self.person.sighting(sighting) {
                Fate::Stays => {}
                Fate::Goes => gone.push(*arrival),
                Fate::Becomes(new) => {
                    let named = new.identifiers.iter().filter_map(|id| keys.get(id));
                    let named = named.map(|key| FactIdentifier { key: key.clone(), listed: true });
                    changed.push(row! {
                        "arrival" => *arrival,
                        "set" => row! {
                            "identifiers" => new.identifiers,
                            "outcomes" => new.outcomes,
                            "message_id" => new.message_id,
                            "set" => SetName::of(&named.collect::<Vec<_>>()).0,
                        },
                    });
                }
            }
        }
        self.count(Place::Evidence, sightings.len());
        self.met.extend(others);
        self.rows(&UPDATE_EVIDENCE, changed).await?;
        self.write(&DELETE_EVIDENCE, Params::new().with("arrivals", gone)).await
    }

    /// The links go with the identifiers; the times at which others were seen in them stay.
    async fn erase_links(&mut self) -> Outcome<()> {
        let links = links(self.transaction, &self.person.identifiers).await?;
        let pair = |link: &OwnLink| row! { "from" => link.from, "to" => link.to, "refused" => link.refused };
        let mut seen = SeenAlone::default();
        let mut past: BTreeMap<(i64, i64, bool), Vec<PastTimes>> = BTreeMap::new();
        let to_others: Vec<&OwnLink> =
            links.iter().filter(|link| !self.person.identifiers.contains(&link.neighbour.id)).collect();
        let params = Params::new().with_list("rows", to_others.iter().map(|link| pair(link)));
        for row in &self.transaction.read(&PAST_LINKS, params).await? {
            let key = (column(row, "from")?, column(row, "to")?, column(row, "refused")?);
            let times = (Timestamp(column(row, "first_at")?), Timestamp(column(row, "last_at")?));
            past.entry(key).or_default().push((column(row, "until")?, times.0, times.1));
        }
        for link in &to_others {
            let other = link.neighbour.id;
            self.met.insert(other);
            let mut since = link.since;
            for (until, first, last) in past.get(&(link.from, link.to, link.refused)).into_iter().flatten() {
                seen.add(other, since, *first, *last);
                since = *until;
            }
            seen.add(other, since, link.first, link.last);
        }
        let alone = seen.rows().map(|(id, since, first, last)| {
            row! { "identifier" => id, "since" => since, "first_at" => first, "last_at" => last }
        });
        let alone: Vec<BoltType> = alone.collect();
        self.note_messages(links.iter().filter_map(|link| link.message.clone()).collect()).await?;
        // A link within the person was read from both ends.
        let each: BTreeSet<(i64, i64, bool)> = links.iter().map(|link| (link.from, link.to, link.refused)).collect();
        self.count(Place::Links, each.len());
        self.rows(&INSERT_SEEN_ALONE, alone).await?;
        self.rows(&DELETE_PAST_LINKS, links.iter().map(pair).collect()).await?;
        let mut hashes = neo4rs::BoltMap::default();
        for (id, hash) in &self.person.messages {
            hashes.put((&**id).into(), BoltType::String((&**hash).into()));
        }
        let params = Params::new()
            .with_list("ids", &self.met)
            .with_list("messages", self.person.messages.keys())
            .with("hashes", BoltType::Map(hashes));
        self.write(&UPDATE_LINK_MESSAGE, params).await
    }

    async fn erase_decisions(&mut self) -> Outcome<()> {
        let rows = self.transaction.read(&DECISIONS, self.ids()).await?;
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        for row in &rows {
            let decision = decisions::decision(row)?;
            self.arrivals.push(decision.arrival);
            let mut by_side: BTreeMap<i64, Vec<IdentifierId>> = BTreeMap::new();
            for (side, id) in column::<Vec<(i64, i64)>>(row, "members")? {
                by_side.entry(side).or_default().push(Arrival(id));
                if !self.person.identifiers.contains(&Arrival(id)) {
                    self.met.insert(Arrival(id));
                }
            }
            match self.person.decision(&decision, &by_side.into_values().collect::<Vec<_>>()) {
                Fate::Stays => {}
                Fate::Goes => gone.push(decision.arrival),
                Fate::Becomes(new) => changed.push(row! {
                    "arrival" => new.arrival, "reason" => new.reason, "sides" => text(&new.sides)?,
                }),
            }
        }
        self.count(Place::Decisions, rows.len());
        self.rows(&UPDATE_DECISION, changed).await?;
        self.write(&DELETE_DECISION, Params::new().with("arrivals", gone)).await
    }

    /// The consents, but for those that others hold, too: they get another owner.
    async fn erase_consents(&mut self) -> Outcome<()> {
        let rows = self.transaction.read(&CONSENTS, self.ids()).await?;
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        for row in &rows {
            let arrival: i64 = column(row, "arrival")?;
            let holders: Vec<i64> = column(row, "holders")?;
            self.met.extend(holders.iter().map(|id| Arrival(*id)));
            match holders.iter().min() {
                None => {
                    gone.push(arrival);
                    // The log has the consent at its place, with the message.
                    self.arrivals.push(Arrival(arrival));
                }
                Some(holder) if self.person.identifiers.contains(&Arrival(column(row, "owner")?)) => {
                    self.arrivals.push(Arrival(arrival));
                    changed.push(row! { "arrival" => arrival, "owner" => *holder });
                }
                Some(_) => {}
            }
        }
        self.count(Place::Consents, gone.len());
        self.rows(&UPDATE_CONSENT_OWNER, changed).await?;
        self.write(&DELETE_CONSENT, Params::new().with("arrivals", gone)).await
    }

    /// The devices that are nobody else's. Those of others have the times of the others.
    async fn erase_devices(&mut self) -> Outcome<()> {
        let rows = self.transaction.read(&DEVICES, self.ids()).await?;
        let (mut all, mut changed, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let key: String = column(row, "key")?;
            let others: Vec<(i64, i64, i64)> = column(row, "others")?;
            self.met.extend(others.iter().map(|(id, ..)| Arrival(*id)));
            let first = others.iter().map(|(_, first, _)| *first).min();
            let last = others.iter().map(|(.., last)| *last).max();
            match first.zip(last) {
                None => gone.push(key.clone()),
                Some((first, last)) => changed.push(row! { "key" => key, "first_at" => first, "last_at" => last }),
            }
            all.push(key);
        }
        self.count(Place::Devices, gone.len());
        let params = self.ids().with("keys", all);
        self.write(&DELETE_DEVICE_TIMES, params).await?;
        self.rows(&UPDATE_DEVICE, changed).await?;
        let keys = Params::new().with("keys", gone);
        self.write(&DELETE_PAST_DEVICES, keys.clone()).await?;
        self.write(&DELETE_DEVICE, keys).await
    }

    /// The present customers of all others that have to do with the person.
    async fn find_neighbours(&mut self) -> Outcome<()> {
        let add = |neighbours: &mut BTreeSet<CustomerId>, id: &str| neighbours.insert(CustomerId(id.into()));
        for row in &self.transaction.read(&PAST_MEMBERS, self.customers()).await? {
            let members: Vec<i64> = column(row, "identifiers")?;
            self.met.extend(members.into_iter().map(Arrival));
            for id in column::<Vec<&str>>(row, "customers")? {
                add(&mut self.neighbours, id);
            }
        }
        // A shared device of a message of the person may have left its customer by it.
        let ids = Params::new().with_list("ids", self.person.identifiers.union(&self.met));
        for row in &self.transaction.read(&PAST_CUSTOMERS, ids).await? {
            add(&mut self.neighbours, column(row, "id")?);
        }
        let params = Params::new().with_list("ids", &self.met);
        for row in &self.transaction.read(&IDENTIFIERS_BY_ID, params).await? {
            if let Some(id) = column::<Option<&str>>(row, "customer")? {
                add(&mut self.neighbours, id);
            }
        }
        self.neighbours.retain(|id| !self.person.customers.contains(id));
        Ok(())
    }

    async fn erase_identity_events(&mut self) -> Outcome<()> {
        let all = self.neighbours.iter().chain([&self.present]);
        let rows = self.transaction.read(&IDENTITY_EVENTS, Params::new().with_list("customers", all)).await?;
        let events = rows.iter().map(|row| column::<EventRow<'_>>(row, "item")?.try_into());
        let events: Vec<IdentityEvent> = events.collect::<Result<_>>()?;
        self.note_messages(events.iter().filter_map(|event| event.message_id.clone()).collect()).await?;
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        for event in &events {
            match self.person.identity_event(event) {
                Fate::Stays => continue,
                Fate::Becomes(new) => changed.push(row! {
                    "arrival" => new.arrival, "identifiers" => new.identifiers, "message_id" => new.message_id,
                    "reason" => new.reason,
                }),
                Fate::Goes => {
                    gone.push(event.arrival);
                    if event.kind == IdentityEventKind::Refused {
                        self.refused.extend(event.rule.clone());
                    }
                }
            }
            self.arrivals.push(event.arrival);
        }
        self.count(Place::IdentityHistory, changed.len() + gone.len());
        self.rows(&UPDATE_IDENTITY_EVENT, changed).await?;
        self.write(&DELETE_IDENTITY_EVENT, Params::new().with("arrivals", gone)).await
    }

    /// The entries of the changes in which the person was.
    async fn erase_changes(&mut self) -> Outcome<()> {
        let seqs: BTreeSet<i64> = self.arrivals.iter().map(|arrival| arrival.seq()).collect();
        let seqs: Vec<i64> = seqs.into_iter().collect();
        for seqs in seqs.chunks(AT_A_TIME) {
            let mut stored: Vec<(i64, Vec<ChangeEntry>)> = Vec::new();
            for row in &self.transaction.read(&CHANGE, Params::new().with("seqs", seqs)).await? {
                stored.push((column(row, "seq")?, json("the entries of a change", column(row, "entries")?)?));
            }
            // Messages that left nothing but an entry.
            let of_person = |entry: &ChangeEntry| {
                let details = entry.details();
                let own = details.customer.is_some_and(|customer| self.person.customers.contains(&customer));
                details.message.filter(|_| own)
            };
            let messages = stored.iter().flat_map(|(_, entries)| entries).filter_map(of_person).collect();
            self.note_messages(messages).await?;
            let mut rows = Vec::new();
            for (seq, entries) in &stored {
                if let Some(new) = self.person.entries(entries) {
                    rows.push(row! { "seq" => *seq, "entries" => text(&new)? });
                }
            }
            self.count(Place::ChangeLog, rows.len());
            self.rows(&UPDATE_CHANGE, rows).await?;
        }
        Ok(())
    }

    async fn erase_orders_and_touchpoints(&mut self) -> Outcome<()> {
        let mut named: FxHashSet<Arc<str>> = FxHashSet::default();
        let rows = self.transaction.read(&SKUS, self.ids()).await?;
        self.count(Place::ProductActs, rows.len());
        for row in &rows {
            named.insert(column::<&str>(row, "sku")?.into());
        }
        let (mut gone, mut changed) = (Vec::new(), Vec::new());
        for row in &self.transaction.read(&ORDERS, self.ids()).await? {
            named.extend(skus(&order_events(column(row, "events")?)?));
            gone.push(column::<String>(row, "key")?);
        }
        let about: BTreeSet<String> =
            self.touchpoints.iter().filter_map(|own| own.order.as_ref()).map(order_text).collect();
        let about = about.into_iter().filter(|key| !gone.contains(key));
        let about = Params::new().with_list("keys", about);
        for row in &self.transaction.read(&ORDER, about).await? {
            let (key, events) = (column::<String>(row, "key")?, order_events(column(row, "events")?)?);
            match self.person.order(&events, column(row, "owned")?) {
                Fate::Stays => continue,
                Fate::Becomes(left) => changed.push(row! { "key" => key, "events" => text(&left)? }),
                Fate::Goes => gone.push(key),
            }
            named.extend(skus(&events));
        }
        self.orders = gone.len() as i64;
        self.count(Place::Orders, gone.len());
        self.rows(&UPDATE_ORDER, changed).await?;
        self.write(&DELETE_ORDER, Params::new().with("keys", gone)).await?;

        let rows = self.transaction.read(&CAMPAIGNS, self.ids()).await?;
        let campaigns: Vec<String> = rows.iter().map(|row| column(row, "key")).collect::<Result<_>>()?;
        self.count(Place::Touchpoints, self.touchpoints.len());
        let arrivals = Params::new().with_list("arrivals", self.touchpoints.iter().map(|own| own.arrival));
        self.write(&DELETE_PAST_OWNERS, arrivals).await?;
        for statement in [&DELETE_TOUCHPOINTS, &DELETE_OWN_PAST_OWNERS, &DELETE_PENDING, &UPDATE_CARRIERS] {
            let ids = self.ids();
            self.write(statement, ids).await?;
        }
        let messages = Params::new().with_list("messages", self.person.messages.keys());
        self.write(&DELETE_MESSAGE, messages).await?;
        self.count(Place::Messages, self.person.messages.len());
        let hashes = Params::new().with_list("hashes", self.person.messages.values());
        self.write(&INSERT_MESSAGE, hashes).await?;
        let rows = self.transaction.read(&DELETE_CLAIMS, self.ids()).await?;
        let claims = rows.first().map(|row| column::<usize>(row, "found")).transpose()?.unwrap_or(0);
        self.count(Place::Traits, claims);
        self.erase_identifiers().await?;
        let campaigns = self.transaction.read(&DELETE_CAMPAIGN, Params::new().with("keys", campaigns)).await?;
        let products = self.transaction.read(&DELETE_PRODUCT, Params::new().with_list("skus", named)).await?;
        let skus: Vec<String> = products.iter().map(|row| column(row, "sku")).collect::<Result<_>>()?;
        self.count(Place::Names, campaigns.len() + skus.len());
        self.write(&DELETE_PAST_PRODUCTS, Params::new().with("skus", skus)).await
    }

    /// The identifiers, with their edges. Words of the search are properties of theirs and of claims.
    async fn erase_identifiers(&mut self) -> Outcome<()> {
        let (ids, alone) = (self.ids(), self.ids());
        self.write(&DELETE_IDENTIFIERS, ids).await?;
        self.write(&DELETE_SEEN_ALONE, alone).await?;
        self.count(Place::Identifiers, self.identifiers.len());
        self.count(Place::SearchWords, self.identifiers.len());
        Ok(())
    }

    async fn erase_people(&mut self) -> Outcome<()> {
        segment_memberships::forget(self.transaction, &self.person.customers).await?;
        self.count(Place::Segments, 1);
        for statement in [&DELETE_SPEND, &DELETE_CUSTOMER] {
            let customers = self.customers();
            self.write(statement, customers).await?;
        }
        Ok(())
    }

    /// Writes what stays: the ids, the hashes, the figures, and the entry of the change log.
    async fn leave(&mut self, request: &ErasureRequest, number: &Number) -> Outcome<()> {
        let ids = Params::new().with_list("ids", &self.person.customers).with("seq", number.seq);
        self.write(&INSERT_CUSTOMER, ids).await?;
        // Others use a shared one, too.
        for shared in [false, true] {
            let own = self.identifiers.iter().filter(|own| own.shared == shared);
            let hashes: Vec<_> = own.map(|own| self.salt.identifier(&own.key)).collect();
            let suppressed = request.suppress && !shared;
            let hashes = Params::new().with_list("hashes", &hashes).with("suppressed", suppressed);
            self.write(&INSERT_IDENTIFIER, hashes).await?;
        }
        let unclean = self.ids().with("seq", number.seq);
        self.write(&INSERT_UNCLEAN, unclean).await?;
        self.write(&UPDATE_VERSIONS, Params::new().with_list("customers", &self.neighbours)).await?;
        segment_memberships::touch_all(self.transaction, &self.neighbours, number).await?;
        let shared = self.identifiers.iter().filter(|own| own.shared).count();
        let health = health::sum(&number.health, &self.person.health(self.size, shared, &self.refused))?;
        let entries = [self.person.erased_entry(&self.present, request)];
        let params = Params::new()
            .with("seq", number.seq)
            .with("at", number.at)
            .with("entries", text(&entries)?)
            .with("health", health)
            .with("touchpoints", self.touchpoints.len());
        self.write(&UPDATE_COUNTER, params).await
    }
}

/// A change, and the first and the last time before it.
type PastTimes = (i64, Timestamp, Timestamp);

fn own(row: &neo4rs::Row) -> Result<OwnIdentifier> {
    let key = IdentifierKey { kind: column::<&str>(row, "kind")?.into(), value: column::<&str>(row, "value")?.into() };
    Ok(OwnIdentifier { id: Arrival(column(row, "id")?), key, shared: column(row, "shared")? })
}

async fn links(
    transaction: &mut Transaction<'_>,
    ids: &BTreeSet<IdentifierId>,
) -> std::result::Result<Vec<OwnLink>, Fault> {
    let mut links = Vec::new();
    for row in &transaction.read(&NEIGHBOURS, Params::new().with_list("ids", ids)).await? {
        let (of, id) = (Arrival(column(row, "of")?), Arrival(column(row, "other")?));
        links.push(OwnLink {
            neighbour: Neighbour { of, id, held: column(row, "held")? },
            from: column(row, "from")?,
            to: column(row, "to")?,
            refused: column(row, "refused")?,
            since: column(row, "since")?,
            first: Timestamp(column(row, "first_at")?),
            last: Timestamp(column(row, "last_at")?),
            message: column::<Option<&str>>(row, "message")?.map(Into::into),
        });
    }
    Ok(links)
}
