-- Version 8: added to a file of version 7. Run once, in one transaction.

-- After a split, an identifier may get a consent again that it had before. Each time has its own row.
CREATE TABLE gave_each_time (
    identifier INTEGER NOT NULL,
    consent    INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER,
    PRIMARY KEY (identifier, consent, since)
) STRICT, WITHOUT ROWID;

INSERT INTO gave_each_time (identifier, consent, since, until)
SELECT identifier, consent, since, until FROM gave;

DROP TABLE gave;

ALTER TABLE gave_each_time RENAME TO gave;

CREATE INDEX gave_now ON gave (identifier, consent) WHERE until IS NULL;

-- When an identifier was seen on a device. Null in older rows: these use the time in which both were seen.
ALTER TABLE stored_on ADD COLUMN first_seen_at INTEGER;

ALTER TABLE stored_on ADD COLUMN last_seen_at INTEGER;

-- Events of a device without a touchpoint, by identifier. Older rows have 0 for the identifier.
CREATE TABLE device_seen_alone_by (
    device     INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (device, identifier, since)
) STRICT, WITHOUT ROWID;

INSERT INTO device_seen_alone_by (device, identifier, since, first_at, last_at)
SELECT device, 0, since, first_at, last_at FROM device_seen_alone;

DROP TABLE device_seen_alone;

ALTER TABLE device_seen_alone_by RENAME TO device_seen_alone;
