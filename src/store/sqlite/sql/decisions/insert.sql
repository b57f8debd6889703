INSERT INTO decision (arrival, at, kind, by, reason, sides)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
