DELETE FROM word_of
WHERE word = ?2 AND identifier IN (SELECT value FROM json_each(?1))
