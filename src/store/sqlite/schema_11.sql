-- Version 11: added to a file of version 10. Run once, in one transaction.

-- The keys of callers: the SHA-256 of each, never the key. `purposes` is a JSON list.
CREATE TABLE access_key (
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    hash       BLOB    NOT NULL UNIQUE,
    role       TEXT    NOT NULL,
    source     TEXT,
    purposes   TEXT    NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    used_at    INTEGER,
    PRIMARY KEY (name, created_at, hash)
) STRICT, WITHOUT ROWID;
