-- Used when a person saves a condition, and it ends at the first claim of the trait, so a scan is acceptable.
SELECT EXISTS (SELECT 1 FROM claim WHERE name = ?1)
