INSERT OR IGNORE INTO stored_on (identifier, device)
VALUES (?1, ?2)
