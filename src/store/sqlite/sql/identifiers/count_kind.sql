-- Asked about a kind that the rules do not name: only then is it worth a scan.
SELECT EXISTS (SELECT 1 FROM identifier WHERE kind = ?1)
