INSERT INTO claim (arrival, owner, name, value, provenance, source, at, first_at, count, message_id, first_message_id, hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
