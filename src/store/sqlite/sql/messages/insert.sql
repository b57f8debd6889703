INSERT INTO message (id, arrival, owner)
VALUES (?1, ?2, ?3)
