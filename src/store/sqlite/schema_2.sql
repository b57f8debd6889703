-- Version 2: what a file of version 1 gets added. Run once, in one transaction.

-- The change in which an identifier turned out to be shared.
ALTER TABLE identifier ADD COLUMN shared_since INTEGER;

CREATE INDEX identifier_shared ON identifier (id) WHERE shared_since IS NOT NULL;

-- Who had what, from the customer's side: what a customer held when it was merged away, and at any moment.
CREATE INDEX past_membership_by_customer ON past_membership (customer, until, identifier);

-- A set may come back to an outcome it had before, and has a row each time.
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

-- Which evidence names an identifier.
CREATE TABLE evidence_of (
    identifier INTEGER NOT NULL,
    evidence   INTEGER NOT NULL,
    PRIMARY KEY (identifier, evidence)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO evidence_of (identifier, evidence)
SELECT named.value, evidence.arrival FROM evidence, json_each(evidence.identifiers) AS named;

-- What people said; `sides` as they stood then.
CREATE TABLE decision (
    arrival INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    by      TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    sides   TEXT    NOT NULL
) STRICT;

-- Where identifiers stand in decisions, those that joined later included.
CREATE TABLE side (
    identifier INTEGER NOT NULL,
    decision   INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    PRIMARY KEY (identifier, decision)
) STRICT, WITHOUT ROWID;

CREATE INDEX side_by_decision ON side (decision, number, identifier);

-- How many identifiers a customer holds; none once it is merged away.
ALTER TABLE customer ADD COLUMN identifier_count INTEGER NOT NULL DEFAULT 0;

UPDATE customer SET identifier_count = (SELECT count(*) FROM identifier WHERE identifier.customer = customer.born);

CREATE INDEX customer_by_size ON customer (identifier_count) WHERE identifier_count > 0;

-- Figures about who is who, as JSON: what they are stands in src/domain/health.rs.
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

-- What a moment of the past needs. What is replaced goes to a `past_` table with the change that ended it:
-- as of a change stands the row that the next later change ended, else the present one.
CREATE INDEX change_by_at ON change (at, seq);

CREATE INDEX customer_by_merged_into ON customer (merged_into) WHERE merged_into IS NOT NULL;

-- Merges that were undone; those that hold are in `customer`.
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

-- When an identifier was seen is told by its touchpoints and its links; here are the events that left
-- neither, one row for a batch of them. In a file of version 1 that was not kept, and its figures stand.
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

-- The same of devices.
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

-- When an identifier took its place in a decision.
ALTER TABLE side ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- The rules of who is who, as people wrote them. `counter.rules` is the newest version, `counter.restitched`
-- the one that all that is stored agrees with.
CREATE TABLE rules (
    version  INTEGER PRIMARY KEY,
    saved_at INTEGER NOT NULL,
    saved_by TEXT    NOT NULL,
    note     TEXT,
    rules    TEXT    NOT NULL
) STRICT;

ALTER TABLE counter ADD COLUMN rules INTEGER NOT NULL DEFAULT 1;

ALTER TABLE counter ADD COLUMN restitched INTEGER NOT NULL DEFAULT 1;
