-- Version 9: added to a file of version 8. Run once, in one transaction. After it the program makes the words of the
-- stored data.

-- The folded words for the search of customers, each once. An identifier has the words of its value and of its traits.
-- They are never deleted: a claim is only replaced by the same claim from a later event.
CREATE TABLE word (
    id   INTEGER PRIMARY KEY,
    text TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE word_of (
    word       INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    PRIMARY KEY (word, identifier)
) STRICT, WITHOUT ROWID;

-- An index of every three letters of each word of three letters or more, with `^` before the first and `$` after the
-- last. It stores only which word has which three letters.
CREATE VIRTUAL TABLE word_gram USING fts5 (
    text,
    content = '',
    columnsize = 0,
    detail = none,
    tokenize = 'trigram case_sensitive 1'
);

DROP TABLE identifier_word;
