-- Version 9: what a file of version 8 gets added. Run once, in one transaction; the words of what is stored are
-- made by the program after it.

-- The words that customers are found by, folded, each once. Identifiers have those of their value and those of the
-- traits that hang on them. They are never taken away: a claim is only ever replaced by the same claim said again.
CREATE TABLE word (
    id   INTEGER PRIMARY KEY,
    text TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE word_of (
    word       INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    PRIMARY KEY (word, identifier)
) STRICT, WITHOUT ROWID;

-- Every three letters of each word of three or more, with `^` before the first and `$` behind the last. It keeps
-- which word has which, and nothing else.
CREATE VIRTUAL TABLE word_gram USING fts5 (
    text,
    content = '',
    columnsize = 0,
    detail = none,
    tokenize = 'trigram case_sensitive 1'
);

DROP TABLE identifier_word;
