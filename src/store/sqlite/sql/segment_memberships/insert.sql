INSERT OR REPLACE INTO segment_membership (segment, customer, since)
VALUES (?1, ?2, ?3)
