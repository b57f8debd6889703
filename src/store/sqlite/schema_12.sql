-- Version 12: added to a file of version 11. Run once, in one transaction.

-- Versions of saved segments. `since` is the change that saved the version; `deleted` is the change that deleted the
-- segment, in its last version. `uses` has the names and ids of the segments that the definition names, as JSON.
CREATE TABLE segment_version (
    segment     INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    deleted     INTEGER,
    name        TEXT    NOT NULL,
    description TEXT,
    time_zone   TEXT    NOT NULL,
    definition  TEXT    NOT NULL,
    uses        TEXT    NOT NULL,
    saved_at    INTEGER NOT NULL,
    saved_by    TEXT    NOT NULL,
    PRIMARY KEY (segment, version)
) STRICT;
