-- Two ranges with the same begin become one.
INSERT INTO pending_visits (device, from_at, to_at)
VALUES (?1, ?2, ?3)
ON CONFLICT (device, from_at)
DO UPDATE SET to_at = max(to_at, excluded.to_at)
