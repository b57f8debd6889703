INSERT INTO claim (arrival, owner, name, value, provenance, source, at, first_at, count)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
