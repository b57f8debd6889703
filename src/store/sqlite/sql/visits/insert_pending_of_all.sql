-- All visits on shared devices are to be assigned again.
INSERT OR REPLACE INTO pending_visits (device, from_at, to_at)
SELECT id, ?1, ?2
FROM identifier
WHERE id > 0 AND shared_since IS NOT NULL
