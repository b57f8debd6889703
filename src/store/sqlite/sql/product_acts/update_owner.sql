UPDATE product_act
SET owner = ?2
WHERE owner = ?1 AND at = ?3 AND arrival = ?4
