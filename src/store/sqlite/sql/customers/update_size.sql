-- Only where it changed: the index on it is written anew whenever the column is set.
UPDATE customer
SET identifier_count = ?2
WHERE born = ?1
