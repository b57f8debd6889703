SELECT id, born, merged_seq
FROM customer
WHERE survivor = ?1
