-- Version 2: added to a file of version 1. Run once, in one transaction.

-- The change in which an identifier became shared.
ALTER TABLE identifier ADD COLUMN shared_since INTEGER;

CREATE INDEX identifier_shared ON identifier (id) WHERE shared_since IS NOT NULL;

-- Memberships by customer: the identifiers of a customer when it was merged away, and at any moment.
CREATE INDEX past_membership_by_customer ON past_membership (customer, until, identifier);

-- A set may get an earlier outcome again. Each time has its own row.
CREATE TABLE evidence_of_any_outcome (
    arrival       INTEGER PRIMARY KEY,
    set_name      TEXT    NOT NULL,
    outcomes      TEXT    NOT NULL,
    identifiers   TEXT    NOT NULL,
    message_id    TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    rules_version INTEGER NOT NULL
) STRICT;

INSERT INTO evidence_of_any_outcome
SELECT arrival, set_name, outcomes, identifiers, message_id, source, at, rules_version FROM evidence;

DROP TABLE evidence;

ALTER TABLE evidence_of_any_outcome RENAME TO evidence;

CREATE INDEX evidence_by_set ON evidence (set_name);

-- The evidence of an identifier.
CREATE TABLE evidence_of (
    identifier INTEGER NOT NULL,
    evidence   INTEGER NOT NULL,
    PRIMARY KEY (identifier, evidence)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO evidence_of (identifier, evidence)
SELECT named.value, evidence.arrival FROM evidence, json_each(evidence.identifiers) AS named;

-- People's decisions; `sides` are the sides at the time of the decision.
CREATE TABLE decision (
    arrival INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    by      TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    sides   TEXT    NOT NULL
) STRICT;

-- The sides of identifiers in decisions, including identifiers that joined later.
CREATE TABLE side (
    identifier INTEGER NOT NULL,
    decision   INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    PRIMARY KEY (identifier, decision)
) STRICT, WITHOUT ROWID;

CREATE INDEX side_by_decision ON side (decision, number, identifier);

-- The number of identifiers of a customer; 0 after it is merged away.
ALTER TABLE customer ADD COLUMN identifier_count INTEGER NOT NULL DEFAULT 0;

UPDATE customer SET identifier_count = (SELECT count(*) FROM identifier WHERE identifier.customer = customer.born);

CREATE INDEX customer_by_size ON customer (identifier_count) WHERE identifier_count > 0;

-- Figures about identities, as JSON. src/domain/health.rs describes them.
ALTER TABLE counter ADD COLUMN health TEXT NOT NULL DEFAULT '{}';

UPDATE counter SET health = json_object(
    'identifiers', (SELECT count(*) FROM identifier),
    'merges', (SELECT count(*) FROM customer WHERE survivor IS NOT NULL),
    'sizes', json((
        SELECT json_group_object(identifier_count, customers)
        FROM (
            SELECT identifier_count, count(*) AS customers
            FROM customer
            WHERE identifier_count > 0
            GROUP BY identifier_count
        )
    )),
    'refused', json((
        SELECT json_group_object(rule, refusals)
        FROM (SELECT rule, count(*) AS refusals FROM identity_event WHERE kind = 'REFUSED' GROUP BY rule)
    ))
);

-- Tables for views of the past. A replaced row goes to a `past_` table with the change that ended it. The row as of a
-- change is the past row with the next later end, else the present row.
CREATE INDEX change_by_at ON change (at, seq);

CREATE INDEX customer_by_merged_into ON customer (merged_into) WHERE merged_into IS NOT NULL;

-- Merges that were undone. Merges in force are in `customer`.
CREATE TABLE past_merge (
    customer INTEGER NOT NULL,
    into_id  INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    PRIMARY KEY (customer, until)
) STRICT, WITHOUT ROWID;

CREATE INDEX past_merge_by_survivor ON past_merge (into_id, until, customer);

CREATE INDEX claim_past ON claim (owner) WHERE until IS NOT NULL;

ALTER TABLE link ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

UPDATE link SET since = max(from_id, to_id) >> 20;

CREATE TABLE past_link (
    from_id  INTEGER NOT NULL,
    to_id    INTEGER NOT NULL,
    refused  INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (from_id, to_id, refused, until)
) STRICT, WITHOUT ROWID;

-- The times when an identifier was seen come from its touchpoints and its links. This table has the events without
-- either, one row per batch. A file of version 1 did not keep these events, so its stored figures count.
CREATE TABLE seen_alone (
    identifier INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (identifier, since)
) STRICT, WITHOUT ROWID;

INSERT INTO seen_alone SELECT identifier.id, seq, first_seen_at, last_seen_at FROM identifier, counter;

ALTER TABLE stored_on ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

ALTER TABLE device ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

CREATE TABLE past_device (
    device INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    os     TEXT,
    model  TEXT,
    PRIMARY KEY (device, until)
) STRICT, WITHOUT ROWID;

-- The same for devices.
CREATE TABLE device_seen_alone (
    device   INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (device, since)
) STRICT, WITHOUT ROWID;

INSERT INTO device_seen_alone SELECT device.id, seq, first_seen_at, last_seen_at FROM device, counter;

ALTER TABLE product ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

CREATE TABLE past_product (
    sku      TEXT    NOT NULL,
    until    INTEGER NOT NULL,
    name     TEXT,
    category TEXT,
    PRIMARY KEY (sku, until)
) STRICT, WITHOUT ROWID;

-- When an identifier got its side in a decision.
ALTER TABLE side ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- The identity rules, as people wrote them. `counter.rules` is the newest version; `counter.restitched` is the version
-- that all stored data agrees with.
CREATE TABLE rules (
    version  INTEGER PRIMARY KEY,
    saved_at INTEGER NOT NULL,
    saved_by TEXT    NOT NULL,
    note     TEXT,
    rules    TEXT    NOT NULL
) STRICT;

ALTER TABLE counter ADD COLUMN rules INTEGER NOT NULL DEFAULT 1;

ALTER TABLE counter ADD COLUMN restitched INTEGER NOT NULL DEFAULT 1;
