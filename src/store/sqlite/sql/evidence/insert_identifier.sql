INSERT OR IGNORE INTO evidence_of (identifier, evidence)
VALUES (?1, ?2)
