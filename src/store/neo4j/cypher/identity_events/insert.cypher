// New lines of identity histories.
UNWIND $rows AS row
CREATE (e:IdentityEvent)
SET e = row
