-- Unsorted: a customer has few, and the index on (customer) serves membership only.
SELECT id, kind, value, first_seen_at, last_seen_at, rollup, shared_since
FROM identifier
WHERE customer = ?1
