-- Version 17: added to a file of version 16. Run once, in one transaction.

-- The ids of erased customers, and the change that erased each.
CREATE TABLE erased_customer (
    id     TEXT    PRIMARY KEY,
    change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Salted hashes of the message ids of erased persons: an event that is sent again is found.
CREATE TABLE erased_message (
    hash TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Salted hashes of the identifiers of erased persons. While `suppressed` is 1, events with the identifier are rejected.
CREATE TABLE erased_identifier (
    hash       TEXT    PRIMARY KEY,
    suppressed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX erased_identifier_suppressed ON erased_identifier (hash) WHERE suppressed = 1;

-- Erasures after which the file was not cleaned yet.
CREATE TABLE unclean_erasure (
    change INTEGER PRIMARY KEY
) STRICT;

-- From this version on the program overwrites what it deletes (secure_delete). An older file must be written anew once, at
-- its first erasure.
ALTER TABLE counter ADD COLUMN overwritten INTEGER NOT NULL DEFAULT 0;
