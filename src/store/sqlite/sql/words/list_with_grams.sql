-- Words by the three letters that stand in them, wherever.
SELECT w.id, w.text
FROM word_gram
CROSS JOIN word w ON w.id = word_gram.rowid
WHERE word_gram MATCH ?1
