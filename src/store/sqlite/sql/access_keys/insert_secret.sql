-- The first server stores a secret; later ones leave it.
INSERT OR IGNORE INTO secret (name, value)
VALUES (?1, ?2)
