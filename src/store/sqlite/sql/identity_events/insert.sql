INSERT INTO identity_event (arrival, customer, at, kind, rule, message_id, by, reason, identifiers, others)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
