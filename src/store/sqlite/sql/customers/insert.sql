INSERT INTO customer (born, id, version, first_seen_at, last_seen_at, order_count, channels)
VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6)
