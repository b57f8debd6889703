INSERT INTO identifier (id, kind, value, first_seen_at, last_seen_at, customer, since, rollup, shared_since)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
