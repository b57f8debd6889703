-- The name of a product at a moment, if it has changed since.
SELECT sku, name, category
FROM past_product
WHERE sku = ?1 AND until > ?2
ORDER BY until
LIMIT 1
