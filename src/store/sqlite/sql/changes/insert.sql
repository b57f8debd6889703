INSERT INTO change (seq, at, entries)
VALUES (?1, ?2, ?3)
