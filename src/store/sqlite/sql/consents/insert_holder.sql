INSERT INTO gave (identifier, consent, since)
VALUES (?1, ?2, ?3)
