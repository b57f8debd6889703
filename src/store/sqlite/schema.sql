-- Version 1. Run once, in one transaction, on an empty file.
--
-- Inside the file, the key of a customer is `born`: an integer that we issue in order. It also breaks ties in lists.
-- The public id is stored in one place only. The key of an identifier is its arrival. There are no foreign keys: the
-- planner writes both ends, and checks would cost time in every import.
--
-- `place` repeats a table's key for its index: SQLite can seek to a pair (time, place), but not to a pair that contains
-- the key itself. Without such a seek, a page among equal times would begin at the first of these.

CREATE TABLE counter (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    customers   INTEGER NOT NULL,
    touchpoints INTEGER NOT NULL
) STRICT;

INSERT INTO counter (id, seq, at, customers, touchpoints) VALUES (1, 0, 0, 0, 0);

CREATE TABLE change (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    entries TEXT    NOT NULL
) STRICT;

-- `merged_into` and `merged_seq` are the merge itself; `survivor` is the present end of the chain of merges.
CREATE TABLE customer (
    born          INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    version       INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    order_count   INTEGER NOT NULL,
    channels      TEXT    NOT NULL,
    merged_into   INTEGER,
    merged_seq    INTEGER,
    survivor      INTEGER,
    place         INTEGER NOT NULL AS (born) VIRTUAL
) STRICT;

CREATE INDEX customer_by_last_seen ON customer (last_seen_at, place) WHERE survivor IS NULL;
CREATE INDEX customer_by_survivor ON customer (survivor) WHERE survivor IS NOT NULL;

CREATE TABLE customer_spend (
    customer INTEGER NOT NULL,
    currency TEXT    NOT NULL,
    net      INTEGER NOT NULL,
    gross    INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    orders   INTEGER NOT NULL,
    PRIMARY KEY (customer, currency)
) STRICT, WITHOUT ROWID;

CREATE INDEX customer_spend_by_net ON customer_spend (currency, net, customer);

CREATE TABLE identifier (
    id            INTEGER PRIMARY KEY,
    kind          TEXT    NOT NULL,
    value         TEXT    NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    customer      INTEGER,
    since         INTEGER,
    rollup        TEXT    NOT NULL,
    UNIQUE (value, kind)
) STRICT;

CREATE INDEX identifier_by_customer ON identifier (customer) WHERE customer IS NOT NULL;

CREATE TABLE past_membership (
    identifier INTEGER NOT NULL,
    customer   INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    PRIMARY KEY (identifier, until)
) STRICT, WITHOUT ROWID;

-- The words of an identifier's value and of its text traits. They are never deleted: a claim is only replaced by the
-- same claim from a later event.
CREATE TABLE identifier_word (
    identifier INTEGER NOT NULL,
    word       TEXT    NOT NULL,
    PRIMARY KEY (identifier, word)
) STRICT, WITHOUT ROWID;

CREATE INDEX identifier_word_by_word ON identifier_word (word, identifier);

CREATE TABLE message (
    id      TEXT    PRIMARY KEY,
    arrival INTEGER NOT NULL,
    owner   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE touchpoint (
    arrival      INTEGER PRIMARY KEY,
    message_id   TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    owner        INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    channel      TEXT    NOT NULL,
    direction    TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    session_id   TEXT,
    campaign     TEXT,
    device       TEXT,
    order_source TEXT,
    order_number TEXT,
    properties   TEXT,
    place        INTEGER NOT NULL AS (arrival) VIRTUAL
) STRICT;

CREATE INDEX touchpoint_by_owner ON touchpoint (owner, at, place);

CREATE TABLE device (
    id            INTEGER PRIMARY KEY,
    key           TEXT    NOT NULL UNIQUE,
    kind          TEXT    NOT NULL,
    os            TEXT,
    model         TEXT,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE stored_on (
    identifier INTEGER NOT NULL,
    device     INTEGER NOT NULL,
    PRIMARY KEY (identifier, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX stored_on_by_device ON stored_on (device, identifier);

-- `events` has all events of the order. The other columns are computed from these, for lists and for people who read
-- the file. `owner` is null while the order waits for its COMPLETED event.
CREATE TABLE orders (
    id             INTEGER PRIMARY KEY,
    source         TEXT    NOT NULL,
    number         TEXT    NOT NULL,
    owner          INTEGER,
    placed_at      INTEGER,
    placed_arrival INTEGER,
    status         TEXT    NOT NULL,
    currency       TEXT    NOT NULL,
    total          INTEGER NOT NULL,
    returned       INTEGER NOT NULL,
    channel        TEXT,
    events         TEXT    NOT NULL,
    UNIQUE (number, source)
) STRICT;

CREATE INDEX orders_by_owner ON orders (owner, placed_at, placed_arrival) WHERE owner IS NOT NULL;

CREATE TABLE product (
    sku      TEXT PRIMARY KEY,
    name     TEXT,
    category TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE product_act (
    id       INTEGER PRIMARY KEY,
    owner    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    arrival  INTEGER NOT NULL,
    act      TEXT    NOT NULL,
    sku      TEXT    NOT NULL,
    quantity INTEGER
) STRICT;

CREATE INDEX product_act_by_owner ON product_act (owner, at, arrival);

CREATE TABLE claim (
    arrival    INTEGER PRIMARY KEY,
    owner      INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    provenance TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    until      INTEGER
) STRICT;

CREATE INDEX claim_by_owner ON claim (owner) WHERE until IS NULL;

CREATE TABLE consent (
    arrival    INTEGER PRIMARY KEY,
    owner      INTEGER NOT NULL,
    purpose    TEXT    NOT NULL,
    channel    TEXT,
    status     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    expires_at INTEGER,
    source     TEXT    NOT NULL
) STRICT;

CREATE TABLE gave (
    identifier INTEGER NOT NULL,
    consent    INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER,
    PRIMARY KEY (identifier, consent)
) STRICT, WITHOUT ROWID;

CREATE INDEX gave_now ON gave (identifier, consent) WHERE until IS NULL;

-- `reason` is the reason of a refused link. A pair can have one accepted row and one refused row.
CREATE TABLE link (
    from_id    INTEGER NOT NULL,
    to_id      INTEGER NOT NULL,
    refused    INTEGER NOT NULL,
    reason     TEXT,
    rule       TEXT    NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    message_id TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    PRIMARY KEY (from_id, to_id, refused)
) STRICT, WITHOUT ROWID;

CREATE INDEX link_by_end ON link (to_id, from_id, refused);

CREATE TABLE evidence (
    arrival       INTEGER PRIMARY KEY,
    set_name      TEXT    NOT NULL,
    outcomes      TEXT    NOT NULL,
    identifiers   TEXT    NOT NULL,
    message_id    TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    rules_version INTEGER NOT NULL,
    UNIQUE (set_name, outcomes)
) STRICT;

CREATE TABLE identity_event (
    arrival     INTEGER PRIMARY KEY,
    customer    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    rule        TEXT,
    message_id  TEXT,
    by          TEXT,
    reason      TEXT,
    identifiers TEXT    NOT NULL,
    others      TEXT    NOT NULL
) STRICT;

CREATE INDEX identity_event_by_customer ON identity_event (customer, arrival);
