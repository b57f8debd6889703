-- Version 13: added to a file of version 12. Run once, in one transaction. The program fills the column after it.

-- The hash of the value of a present claim.
ALTER TABLE claim ADD COLUMN hash INTEGER;

-- The present claims of an identifier, and its claims with one name and one value. Values can be long, and begin and
-- end alike, so their hashes are in the index.
DROP INDEX claim_present;

CREATE INDEX claim_present ON claim (owner, name, hash) WHERE until IS NULL;
