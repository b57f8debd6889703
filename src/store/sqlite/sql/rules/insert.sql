INSERT INTO rules (version, saved_at, saved_by, note, rules)
VALUES (?1, ?2, ?3, ?4, ?5)
