-- Version 3: what a file of version 2 gets added. Run once, in one transaction.

-- Visits on devices that several people share. `carrier` is the identifier of the device that a touchpoint's
-- event came from, when that is not its owner; touchpoints that were there before have none. `moved` is the
-- change in which the owner last changed, in those that were given to somebody or given back.
ALTER TABLE touchpoint ADD COLUMN carrier INTEGER;

ALTER TABLE touchpoint ADD COLUMN moved INTEGER;

CREATE INDEX touchpoint_by_carrier ON touchpoint (carrier, at, place) WHERE carrier IS NOT NULL;

-- Who owned a touchpoint before, with the change that ended it.
CREATE TABLE past_owner (
    touchpoint INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    owner      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (until, touchpoint)
) STRICT, WITHOUT ROWID;

CREATE INDEX past_owner_by_touchpoint ON past_owner (touchpoint, until);

CREATE INDEX past_owner_by_owner ON past_owner (owner, at, touchpoint);

-- What is still to be assigned of the visits on a device: a range of time, both ends in it.
CREATE TABLE pending_visits (
    device  INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    to_at   INTEGER NOT NULL,
    PRIMARY KEY (device, from_at)
) STRICT, WITHOUT ROWID;
