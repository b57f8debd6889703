-- A later erasure does not lift a suppression.
INSERT INTO erased_identifier (hash, suppressed)
VALUES (?1, ?2)
ON CONFLICT (hash) DO UPDATE
SET suppressed = max(suppressed, excluded.suppressed)
