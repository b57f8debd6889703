-- Words by the groups of three letters in them, at any place.
SELECT w.id, w.text
FROM word_gram
CROSS JOIN word w ON w.id = word_gram.rowid
WHERE word_gram MATCH ?1
