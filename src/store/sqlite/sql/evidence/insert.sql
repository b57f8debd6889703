INSERT INTO evidence (arrival, set_name, outcomes, identifiers, message_id, source, at, rules_version)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
