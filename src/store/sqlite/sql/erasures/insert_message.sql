INSERT OR IGNORE INTO erased_message (hash)
VALUES (?1)
