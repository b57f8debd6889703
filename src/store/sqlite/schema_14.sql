-- Version 14: added to a file of version 13. Run once, in one transaction.

-- Secrets that all servers of the store share, by name.
CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
