// New decisions.
UNWIND $rows AS row
CREATE (k:Consent)
SET k = row
