-- Only if the size changed: SQLite writes the index on it whenever the column is set.
UPDATE customer
SET identifier_count = ?2
WHERE born = ?1
