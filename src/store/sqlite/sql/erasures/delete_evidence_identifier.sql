DELETE FROM evidence_of
WHERE identifier = ?1 AND evidence = ?2
