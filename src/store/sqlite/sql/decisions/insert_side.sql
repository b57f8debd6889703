INSERT OR IGNORE INTO side (identifier, decision, kind, number, since)
VALUES (?1, ?2, ?3, ?4, ?5)
