-- Version 15: added to a file of version 14. Run once, in one transaction.

-- Which customers are in which saved segments, by the keys of both.
CREATE TABLE segment_membership (
    segment  INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (segment, customer)
) STRICT, WITHOUT ROWID;

CREATE INDEX segment_membership_by_customer ON segment_membership (customer, segment, since);

-- When a customer is to be judged. `change` is the last change that touched it, `touched_at` the commit of the first one
-- since it was judged, `touches` what they touched (a JSON list of words; null for everything), `due_at` the next moment at which a verdict may change without a change.
CREATE TABLE judgement (
    customer   INTEGER PRIMARY KEY,
    change     INTEGER NOT NULL,
    touched_at INTEGER,
    touches    TEXT,
    due_at     INTEGER
) STRICT;

CREATE INDEX judgement_touched ON judgement (touched_at) WHERE touched_at IS NOT NULL;
CREATE INDEX judgement_due ON judgement (due_at) WHERE due_at IS NOT NULL;

-- Segments that were saved or deleted, whose customers are not all judged since then. `after` is the last customer that is
-- judged.
CREATE TABLE sweep (
    segment INTEGER PRIMARY KEY,
    change  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    after   INTEGER
) STRICT;

-- All customers are judged by the segments of before.
INSERT INTO sweep (segment, change, at)
SELECT DISTINCT segment, 0, CAST(unixepoch('subsec') * 1000 AS INTEGER)
FROM segment_version;
