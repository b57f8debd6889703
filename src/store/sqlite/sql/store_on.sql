INSERT OR IGNORE INTO stored_on (identifier, device, since)
VALUES (?1, ?2, ?3)
