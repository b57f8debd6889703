-- Unsorted: a customer has few identifiers, and the index on (customer) has no order within a customer.
SELECT id, kind, value, first_seen_at, last_seen_at, rollup, shared_since
FROM identifier
WHERE customer = ?1
