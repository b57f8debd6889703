-- Version 10: added to a file of version 9. Run once, in one transaction.

-- The present claims of an identifier, and its claims with one name and one value. Values can be long and begin alike,
-- so their last characters are in the index.
CREATE INDEX claim_present ON claim (owner, name, substr(value, -40)) WHERE until IS NULL;

DROP INDEX claim_by_owner;
