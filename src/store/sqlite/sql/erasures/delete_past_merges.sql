DELETE FROM past_merge
WHERE customer = ?1
