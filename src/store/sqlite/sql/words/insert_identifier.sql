INSERT OR IGNORE INTO word_of (word, identifier)
VALUES (?1, ?2)
