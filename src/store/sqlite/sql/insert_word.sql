INSERT OR IGNORE INTO identifier_word (identifier, word)
VALUES (?1, ?2)
