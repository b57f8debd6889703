DELETE FROM judgement
WHERE customer = ?1
