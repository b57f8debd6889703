-- An index without its texts must be told what the text was.
INSERT INTO word_gram (word_gram, rowid, text)
VALUES ('delete', ?1, ?2)
