INSERT INTO seen_alone (identifier, since, first_at, last_at)
VALUES (?1, ?2, ?3, ?4)
