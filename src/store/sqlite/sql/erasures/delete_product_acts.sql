DELETE FROM product_act
WHERE owner IN (SELECT value FROM json_each(?1))
