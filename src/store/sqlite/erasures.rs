//! The erasure of persons: all rows of a customer, in one transaction.
//!
//! Everything hangs on identifiers, so most rows are found by the identifiers of the person, which are the parameter of
//! most statements, as a JSON list. Rows that others are in, too, are changed as [`crate::stitching::erasures`] says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::row::{arrival, json, str, text, time};
use super::statement::{Statement, statements};
use super::{access_keys, decisions, health, identity_events, segment_memberships, status, words};
use crate::domain::access_key::MaskingSecret;
use crate::domain::change::{ChangeEntry, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::erasure::{Erased, ErasedIdentifier, ErasureOutcome, ErasureRequest, ErasureSalt, Place};
use crate::domain::fact::FactIdentifier;
use crate::domain::identifier::IdentifierKey;
use crate::domain::order::OrderEvent;
use crate::domain::{Arrival, IdentifierId, Timestamp, search};
use crate::stitching::batch::SetName;
use crate::stitching::erasures::{Fate, Neighbour, Person, SeenAlone, Sighting, hangers_on, skus};
use crate::stitching::{Batch, Known};
use crate::store::{Result, StoreError};

statements! {
    BORN_BY_ID = "customers/fetch_by_id";
    RAISE_COUNTER = "changes/update_counter";
    INSERT_CHANGE = "changes/insert";
    WORD = "words/fetch";
    COUNT_CUSTOMER = "erasures/count_customer";
    ANY = "erasures/count_any";
    ANY_SUPPRESSED = "erasures/count_suppressed";
    COUNT_MESSAGE = "erasures/count_message";
    IDENTIFIER = "erasures/fetch_identifier";
    INSERT_CUSTOMER = "erasures/insert_customer";
    INSERT_MESSAGE = "erasures/insert_message";
    INSERT_IDENTIFIER = "erasures/insert_identifier";
    SUPPRESS = "erasures/update_suppressed";
    INSERT_UNCLEAN = "erasures/insert_unclean";
    LAST_UNCLEAN = "erasures/fetch_unclean";
    DELETE_UNCLEAN = "erasures/delete_unclean";
    CUSTOMERS = "erasures/list_customers";
    IDENTIFIERS = "erasures/list_identifiers";
    IDENTIFIERS_BY_ID = "erasures/list_identifiers_by_id";
    NEIGHBOURS = "erasures/list_neighbours";
    PAST_LINKS = "erasures/list_past_links";
    TOUCHPOINTS = "erasures/list_touchpoints";
    MESSAGES = "erasures/scan_messages";
    EVIDENCE = "erasures/list_evidence";
    UPDATE_EVIDENCE = "erasures/update_evidence";
    DELETE_EVIDENCE = "erasures/delete_evidence";
    DELETE_EVIDENCE_IDENTIFIER = "erasures/delete_evidence_identifier";
    DECISIONS = "erasures/list_decisions";
    SIDES = "erasures/list_sides";
    UPDATE_DECISION = "erasures/update_decision";
    DELETE_DECISION = "erasures/delete_decision";
    DELETE_SIDES = "erasures/delete_sides";
    DELETE_OWN_SIDES = "erasures/delete_sides_of_identifiers";
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
    NAMED_SKUS = "erasures/scan_skus";
    ALL_ORDERS = "erasures/scan_orders";
    DELETE_PRODUCT = "erasures/delete_product";
    DELETE_PAST_PRODUCTS = "erasures/delete_past_products";
    DELETE_ACTS = "erasures/delete_product_acts";
    DELETE_TOUCHPOINTS = "erasures/delete_touchpoints";
    UPDATE_CARRIERS = "erasures/update_carriers";
    DELETE_MESSAGE = "erasures/delete_message";
    DELETE_PAST_OWNERS = "erasures/delete_past_owners";
    DELETE_OWN_PAST_OWNERS = "erasures/delete_past_owners_of_identifiers";
    DELETE_PENDING = "erasures/delete_pending";
    CLAIMS = "erasures/list_claims";
    DELETE_CLAIMS = "erasures/delete_claims";
    DELETE_PAST_CLAIMS = "erasures/delete_past_claims";
    CONSENTS = "erasures/list_consents";
    HOLDERS = "erasures/scan_holders";
    DELETE_HOLDERS = "erasures/delete_holders";
    CONSENT_OWNER = "erasures/fetch_consent_owner";
    UPDATE_CONSENT_OWNER = "erasures/update_consent_owner";
    DELETE_CONSENT = "erasures/delete_consent";
    DEVICES = "erasures/list_devices";
    DEVICE_HOLDERS = "erasures/list_device_holders";
    DELETE_STORED_ON = "erasures/delete_stored_on";
    DELETE_OWN_DEVICE_TIMES = "erasures/delete_devices_seen_alone";
    DEVICE_TIMES = "erasures/fetch_device_times";
    UPDATE_DEVICE = "erasures/update_device";
    DELETE_DEVICE = "erasures/delete_device";
    DELETE_PAST_DEVICES = "erasures/delete_past_devices";
    DELETE_DEVICE_TIMES = "erasures/delete_device_seen_alone";
    DELETE_LINKS_FROM = "erasures/delete_links_from";
    DELETE_LINKS_TO = "erasures/delete_links_to";
    DELETE_PAST_LINKS = "erasures/delete_past_links";
    LINK_MESSAGES = "erasures/list_link_messages";
    UPDATE_LINK_MESSAGE = "erasures/update_link_message";
    DELETE_IDENTIFIERS = "erasures/delete_identifiers";
    DELETE_SEEN_ALONE = "erasures/delete_seen_alone";
    INSERT_SEEN_ALONE = "erasures/insert_seen_alone";
    PAST_CUSTOMERS = "erasures/list_past_customers";
    PAST_MEMBERS = "erasures/list_past_members";
    DELETE_PAST_MEMBERSHIPS = "erasures/delete_past_memberships";
    DELETE_PAST_MEMBERS = "erasures/delete_past_members";
    PAST_MERGED = "erasures/list_past_merged";
    DELETE_PAST_MERGES = "erasures/delete_past_merges";
    DELETE_PAST_MERGED = "erasures/delete_past_merged";
    DELETE_CUSTOMER = "erasures/delete_customer";
    DELETE_SPEND = "erasures/delete_spend";
    DELETE_SEGMENT_MEMBERSHIPS = "erasures/delete_segment_memberships";
    DELETE_JUDGEMENT = "erasures/delete_judgement";
    SURVIVORS = "erasures/list_survivors";
    UPDATE_VERSIONS = "erasures/update_versions";
    DELETE_WORD_OF = "erasures/delete_word_of";
    COUNT_WORD_OF = "erasures/count_word_of";
    DELETE_WORD = "erasures/delete_word";
    DELETE_GRAM = "erasures/delete_gram";
    SECURE_GRAMS = "erasures/update_gram_secure";
    OVERWRITTEN = "erasures/fetch_overwritten";
    SET_OVERWRITTEN = "erasures/update_overwritten";
}

/// Erases a person.
pub(super) fn erase(
    db: &mut Connection,
    request: &ErasureRequest,
    salt: &ErasureSalt,
    at: Timestamp,
    trial: bool,
) -> Result<ErasureOutcome> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(born) = BORN_BY_ID.on(&transaction)?.first([&*request.customer.0], |row| Ok(row.get::<_, i64>(0)?))?
    else {
        return Ok(match is_erased(&transaction, &request.customer)? {
            true => ErasureOutcome::Unchanged(request.customer.clone()),
            false => ErasureOutcome::NotFound,
        });
    };
    let (last, last_at) = status::last_change(&transaction)?;
    let mut eraser = Eraser::read(&transaction, born, salt)?;
    eraser.erase()?;
    eraser.leave(request, last + 1, at.max(last_at))?;
    let mut erased = eraser.erased();
    if trial {
        erased.change = last;
        transaction.rollback()?;
    } else {
        erased.change = last + 1;
        transaction.commit()?;
    }
    Ok(ErasureOutcome::Done(erased))
}

fn is_erased(db: &Connection, id: &CustomerId) -> Result<bool> {
    Ok(COUNT_CUSTOMER.on(db)?.count([&*id.0])? > 0)
}

/// Which of these are ids of erased customers.
pub(super) fn erased(db: &Connection, ids: &[CustomerId]) -> Result<Vec<bool>> {
    ids.iter().map(|id| is_erased(db, id)).collect()
}

/// What is known about an identifier after an erasure.
pub(super) fn erased_identifier(db: &Connection, key: &IdentifierKey, salt: &ErasureSalt) -> Result<ErasedIdentifier> {
    let suppressed = IDENTIFIER.on(db)?.first([&*salt.identifier(key)], |row| Ok(row.get::<_, bool>(0)?))?;
    Ok(ErasedIdentifier { erased: suppressed.is_some(), suppressed: suppressed == Some(true) })
}

/// Takes events with this identifier again.
pub(super) fn suppress(db: &Connection, key: &IdentifierKey, salt: &ErasureSalt, is: bool) -> Result<bool> {
    Ok(SUPPRESS.on(db)?.execute(params![&*salt.identifier(key), is])? > 0)
}

/// Adds what the batch must know of erased persons: its messages that are theirs, and its identifiers that are
/// suppressed.
pub(super) fn read_erased(db: &Connection, batch: &Batch, known: &mut Known) -> Result<()> {
    if ANY.on(db)?.count([])? == 0 {
        return Ok(());
    }
    let Some(secret) = access_keys::stored_secret(db)? else { return Ok(()) };
    let salt = ErasureSalt::new(MaskingSecret(secret));
    let mut message = COUNT_MESSAGE.on(db)?;
    for id in batch.messages() {
        if !known.messages.contains_key(id) && message.count([&*salt.message(id)])? > 0 {
            known.messages.insert(id.clone(), None);
        }
    }
    if ANY_SUPPRESSED.on(db)?.count([])? == 0 {
        return Ok(());
    }
    for key in batch.identifiers() {
        if erased_identifier(db, key, &salt)?.suppressed {
            known.suppressed.insert(key.clone());
        }
    }
    Ok(())
}

/// The largest file that is written anew after an erasure, in bytes. It takes about a second.
const REWRITTEN: i64 = 128 << 20;

/// Overwrites what the file and its log still hold of deleted rows.
pub(super) fn clean_up(db: &mut Connection) -> Result<Option<&'static str>> {
    // Another process may erase somebody in the meantime, which is not clean then.
    let last = LAST_UNCLEAN.on(db)?.count([])?;
    if last == 0 {
        return Ok(None);
    }
    let size = |db: &Connection, name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    // Rows that moved from page to page may have left copies in the unused parts of pages.
    let is_small = size(db, "page_count")? * size(db, "page_size")? <= REWRITTEN;
    if is_small {
        // It cannot run while a statement is open.
        db.flush_prepared_statement_cache();
        db.execute_batch("VACUUM")?;
        SET_OVERWRITTEN.on(db)?.execute([])?;
    }
    let left = OVERWRITTEN.on(db)?.count([])? == 0;
    // The log is overwritten from its beginning after this, and is empty.
    let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy != 0 {
        return Ok(Some("another process reads the database file: its log is emptied at the next start or erasure"));
    }
    DELETE_UNCLEAN.on(db)?.execute([last])?;
    Ok(match is_small {
        true => None,
        false if left => Some(
            "the file was made by an older version and is large: run VACUUM on it with sqlite3 once, while no server runs",
        ),
        false => Some(
            "the file is large and was not written anew: unused parts of its pages may hold copies; run VACUUM on it with \
             sqlite3, while no server runs",
        ),
    })
}

/// An erasure under way.
struct Eraser<'c> {
    db: &'c Connection,
    salt: &'c ErasureSalt,
    /// The present id.
    present: CustomerId,
    person: Person,
    /// The keys of the person's customers.
    borns: Vec<i64>,
    identifiers: Vec<OwnIdentifier>,
    /// How many identifiers the customer had.
    size: usize,
    /// The identifiers as the parameter of statements.
    ids: String,
    touchpoints: Vec<OwnTouchpoint>,
    arrivals: Vec<Arrival>,
    /// Identifiers of others that have to do with the person, and their customers.
    met: BTreeSet<IdentifierId>,
    neighbours: BTreeSet<i64>,
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
    message: Arc<str>,
    order: Option<(Arc<str>, Arc<str>)>,
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
}

fn ids_text(ids: impl IntoIterator<Item = IdentifierId>) -> Result<String> {
    Ok(serde_json::to_string(&ids.into_iter().map(|id| id.0).collect::<Vec<_>>())?)
}

fn borns_text(borns: impl IntoIterator<Item = i64>) -> Result<String> {
    Ok(serde_json::to_string(&borns.into_iter().collect::<Vec<_>>())?)
}

impl<'c> Eraser<'c> {
    /// Finds out what is the person's.
    fn read(db: &'c Connection, born: i64, salt: &'c ErasureSalt) -> Result<Self> {
        let mut customers = Vec::new();
        CUSTOMERS.on(db)?.all([born], &mut customers, |row| Ok((row.get::<_, i64>(0)?, CustomerId(text(row, 1)?))))?;
        let mut identifiers = Vec::new();
        let own = |row: &rusqlite::Row<'_>| {
            let key = IdentifierKey { kind: text(row, 1)?, value: text(row, 2)? };
            Ok(OwnIdentifier { id: arrival(row, 0)?, key, shared: row.get(3)? })
        };
        IDENTIFIERS.on(db)?.all([born], &mut identifiers, own)?;
        let size = identifiers.len();
        let held: BTreeSet<IdentifierId> = identifiers.iter().map(|own| own.id).collect();
        let seen = |ids: &[IdentifierId]| -> Result<Vec<Neighbour>> {
            Ok(links(db, &ids_text(ids.iter().copied())?)?.into_iter().map(|link| link.neighbour).collect())
        };
        let first = seen(&held.iter().copied().collect::<Vec<_>>())?;
        let more = hangers_on(&held, &first, seen)?;
        IDENTIFIERS_BY_ID.on(db)?.all([ids_text(more.iter().copied())?], &mut identifiers, own)?;
        let ids = ids_text(identifiers.iter().map(|own| own.id))?;
        let mut touchpoints = Vec::new();
        TOUCHPOINTS.on(db)?.all([&ids], &mut touchpoints, |row| {
            let part = |column| super::row::optional_text(row, column);
            let order = part(2)?.zip(part(3)?);
            Ok(OwnTouchpoint { arrival: arrival(row, 0)?, message: text(row, 1)?, order })
        })?;
        let mut messages = Vec::new();
        MESSAGES.on(db)?.all([&ids], &mut messages, |row| Ok((text(row, 0)?, arrival(row, 1)?)))?;
        messages.extend(touchpoints.iter().map(|own| (own.message.clone(), own.arrival)));
        let present = customers.first().map(|(_, id)| id.clone());
        let present = present.ok_or_else(|| StoreError::Data("a customer without its row".into()))?;
        let person = Person {
            customers: customers.iter().map(|(_, id)| id.clone()).collect(),
            identifiers: identifiers.iter().map(|own| own.id).collect(),
            messages: messages.iter().map(|(id, _)| (id.clone(), salt.message(id))).collect(),
        };
        Ok(Eraser {
            db,
            salt,
            present,
            person,
            borns: customers.into_iter().map(|(born, _)| born).collect(),
            identifiers,
            size,
            ids,
            touchpoints,
            arrivals: messages.into_iter().map(|(_, arrival)| arrival).collect(),
            met: BTreeSet::new(),
            neighbours: BTreeSet::new(),
            refused: Vec::new(),
            orders: 0,
            places: BTreeMap::new(),
        })
    }

    fn erase(&mut self) -> Result<()> {
        self.erase_words()?;
        self.erase_links()?;
        self.erase_evidence()?;
        self.erase_decisions()?;
        self.erase_memberships()?;
        self.erase_consents()?;
        self.erase_devices()?;
        self.find_neighbours()?;
        self.erase_identity_events()?;
        self.erase_changes()?;
        self.erase_orders()?;
        self.erase_touchpoints()?;
        self.erase_claims()?;
        self.erase_people()
    }

    fn count(&mut self, place: Place, rows: usize) {
        *self.places.entry(place).or_default() += rows as i64;
    }

    /// Runs a statement on the identifiers.
    fn run(&mut self, place: Place, statement: &Statement) -> Result<()> {
        let rows = statement.on(self.db)?.execute([&self.ids])?;
        self.count(place, rows);
        Ok(())
    }

    /// The words of the values. A word that others have, too, stays.
    fn erase_words(&mut self) -> Result<()> {
        let mut found: BTreeSet<String> = BTreeSet::new();
        let mut add = |words: &str| found.extend(words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
        self.identifiers.iter().for_each(|own| add(&search::identifier_words(&own.key)));
        let mut claims = Vec::new();
        CLAIMS.on(self.db)?.all([&self.ids], &mut claims, |row| super::row::raw_json(str(row, 1)?))?;
        claims.iter().for_each(|value| add(&search::trait_words(value)));
        SECURE_GRAMS.on(self.db)?.execute([])?;
        let (mut word_of, mut others) = (DELETE_WORD_OF.on(self.db)?, COUNT_WORD_OF.on(self.db)?);
        let (mut fetch, mut delete, mut gram) = (WORD.on(self.db)?, DELETE_WORD.on(self.db)?, DELETE_GRAM.on(self.db)?);
        let mut rows = 0;
        for word in found {
            let Some(id) = fetch.first([&word], |row| Ok(row.get::<_, i64>(0)?))? else { continue };
            rows += word_of.execute(params![&self.ids, id])?;
            if others.count([id])? == 0 {
                if words::has_grams(&word) {
                    gram.execute(params![id, words::marked(&word)])?;
                }
                delete.execute([id])?;
            }
        }
        drop((word_of, others, fetch, delete, gram));
        self.count(Place::SearchWords, rows);
        Ok(())
    }

    /// The links, and the times at which others were seen in them.
    fn erase_links(&mut self) -> Result<()> {
        let links = links(self.db, &self.ids)?;
        let mut seen = SeenAlone::default();
        let mut past = PAST_LINKS.on(self.db)?;
        let mut forget = DELETE_PAST_LINKS.on(self.db)?;
        for link in &links {
            let other = link.neighbour.id;
            if !self.person.identifiers.contains(&other) {
                self.met.insert(other);
                let mut since = link.since;
                let mut rows = Vec::new();
                past.all(params![link.from, link.to, link.refused], &mut rows, |row| {
                    Ok((row.get::<_, i64>(0)?, time(row, 1)?, time(row, 2)?))
                })?;
                for (until, first, last) in rows {
                    seen.add(other, since, first, last);
                    since = until;
                }
                seen.add(other, since, link.first, link.last);
            }
            forget.execute(params![link.from, link.to, link.refused])?;
        }
        drop((past, forget));
        let mut keep = INSERT_SEEN_ALONE.on(self.db)?;
        for (id, since, first, last) in seen.rows() {
            keep.execute([id.0, since, first.0, last.0])?;
        }
        drop(keep);
        self.run(Place::Links, &DELETE_LINKS_FROM)?;
        self.run(Place::Links, &DELETE_LINKS_TO)?;
        // A link between others may name a message of the person.
        let mut named = Vec::new();
        LINK_MESSAGES.on(self.db)?.all([ids_text(self.met.iter().copied())?], &mut named, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, bool>(2)?, text(row, 3)?))
        })?;
        let mut update = UPDATE_LINK_MESSAGE.on(self.db)?;
        for (from, to, refused, message) in named {
            if let Some(hash) = self.person.messages.get(&message) {
                update.execute(params![from, to, refused, &**hash])?;
            }
        }
        Ok(())
    }

    fn erase_evidence(&mut self) -> Result<()> {
        let mut rows = Vec::new();
        EVIDENCE.on(self.db)?.all([&self.ids], &mut rows, |row| {
            let sighting = Sighting { identifiers: json(row, 1)?, outcomes: text(row, 2)?, message_id: text(row, 3)? };
            Ok((row.get::<_, i64>(0)?, sighting))
        })?;
        let rows: BTreeMap<i64, Sighting> = rows.into_iter().collect();
        let others = rows.values().flat_map(|sighting| &sighting.identifiers).copied();
        let others: BTreeSet<IdentifierId> = others.filter(|id| !self.person.identifiers.contains(id)).collect();
        let keys = keys(self.db, &others)?;
        let mut of = DELETE_EVIDENCE_IDENTIFIER.on(self.db)?;
        let (mut update, mut delete) = (UPDATE_EVIDENCE.on(self.db)?, DELETE_EVIDENCE.on(self.db)?);
        for (arrival, sighting) in &rows {
            match self.person.sighting(sighting) {
                Fate::Stays => {}
                Fate::Becomes(new) => {
                    for id in sighting.identifiers.iter().filter(|id| self.person.identifiers.contains(id)) {
                        of.execute([id.0, *arrival])?;
                    }
                    let set = set_name(&new.identifiers, &keys);
                    let identifiers = serde_json::to_string(&new.identifiers)?;
                    update.execute(params![arrival, identifiers, &*new.outcomes, &*new.message_id, &*set.0])?;
                }
                Fate::Goes => {
                    for id in &sighting.identifiers {
                        of.execute([id.0, *arrival])?;
                    }
                    delete.execute([arrival])?;
                }
            }
        }
        drop((of, update, delete));
        self.met.extend(others);
        self.count(Place::Evidence, rows.len());
        Ok(())
    }

    fn erase_decisions(&mut self) -> Result<()> {
        let mut rows = Vec::new();
        DECISIONS.on(self.db)?.all([&self.ids], &mut rows, decisions::decode)?;
        rows.sort_by_key(|decision| decision.arrival);
        rows.dedup_by_key(|decision| decision.arrival);
        let mut sides = SIDES.on(self.db)?;
        let (mut update, mut delete) = (UPDATE_DECISION.on(self.db)?, DELETE_DECISION.on(self.db)?);
        let mut forget = DELETE_SIDES.on(self.db)?;
        for decision in &rows {
            self.arrivals.push(decision.arrival);
            let mut members = Vec::new();
            sides.all([decision.arrival.0], &mut members, |row| Ok((row.get::<_, i64>(0)?, arrival(row, 1)?)))?;
            let mut by_side: BTreeMap<i64, Vec<IdentifierId>> = BTreeMap::new();
            for (side, id) in members {
                by_side.entry(side).or_default().push(id);
                if !self.person.identifiers.contains(&id) {
                    self.met.insert(id);
                }
            }
            match self.person.decision(decision, &by_side.into_values().collect::<Vec<_>>()) {
                Fate::Stays => {}
                Fate::Becomes(new) => {
                    update.execute(params![new.arrival.0, &*new.reason, serde_json::to_string(&new.sides)?])?;
                }
                Fate::Goes => {
                    forget.execute([decision.arrival.0])?;
                    delete.execute([decision.arrival.0])?;
                }
            }
        }
        drop((sides, update, delete, forget));
        DELETE_OWN_SIDES.on(self.db)?.execute([&self.ids])?;
        self.count(Place::Decisions, rows.len());
        Ok(())
    }

    /// The past memberships. Customers that had an identifier of the person, and identifiers that the person had, are
    /// others.
    fn erase_memberships(&mut self) -> Result<()> {
        let mut customers = Vec::new();
        PAST_CUSTOMERS.on(self.db)?.all([&self.ids], &mut customers, |row| Ok(row.get::<_, i64>(0)?))?;
        for born in &self.borns {
            let mut members = Vec::new();
            PAST_MEMBERS.on(self.db)?.all([born], &mut members, |row| arrival(row, 0))?;
            self.met.extend(members);
            PAST_MERGED.on(self.db)?.all([born], &mut customers, |row| Ok(row.get::<_, i64>(0)?))?;
            DELETE_PAST_MEMBERS.on(self.db)?.execute([born])?;
            DELETE_PAST_MERGES.on(self.db)?.execute([born])?;
            DELETE_PAST_MERGED.on(self.db)?.execute([born])?;
        }
        self.neighbours.extend(customers);
        DELETE_PAST_MEMBERSHIPS.on(self.db)?.execute([&self.ids])?;
        Ok(())
    }

    /// The consents, but for those that others hold, too: they get another owner.
    fn erase_consents(&mut self) -> Result<()> {
        let mut consents = Vec::new();
        CONSENTS.on(self.db)?.all([&self.ids], &mut consents, |row| arrival(row, 0))?;
        let consents: BTreeSet<Arrival> = consents.into_iter().collect();
        let held = DELETE_HOLDERS.on(self.db)?.execute([&self.ids])?;
        let mut left = Vec::new();
        if held > 0 {
            HOLDERS.on(self.db)?.all([ids_text(consents.iter().copied())?], &mut left, |row| {
                Ok((arrival(row, 0)?, arrival(row, 1)?))
            })?;
        }
        let mut holders: BTreeMap<Arrival, IdentifierId> = BTreeMap::new();
        for (consent, holder) in left {
            let first = holders.entry(consent).or_insert(holder);
            *first = holder.min(*first);
            self.met.insert(holder);
        }
        let (mut owner, mut update) = (CONSENT_OWNER.on(self.db)?, UPDATE_CONSENT_OWNER.on(self.db)?);
        let mut delete = DELETE_CONSENT.on(self.db)?;
        let mut rows = 0;
        for consent in &consents {
            match holders.get(consent) {
                None => rows += delete.execute([consent.0])?,
                Some(holder) => {
                    let owner = owner.first([consent.0], |row| arrival(row, 0))?;
                    if owner.is_some_and(|owner| self.person.identifiers.contains(&owner)) {
                        update.execute([consent.0, holder.0])?;
                    }
                }
            }
        }
        drop((owner, update, delete));
        self.count(Place::Consents, rows);
        Ok(())
    }

    /// The devices that are nobody else's. Those of others have the times of the others.
    fn erase_devices(&mut self) -> Result<()> {
        let mut devices = Vec::new();
        DEVICES.on(self.db)?.all([&self.ids], &mut devices, |row| Ok(row.get::<_, i64>(0)?))?;
        let devices: BTreeSet<i64> = devices.into_iter().collect();
        DELETE_STORED_ON.on(self.db)?.execute([&self.ids])?;
        let (mut times, mut holders) = (DEVICE_TIMES.on(self.db)?, DEVICE_HOLDERS.on(self.db)?);
        let (mut own, mut update) = (DELETE_OWN_DEVICE_TIMES.on(self.db)?, UPDATE_DEVICE.on(self.db)?);
        let mut delete = [&DELETE_DEVICE, &DELETE_PAST_DEVICES, &DELETE_DEVICE_TIMES]
            .map(|statement| statement.on(self.db))
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        let mut rows = 0;
        for device in devices {
            own.execute(params![&self.ids, device])?;
            let left = times.first([device], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, Option<i64>>(2)?))
            })?;
            match left {
                Some((1.., Some(first), Some(last))) => {
                    update.execute([device, first, last])?;
                    let mut others = Vec::new();
                    holders.all([device], &mut others, |row| arrival(row, 0))?;
                    self.met.extend(others);
                }
                _ => {
                    rows += 1;
                    delete.iter_mut().try_for_each(|statement| statement.execute([device]).map(|_| ()))?;
                }
            }
        }
        drop((times, holders, own, update, delete));
        self.count(Place::Devices, rows);
        Ok(())
    }

    /// The present customers of all others that have to do with the person.
    fn find_neighbours(&mut self) -> Result<()> {
        let met = ids_text(self.met.iter().copied())?;
        let mut customers = Vec::new();
        IDENTIFIERS_BY_ID.on(self.db)?.all([&met], &mut customers, |row| Ok(row.get::<_, Option<i64>>(4)?))?;
        // A shared device of a message of the person may have left its customer by it.
        let mut past = Vec::new();
        PAST_CUSTOMERS.on(self.db)?.all([&met], &mut past, |row| Ok(row.get::<_, i64>(0)?))?;
        let all = self.neighbours.iter().copied().chain(customers.into_iter().flatten()).chain(past);
        let mut present = Vec::new();
        SURVIVORS.on(self.db)?.all([borns_text(all)?], &mut present, |row| Ok(row.get::<_, i64>(0)?))?;
        self.neighbours = present.into_iter().filter(|born| !self.borns.contains(born)).collect();
        Ok(())
    }

    fn erase_identity_events(&mut self) -> Result<()> {
        let mut customers = self.borns.clone();
        for born in &self.neighbours {
            CUSTOMERS.on(self.db)?.all([born], &mut customers, |row| Ok(row.get::<_, i64>(0)?))?;
        }
        let mut rows = Vec::new();
        IDENTITY_EVENTS.on(self.db)?.all([borns_text(customers)?], &mut rows, identity_events::decode)?;
        let (mut update, mut delete) = (UPDATE_IDENTITY_EVENT.on(self.db)?, DELETE_IDENTITY_EVENT.on(self.db)?);
        let mut concerned = 0;
        for event in &rows {
            match self.person.identity_event(event) {
                Fate::Stays => continue,
                Fate::Becomes(new) => {
                    let identifiers = serde_json::to_string(&new.identifiers)?;
                    let (message, reason) = (new.message_id.as_deref(), new.reason.as_deref());
                    update.execute(params![new.arrival.0, identifiers, message, reason])?;
                }
                Fate::Goes => {
                    delete.execute([event.arrival.0])?;
                    if event.kind == IdentityEventKind::Refused {
                        self.refused.extend(event.rule.clone());
                    }
                }
            }
            concerned += 1;
            self.arrivals.push(event.arrival);
        }
        drop((update, delete));
        self.count(Place::IdentityHistory, concerned);
        Ok(())
    }

    /// The entries of the changes in which the person was.
    fn erase_changes(&mut self) -> Result<()> {
        let changes: BTreeSet<i64> = self.arrivals.iter().map(|arrival| arrival.seq()).collect();
        let (mut fetch, mut update) = (CHANGE.on(self.db)?, UPDATE_CHANGE.on(self.db)?);
        let mut rows = 0;
        for seq in changes {
            let entries: Option<Vec<ChangeEntry>> = fetch.first([seq], |row| json(row, 0))?;
            if let Some(new) = entries.and_then(|entries| self.person.entries(&entries)) {
                update.execute(params![seq, serde_json::to_string(&new)?])?;
                rows += 1;
            }
        }
        drop((fetch, update));
        self.count(Place::ChangeLog, rows);
        Ok(())
    }

    /// The orders and acts, and the products that nobody else named.
    fn erase_orders(&mut self) -> Result<()> {
        let mut named: FxHashSet<Arc<str>> = FxHashSet::default();
        let mut own_skus = Vec::new();
        SKUS.on(self.db)?.all([&self.ids], &mut own_skus, |row| text(row, 0))?;
        named.extend(own_skus);
        let mut orders = Vec::new();
        ORDERS
            .on(self.db)?
            .all([&self.ids], &mut orders, |row| Ok((row.get::<_, i64>(0)?, json::<Vec<OrderEvent>>(row, 3)?)))?;
        let (mut fetch, mut update) = (ORDER.on(self.db)?, UPDATE_ORDER.on(self.db)?);
        let mut delete = DELETE_ORDER.on(self.db)?;
        for (id, events) in &orders {
            named.extend(skus(events));
            delete.execute([id])?;
        }
        let mut rows = orders.len();
        let about: BTreeSet<_> = self.touchpoints.iter().filter_map(|own| own.order.as_ref()).collect();
        for (source, number) in about {
            let found = fetch.first([number, source], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?, json::<Vec<OrderEvent>>(row, 2)?))
            })?;
            let Some((id, owner, events)) = found else { continue };
            match self.person.order(&events, owner.is_some()) {
                Fate::Stays => {}
                Fate::Becomes(left) => {
                    named.extend(skus(&events));
                    update.execute(params![id, serde_json::to_string(&left)?])?;
                }
                Fate::Goes => {
                    named.extend(skus(&events));
                    delete.execute([id])?;
                    rows += 1;
                }
            }
        }
        drop((fetch, update, delete));
        self.orders = rows as i64;
        self.count(Place::Orders, rows);
        self.run(Place::ProductActs, &DELETE_ACTS)?;
        self.erase_products(named)
    }

    fn erase_products(&mut self, mut named: FxHashSet<Arc<str>>) -> Result<()> {
        let mut by_others = Vec::new();
        let skus_text = serde_json::to_string(&named.iter().collect::<Vec<_>>())?;
        if !named.is_empty() {
            NAMED_SKUS.on(self.db)?.all([skus_text], &mut by_others, |row| text(row, 0))?;
        }
        by_others.iter().for_each(|sku| {
            named.remove(sku);
        });
        let mut all = ALL_ORDERS.on(self.db)?;
        let mut rows = all.query([])?;
        while !named.is_empty() {
            let Some(row) = rows.next()? else { break };
            skus(&json::<Vec<OrderEvent>>(row, 0)?).iter().for_each(|sku| {
                named.remove(sku);
            });
        }
        drop(rows);
        drop(all);
        let (mut delete, mut past) = (DELETE_PRODUCT.on(self.db)?, DELETE_PAST_PRODUCTS.on(self.db)?);
        for sku in &named {
            delete.execute([&**sku])?;
            past.execute([&**sku])?;
        }
        drop((delete, past));
        self.count(Place::Names, named.len());
        Ok(())
    }

    fn erase_touchpoints(&mut self) -> Result<()> {
        let mut past = DELETE_PAST_OWNERS.on(self.db)?;
        for own in &self.touchpoints {
            past.execute([own.arrival.0])?;
        }
        drop(past);
        self.run(Place::Touchpoints, &DELETE_TOUCHPOINTS)?;
        for statement in [&DELETE_OWN_PAST_OWNERS, &DELETE_PENDING, &UPDATE_CARRIERS] {
            statement.on(self.db)?.execute([&self.ids])?;
        }
        let (mut delete, mut insert) = (DELETE_MESSAGE.on(self.db)?, INSERT_MESSAGE.on(self.db)?);
        for (id, hash) in &self.person.messages {
            delete.execute([&**id])?;
            insert.execute([&**hash])?;
        }
        drop((delete, insert));
        self.count(Place::Messages, self.person.messages.len());
        Ok(())
    }

    fn erase_claims(&mut self) -> Result<()> {
        self.run(Place::Traits, &DELETE_CLAIMS)?;
        self.run(Place::Traits, &DELETE_PAST_CLAIMS)
    }

    fn erase_people(&mut self) -> Result<()> {
        self.run(Place::Identifiers, &DELETE_IDENTIFIERS)?;
        DELETE_SEEN_ALONE.on(self.db)?.execute([&self.ids])?;
        let mut rows = 0;
        for born in &self.borns {
            rows += DELETE_SEGMENT_MEMBERSHIPS.on(self.db)?.execute([born])?;
            for statement in [&DELETE_JUDGEMENT, &DELETE_SPEND, &DELETE_CUSTOMER] {
                statement.on(self.db)?.execute([born])?;
            }
        }
        self.count(Place::Segments, rows);
        Ok(())
    }

    /// Writes what stays: the ids, the hashes, the figures, and the entry of the change log.
    fn leave(&mut self, request: &ErasureRequest, seq: i64, at: Timestamp) -> Result<()> {
        let mut customer = INSERT_CUSTOMER.on(self.db)?;
        for id in &self.person.customers {
            customer.execute(params![&*id.0, seq])?;
        }
        let mut identifier = INSERT_IDENTIFIER.on(self.db)?;
        // Others use a shared one, too.
        for own in &self.identifiers {
            identifier.execute(params![&*self.salt.identifier(&own.key), request.suppress && !own.shared])?;
        }
        drop((customer, identifier));
        INSERT_UNCLEAN.on(self.db)?.execute([seq])?;
        let shared = self.identifiers.iter().filter(|own| own.shared).count();
        health::add(self.db, &self.person.health(self.size, shared, &self.refused))?;
        UPDATE_VERSIONS.on(self.db)?.execute([borns_text(self.neighbours.iter().copied())?])?;
        segment_memberships::touch_all(self.db, self.neighbours.iter().copied(), seq, at)?;
        let entries = [self.person.erased_entry(&self.present, request)];
        INSERT_CHANGE.on(self.db)?.execute(params![seq, at.0, serde_json::to_string(&entries)?])?;
        let touchpoints = self.places.get(&Place::Touchpoints).copied().unwrap_or_default();
        RAISE_COUNTER.on(self.db)?.execute([seq, at.0, -1, -touchpoints])?;
        Ok(())
    }

    fn erased(&self) -> Erased {
        Erased {
            change: 0,
            customers: std::iter::once(self.present.clone())
                .chain(self.person.customers.iter().filter(|id| **id != self.present).cloned())
                .collect(),
            identifiers: self.identifiers.len() as i64,
            touchpoints: self.places.get(&Place::Touchpoints).copied().unwrap_or_default(),
            orders: self.orders,
            places: self.places.iter().map(|(place, rows)| (*place, *rows)).collect(),
        }
    }
}

fn links(db: &Connection, ids: &str) -> Result<Vec<OwnLink>> {
    let mut links = Vec::new();
    NEIGHBOURS.on(db)?.all([ids], &mut links, |row| {
        let neighbour = Neighbour { of: arrival(row, 0)?, id: arrival(row, 1)?, held: row.get(2)? };
        Ok(OwnLink {
            neighbour,
            from: row.get(3)?,
            to: row.get(4)?,
            refused: row.get(5)?,
            since: row.get(6)?,
            first: time(row, 7)?,
            last: time(row, 8)?,
        })
    })?;
    Ok(links)
}

fn keys(db: &Connection, ids: &BTreeSet<IdentifierId>) -> Result<FxHashMap<IdentifierId, IdentifierKey>> {
    let mut keys = Vec::new();
    IDENTIFIERS_BY_ID.on(db)?.all([ids_text(ids.iter().copied())?], &mut keys, |row| {
        Ok((arrival(row, 0)?, IdentifierKey { kind: text(row, 1)?, value: text(row, 2)? }))
    })?;
    Ok(keys.into_iter().collect())
}

/// The name of a set that is smaller now.
fn set_name(identifiers: &[IdentifierId], keys: &FxHashMap<IdentifierId, IdentifierKey>) -> SetName {
    let named = identifiers.iter().filter_map(|id| keys.get(id));
    SetName::of(&named.map(|key| FactIdentifier { key: key.clone(), listed: true }).collect::<Vec<_>>())
}
