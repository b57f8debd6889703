-- Used only for a kind that the rules do not name, so a scan is acceptable.
SELECT EXISTS (SELECT 1 FROM identifier WHERE kind = ?1)
