-- What is deleted is taken out of the index, not only marked.
INSERT INTO word_gram (word_gram, rank)
VALUES ('secure-delete', 1)
