INSERT INTO unclean_erasure (change)
VALUES (?1)
