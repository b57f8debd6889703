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
