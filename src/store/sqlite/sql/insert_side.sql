INSERT OR IGNORE INTO side (identifier, decision, kind, number)
VALUES (?1, ?2, ?3, ?4)
