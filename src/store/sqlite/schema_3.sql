-- Version 3: added to a file of version 2. Run once, in one transaction.

-- Visits on devices that several people share. `carrier` is the device identifier of a touchpoint's event, when this is
-- not the owner; older touchpoints have none. `moved` is the change in which the owner last changed, if it ever
-- changed.
ALTER TABLE touchpoint ADD COLUMN carrier INTEGER;

ALTER TABLE touchpoint ADD COLUMN moved INTEGER;

CREATE INDEX touchpoint_by_carrier ON touchpoint (carrier, at, place) WHERE carrier IS NOT NULL;

-- The former owners of touchpoints, each with the change that ended it.
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

-- The ranges of time of a device whose visits are still to be assigned. Both ends are included.
CREATE TABLE pending_visits (
    device  INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    to_at   INTEGER NOT NULL,
    PRIMARY KEY (device, from_at)
) STRICT, WITHOUT ROWID;
