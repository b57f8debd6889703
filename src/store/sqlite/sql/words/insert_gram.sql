INSERT INTO word_gram (rowid, text)
VALUES (?1, ?2)
