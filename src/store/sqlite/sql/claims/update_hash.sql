-- The hash of a claim that was stored by an older version.
UPDATE claim
SET hash = ?2
WHERE arrival = ?1
