-- The products that are still named by acts. Acts have no index by product: erasures are rare.
SELECT sku
FROM product_act
WHERE sku IN (SELECT value FROM json_each(?1))
